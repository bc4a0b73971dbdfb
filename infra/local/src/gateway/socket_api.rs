//! The WebSocket API: `$connect` before the upgrade, the choice of a route for each message,
//! `$disconnect` after the end.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use serde_json::{Value, json};
use shared::sdk::clock::Clock;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_util::task::TaskTracker;

use crate::{lambda::Invoke, template::RouteSelection};

use super::{
    SocketLimits,
    connections::{Connection, Connections, Identity},
    ending::Ending,
    event::text,
    http_api::source,
    id::new_id,
    integration::{IntegrationError, invoke},
    proxy_response::ProxyResponse,
    routes::{Routes, SocketRoute},
    session,
    socket_event::Origin,
    wire::Wire,
};

/// The routes, what is behind them, and the work that goes on.
pub(super) struct SocketApi {
    routes: HashMap<String, SocketRoute>,
    selection: Option<RouteSelection>,
    functions: Arc<dyn Invoke>,
    connections: Connections,
    pub(super) limits: SocketLimits,
    pub(super) clock: Clock,
    pub(super) tasks: TaskTracker,
}

/// An upgrade request that was found to be one.
struct Upgrade {
    request: Parts,
    accept: String,
    stream: OnUpgrade,
}

impl SocketApi {
    pub(super) fn new(
        routes: &Routes,
        limits: SocketLimits,
        functions: Arc<dyn Invoke>,
        connections: Connections,
        clock: Clock,
    ) -> Self {
        let by_key = routes.socket.iter().cloned();
        Self {
            routes: by_key.map(|route| (route.route.clone(), route)).collect(),
            selection: routes.selection.clone(),
            functions,
            connections,
            limits,
            clock,
            tasks: TaskTracker::new(),
        }
    }

    /// Returns once no connection and no call of its routes is left.
    pub(super) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// A connection's whole life. `reply` takes the answer to its upgrade request.
    async fn live(self: Arc<Self>, upgrade: Upgrade, reply: oneshot::Sender<Response>) {
        let source = source(&upgrade.request);
        let identity = Identity {
            source_ip: source.to_string(),
            user_agent: text(&upgrade.request.headers, header::USER_AGENT),
        };
        let now = self.clock.now();
        let origin = Origin::new(new_id(), &upgrade.request, identity, now);
        let request_id = new_id();
        let event = origin.connect(&upgrade.request, source, &request_id);
        let protocol = match self.connect(event).await {
            Ok(protocol) => protocol,
            Err(status) => {
                let _ = reply.send(refusal(status, &origin.connection_id, &request_id));
                return;
            }
        };
        // Reachable from here on: a push that is sent while the upgrade is under way waits for it.
        let Some((connection, mut inbox)) = self.connections.open(origin.clone()) else {
            let refusal = refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                &origin.connection_id,
                &request_id,
            );
            let _ = reply.send(refusal);
            return self.disconnect(&origin, &Ending::Stopping).await;
        };
        let _ = reply.send(accepted(&upgrade.accept, protocol));
        let Ok(upgraded) = upgrade.stream.await else {
            self.connections.remove(&origin.connection_id);
            return self.disconnect(&origin, &Ending::Lost).await;
        };
        let mut wire = Wire::new(upgraded, inbox.outgoing, &self.limits).await;
        let ending = session::run(&self, &connection, &mut wire, inbox.ending.recv()).await;
        self.connections.remove(&origin.connection_id);
        tracing::debug!(id = origin.connection_id, ?ending, "connection ended");
        tokio::join!(
            wire.close(ending.frame(), ending.is_gentle()),
            self.disconnect(&origin, &ending),
        );
    }

    /// Asks `$connect`, if there is such a route: the subprotocol that it chose, or the status that
    /// refuses the client.
    async fn connect(&self, event: Value) -> Result<Option<HeaderValue>, StatusCode> {
        let Some(route) = self.routes.get("$connect") else {
            return Ok(None);
        };
        let answer = self.ask(route, event).await.map_err(|error| match error {
            IntegrationError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        })?;
        let answer = ProxyResponse::explicit(&answer).map_err(|error| {
            tracing::warn!(function = route.function, %error, "no answer that the gateway takes");
            StatusCode::BAD_GATEWAY
        })?;
        if !answer.status.is_success() {
            return Err(answer.status);
        }
        Ok(answer.header(&header::SEC_WEBSOCKET_PROTOCOL).cloned())
    }

    /// Sends a message to the route that it names, or else to `$default`.
    pub(super) async fn dispatch(&self, connection: &Connection, body: &str) {
        let request_id = new_id();
        let Some((key, route)) = self.route(body) else {
            return self.complain(connection, "Forbidden", &request_id);
        };
        let now = self.clock.now();
        let event = connection.origin.message(key, body, &request_id, now);
        let answer = match self.ask(route, event).await {
            Ok(answer) => ProxyResponse::explicit(&answer).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match answer {
            Ok(answer) if route.route_response && !answer.body.is_empty() => {
                self.connections.tell(connection, answer.body.into());
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    function = route.function,
                    error,
                    "a message was not handled"
                );
                self.complain(connection, "Internal server error", &request_id);
            }
        }
    }

    fn route<'a>(&'a self, body: &str) -> Option<(&'a str, &'a SocketRoute)> {
        let message = serde_json::from_str::<Value>(body).unwrap_or_default();
        // A client must not reach the routes that are the gateway's own to call.
        let selection = self.selection.as_ref();
        let name = selection
            .and_then(|selection| selection.select(&message))
            .filter(|name| !name.starts_with('$'));
        let named = name.and_then(|name| self.routes.get_key_value(name));
        let found = named.or_else(|| self.routes.get_key_value("$default"));
        found.map(|(key, route)| (key.as_str(), route))
    }

    async fn disconnect(&self, origin: &Origin, ending: &Ending) {
        let Some(route) = self.routes.get("$disconnect") else {
            return;
        };
        let event = origin.disconnect(ending, &new_id(), self.clock.now());
        if let Err(error) = self.ask(route, event).await {
            tracing::warn!(function = route.function, %error, "$disconnect failed");
        }
    }

    async fn ask(&self, route: &SocketRoute, event: Value) -> Result<Value, IntegrationError> {
        let timeout = self.limits.integration_timeout;
        invoke(&self.functions, &route.function, event, timeout).await
    }

    fn complain(&self, connection: &Connection, message: &str, request_id: &str) {
        let id = &connection.origin.connection_id;
        let frame = json!({"message": message, "connectionId": id, "requestId": request_id});
        self.connections
            .tell(connection, Bytes::from(frame.to_string()));
    }
}

/// Answers an upgrade request.
pub(super) async fn upgrade(State(api): State<Arc<SocketApi>>, request: Request) -> Response {
    let upgrade = match Upgrade::of(request) {
        Ok(upgrade) => upgrade,
        Err(status) => return refusal_without_connection(status),
    };
    let (reply, answer) = oneshot::channel();
    // A task of its own: a client that leaves during `$connect` must still be disconnected.
    api.tasks.spawn(Arc::clone(&api).live(upgrade, reply));
    let failed = || refusal_without_connection(StatusCode::INTERNAL_SERVER_ERROR);
    answer.await.unwrap_or_else(|_| failed())
}

impl Upgrade {
    fn of(request: Request) -> Result<Self, StatusCode> {
        let (mut request, _) = request.into_parts();
        let headers = &request.headers;
        let asks = request.method == Method::GET
            && contains(headers, &header::CONNECTION, "upgrade")
            && contains(headers, &header::UPGRADE, "websocket");
        if !asks {
            return Err(StatusCode::UPGRADE_REQUIRED);
        }
        if !contains(headers, &header::SEC_WEBSOCKET_VERSION, "13") {
            return Err(StatusCode::BAD_REQUEST);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY);
        let accept = derive_accept_key(key.ok_or(StatusCode::BAD_REQUEST)?.as_bytes());
        let stream = request.extensions.remove::<OnUpgrade>();
        Ok(Self {
            request,
            accept,
            stream: stream.ok_or(StatusCode::UPGRADE_REQUIRED)?,
        })
    }
}

/// Whether a header that is a list of words has `word`.
fn contains(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(','));
    words.any(|own| own.trim().eq_ignore_ascii_case(word))
}

fn accepted(accept: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

fn refusal(status: StatusCode, connection_id: &str, request_id: &str) -> Response {
    let message = status.canonical_reason().unwrap_or("Refused");
    let body = json!({"message": message, "connectionId": connection_id, "requestId": request_id});
    (status, Json(body)).into_response()
}

fn refusal_without_connection(status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("Refused");
    (status, Json(json!({"message": message}))).into_response()
}
