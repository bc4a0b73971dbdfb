//! What a function may answer, and the HTTP response that it becomes.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

/// An answer that is not of a form the gateway takes.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("malformed answer: {0}")]
pub(super) struct Malformed(&'static str);

/// The parts of a proxy integration's answer.
#[derive(Debug)]
pub(super) struct ProxyResponse {
    pub(super) status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
}

/// These speak of the connection or of the body as the gateway sends it: a function's are dropped.
const OWN_HEADERS: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

impl ProxyResponse {
    /// Format 2.0: with a `statusCode` it is a response; without one, the whole of it is the JSON body
    /// of a 200.
    pub(super) fn inferred(answer: &Value) -> Result<Self, Malformed> {
        if answer.get("statusCode").is_some() {
            return Self::explicit(answer);
        }
        let body = match answer {
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        };
        Ok(Self {
            status: StatusCode::OK,
            headers: vec![(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )],
            body,
        })
    }

    /// An answer that must say its `statusCode`, as the WebSocket API wants it.
    pub(super) fn explicit(answer: &Value) -> Result<Self, Malformed> {
        let status = status(&answer["statusCode"])?;
        let mut headers = headers(&answer["headers"])?;
        headers.extend(cookies(&answer["cookies"])?);
        Ok(Self {
            status,
            headers,
            body: body(answer)?,
        })
    }

    /// A header's value.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        let mut headers = self.headers.iter();
        headers.find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The response for the client.
    pub(super) fn into_response(self) -> Response {
        let bodiless = matches!(
            self.status,
            StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED
        );
        let body = if bodiless { Vec::new() } else { self.body };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        if !bodiless && !headers.contains_key(header::CONTENT_TYPE) {
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            headers.insert(header::CONTENT_TYPE, plain);
        }
        response
    }
}

/// A final status: 1xx are no answers.
fn status(code: &Value) -> Result<StatusCode, Malformed> {
    let code = match code {
        Value::Number(code) => code.as_u64(),
        Value::String(code) => code.parse().ok(),
        _ => None,
    };
    code.filter(|code| (200..600).contains(code))
        .and_then(|code| u16::try_from(code).ok())
        .and_then(|code| StatusCode::from_u16(code).ok())
        .ok_or(Malformed("statusCode is no status"))
}

fn headers(headers: &Value) -> Result<Vec<(HeaderName, HeaderValue)>, Malformed> {
    let headers = match headers {
        Value::Null => return Ok(Vec::new()),
        Value::Object(headers) => headers,
        _ => return Err(Malformed("headers is no object")),
    };
    let mut parsed = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return Err(Malformed("a header's value is no text")),
        };
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| Malformed("a header's name is not allowed"))?;
        let value = HeaderValue::try_from(value)
            .map_err(|_| Malformed("a header's value is not allowed"))?;
        if !OWN_HEADERS.contains(&name) {
            parsed.push((name, value));
        }
    }
    Ok(parsed)
}

fn cookies(cookies: &Value) -> Result<Vec<(HeaderName, HeaderValue)>, Malformed> {
    let cookies = match cookies {
        Value::Null => return Ok(Vec::new()),
        Value::Array(cookies) => cookies,
        _ => return Err(Malformed("cookies is no list")),
    };
    let parse = |cookie: &Value| {
        let cookie = cookie.as_str()?;
        let cookie = HeaderValue::from_str(cookie).ok()?;
        Some((header::SET_COOKIE, cookie))
    };
    cookies
        .iter()
        .map(|cookie| parse(cookie).ok_or(Malformed("a cookie is not allowed")))
        .collect()
}

fn body(answer: &Value) -> Result<Vec<u8>, Malformed> {
    let encoded = match &answer["isBase64Encoded"] {
        Value::Null => false,
        Value::Bool(encoded) => *encoded,
        _ => return Err(Malformed("isBase64Encoded is neither true nor false")),
    };
    match &answer["body"] {
        Value::Null => Ok(Vec::new()),
        Value::String(body) if encoded => STANDARD
            .decode(body)
            .map_err(|_| Malformed("the body is no base64")),
        Value::String(body) => Ok(body.clone().into_bytes()),
        _ => Err(Malformed("the body is no text")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn without_a_status_the_answer_is_the_body() {
        let response = ProxyResponse::inferred(&json!({"a": 1})).expect("well-formed");
        assert_eq!(
            (response.status, response.body),
            (StatusCode::OK, b"{\"a\":1}".to_vec())
        );
    }

    #[test]
    fn malformed_answers_are_told_apart() {
        for answer in [
            json!({"statusCode": "x"}),
            json!({"statusCode": 101}),
            json!({"statusCode": 600}),
            json!({"statusCode": 200, "headers": []}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "b\nc"}}),
            json!({"statusCode": 200, "cookies": "a"}),
            json!({"statusCode": 200, "body": {}}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
        ] {
            assert!(ProxyResponse::inferred(&answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn the_socket_api_wants_a_status() {
        assert!(ProxyResponse::explicit(&json!({"body": "x"})).is_err());
        assert!(ProxyResponse::explicit(&Value::Null).is_err());
        assert!(ProxyResponse::explicit(&json!({"statusCode": 200})).is_ok());
    }
}
