//! CORS as the HTTP API does it when the template has it configured.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};

use crate::template::Cors;

impl Cors {
    /// The answer to a preflight: the gateway's own, whatever the routes. None for other requests.
    pub(super) fn preflight(&self, request: &Parts) -> Option<Response> {
        let is_preflight = request.method == Method::OPTIONS
            && request.headers.contains_key(header::ORIGIN)
            && request
                .headers
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !is_preflight {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.allow_origin(&request.headers, headers) {
            let max_age = self.max_age.map(|age| age.to_string());
            set_list(
                headers,
                header::ACCESS_CONTROL_ALLOW_METHODS,
                &self.allow_methods,
            );
            set_list(
                headers,
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                &self.allow_headers,
            );
            set(
                headers,
                header::ACCESS_CONTROL_MAX_AGE,
                max_age.as_deref().unwrap_or_default(),
            );
        }
        Some(response)
    }

    /// Puts this configuration's headers in place of any that the function set.
    pub(super) fn dress(&self, request: &HeaderMap, response: &mut HeaderMap) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            response.remove(name);
        }
        if self.allow_origin(request, response) {
            set_list(
                response,
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                &self.expose_headers,
            );
        }
    }

    /// Names the request's origin in `response` if it is allowed, and says whether it is.
    fn allow_origin(&self, request: &HeaderMap, response: &mut HeaderMap) -> bool {
        let Some(origin) = request.get(header::ORIGIN) else {
            return false;
        };
        let origin = origin.to_str().unwrap_or_default();
        let allowed = self.allow_origins.iter().find(|allowed| {
            let scheme = allowed.strip_suffix('*');
            allowed.as_str() == origin || scheme.is_some_and(|scheme| origin.starts_with(scheme))
        });
        let Some(allowed) = allowed else {
            return false;
        };
        let named = if allowed == "*" { "*" } else { origin };
        set(response, header::ACCESS_CONTROL_ALLOW_ORIGIN, named);
        if self.allow_credentials {
            set(response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        true
    }
}

fn set_list(headers: &mut HeaderMap, name: header::HeaderName, values: &[String]) {
    set(headers, name, &values.join(","));
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value)
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}
