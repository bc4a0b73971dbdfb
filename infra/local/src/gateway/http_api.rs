//! The HTTP API: a request becomes an event, the function's answer a response.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Json,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde_json::json;
use shared::sdk::clock::Clock;

use crate::{lambda::Invoke, template::Cors};

use super::{
    event::http_event,
    id::new_id,
    integration::{IntegrationError, invoke},
    proxy_response::ProxyResponse,
    routes::{HttpRoute, RouteTable},
};

/// The largest body: 10 MiB.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The largest request line and header values together: 10,240 bytes.
const MAX_HEAD: usize = 10_240;

/// The routes and what is behind them.
pub(super) struct HttpApi {
    routes: RouteTable,
    cors: Option<Cors>,
    timeout: Duration,
    functions: Arc<dyn Invoke>,
    clock: Clock,
}

/// An answer that is the gateway's own.
struct Refusal(StatusCode, &'static str);

impl HttpApi {
    pub(super) fn new(
        routes: &[HttpRoute],
        cors: Option<Cors>,
        timeout: Duration,
        functions: Arc<dyn Invoke>,
        clock: Clock,
    ) -> Self {
        Self {
            routes: RouteTable::new(routes),
            cors,
            timeout,
            functions,
            clock,
        }
    }

    async fn answer(&self, request: &Parts, body: Body, id: &str) -> Result<Response, Refusal> {
        if head_size(request) > MAX_HEAD {
            return Err(Refusal(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "Request Header Fields Too Large",
            ));
        }
        let body = read(body).await?;
        let route = self
            .routes
            .find(request.method.as_str(), request.uri.path())
            .ok_or(Refusal(StatusCode::NOT_FOUND, "Not Found"))?;
        let function = route.function;
        let now = self.clock.now();
        let event = http_event(request, &body, route, source(request), id, now);
        let answer = invoke(&self.functions, function, event, self.timeout)
            .await
            .map_err(|error| {
                tracing::warn!(function, %error, "no answer from the function");
                Refusal::from(error)
            })?;
        let response = ProxyResponse::inferred(&answer).map_err(|error| {
            tracing::warn!(function, %error, "no answer that the gateway takes");
            Refusal::internal()
        })?;
        Ok(response.into_response())
    }
}

/// Answers one request.
pub(super) async fn handle(State(api): State<Arc<HttpApi>>, request: Request) -> Response {
    let id = new_id();
    let (request, body) = request.into_parts();
    let preflight = api.cors.as_ref().and_then(|cors| cors.preflight(&request));
    let mut response = if let Some(response) = preflight {
        response
    } else {
        let answer = api.answer(&request, body, &id).await;
        let mut response = answer.unwrap_or_else(IntoResponse::into_response);
        if let Some(cors) = &api.cors {
            cors.dress(&request.headers, response.headers_mut());
        }
        response
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        let name = HeaderName::from_static("apigw-requestid");
        response.headers_mut().insert(name, id);
    }
    response
}

/// The caller's address, when the server knows it.
pub(super) fn source(request: &Parts) -> IpAddr {
    let peer = request.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0.ip())
}

/// Bytes of the request line and of all header values.
pub(super) fn head_size(request: &Parts) -> usize {
    let target = request.uri.path_and_query();
    let line = request.method.as_str().len() + target.map_or(1, |target| target.as_str().len());
    let values = request.headers.values().map(HeaderValue::len);
    line + " HTTP/1.1 ".len() + values.sum::<usize>()
}

/// The whole body. What is too much is read too, up to a point, and thrown away: a client that is
/// still sending would otherwise see its connection break instead of the answer.
async fn read(body: Body) -> Result<Bytes, Refusal> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut size = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal(StatusCode::BAD_REQUEST, "Bad Request"))?;
        size += chunk.len();
        if size <= MAX_BODY {
            whole.extend_from_slice(&chunk);
        } else if size > 4 * MAX_BODY {
            break;
        }
    }
    if size > MAX_BODY {
        return Err(Refusal::too_large());
    }
    Ok(whole.freeze())
}

impl Refusal {
    const fn internal() -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    const fn too_large() -> Self {
        Self(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large")
    }
}

impl From<IntegrationError> for Refusal {
    fn from(error: IntegrationError) -> Self {
        match error {
            IntegrationError::EventTooLarge => Self::too_large(),
            IntegrationError::TimedOut => {
                Self(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            IntegrationError::AnswerTooLarge | IntegrationError::Failed(_) => Self::internal(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}
