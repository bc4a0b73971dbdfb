//! The open connections, and `@connections`: how functions reach them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use shared::sdk::clock::{Clock, Millis};
use tokio::sync::mpsc;

use super::{
    SocketLimits,
    ending::Ending,
    id::{is_id, iso8601},
    routes::decode,
    socket_event::Origin,
};

/// The open WebSocket connections. They live in memory alone: after a restart the ids from before it
/// are gone, as they are when a connection ends.
#[derive(Clone)]
pub struct Connections {
    live: Arc<Mutex<Live>>,
    limits: SocketLimits,
    clock: Clock,
}

#[derive(Default)]
struct Live {
    by_id: HashMap<String, Arc<Connection>>,
    closing: bool,
}

/// One open connection, as the gateway's other parts see it.
pub(super) struct Connection {
    pub(super) origin: Origin,
    last_active: AtomicI64,
    outgoing: mpsc::Sender<Bytes>,
    ending: mpsc::Sender<Ending>,
}

/// The receiving ends of a connection's queues.
pub(super) struct Inbox {
    pub(super) outgoing: mpsc::Receiver<Bytes>,
    pub(super) ending: mpsc::Receiver<Ending>,
}

/// Who is on the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its address.
    pub source_ip: String,
    /// Its `User-Agent`, empty without one.
    pub user_agent: String,
}

/// What GET tells of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionInfo {
    /// When it was opened, in epoch milliseconds.
    pub connected_at: Millis,
    /// When it last carried a message, either way, in epoch milliseconds.
    pub last_active_at: Millis,
    /// Who is on the other side.
    pub identity: Identity,
}

/// Why `@connections` refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionsError {
    /// There is no such connection, or no longer: 410.
    #[error("the connection is gone")]
    Gone,
    /// No connection ever had such an id: 400.
    #[error("Invalid connectionId")]
    InvalidId,
    /// The message is above the limit: 413.
    #[error("the message is larger than 128 KB")]
    TooLarge,
    /// The request's body broke off: 400.
    #[error("the body could not be read")]
    Unreadable,
    /// Neither POST nor GET nor DELETE: 405.
    #[error("the method is not supported")]
    Method,
}

impl Connections {
    pub(super) fn new(limits: SocketLimits, clock: Clock) -> Self {
        Self {
            live: Arc::default(),
            limits,
            clock,
        }
    }

    /// Answers a call of `POST`, `GET` or `DELETE …/@connections/{id}` in the shapes of AWS's API,
    /// whatever stands before the id. Whether the caller may do it was checked before.
    pub async fn handle(&self, request: Request) -> Response {
        let id = request.uri().path().rsplit('/').next().map(decode);
        let id = id.unwrap_or_default();
        let answer = match *request.method() {
            Method::POST => self
                .receive(&id, request)
                .await
                .map(|()| StatusCode::OK.into_response()),
            Method::GET => self
                .get(&id)
                .map(|info| Json(info.to_json()).into_response()),
            Method::DELETE => self
                .delete(&id)
                .map(|()| StatusCode::NO_CONTENT.into_response()),
            _ => Err(ConnectionsError::Method),
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }

    /// Queues a message for the connection `id`. A client that has let its queue fill up loses its
    /// connection, and the message is refused as [`ConnectionsError::Gone`].
    pub fn post(&self, id: &str, message: Bytes) -> Result<(), ConnectionsError> {
        let connection = self.find(id)?;
        if message.len() > self.limits.max_message {
            return Err(ConnectionsError::TooLarge);
        }
        if connection.outgoing.try_send(message).is_err() {
            tracing::warn!(id, "the client reads too slowly: its connection is closed");
            self.end(&connection, Ending::TooSlow);
            return Err(ConnectionsError::Gone);
        }
        connection.touch(self.clock.now());
        Ok(())
    }

    /// What is known of the connection `id`.
    pub fn get(&self, id: &str) -> Result<ConnectionInfo, ConnectionsError> {
        let connection = self.find(id)?;
        Ok(ConnectionInfo {
            connected_at: connection.origin.connected_at,
            last_active_at: connection.last_active(),
            identity: connection.origin.identity.clone(),
        })
    }

    /// Closes the connection `id`, after what is queued for it was sent.
    pub fn delete(&self, id: &str) -> Result<(), ConnectionsError> {
        let connection = self.find(id)?;
        self.end(&connection, Ending::Deleted);
        Ok(())
    }

    /// The ids of the open connections, in no order.
    pub fn ids(&self) -> Vec<String> {
        self.lock().by_id.keys().cloned().collect()
    }

    /// How many connections are open.
    pub fn count(&self) -> usize {
        self.lock().by_id.len()
    }

    /// Makes a connection reachable. None when the gateway is stopping.
    pub(super) fn open(&self, origin: Origin) -> Option<(Arc<Connection>, Inbox)> {
        let (outgoing, outgoing_inbox) = mpsc::channel(self.limits.queue);
        let (ending, ending_inbox) = mpsc::channel(1);
        let connection = Arc::new(Connection {
            last_active: AtomicI64::new(origin.connected_at),
            origin,
            outgoing,
            ending,
        });
        let mut live = self.lock();
        if live.closing {
            return None;
        }
        let id = connection.origin.connection_id.clone();
        live.by_id.insert(id, Arc::clone(&connection));
        let inbox = Inbox {
            outgoing: outgoing_inbox,
            ending: ending_inbox,
        };
        Some((connection, inbox))
    }

    /// From here on `id` is gone.
    pub(super) fn remove(&self, id: &str) {
        self.lock().by_id.remove(id);
    }

    /// Ends all connections and lets no new one in.
    pub(super) fn close_all(&self) {
        let connections: Vec<_> = {
            let mut live = self.lock();
            live.closing = true;
            live.by_id.values().cloned().collect()
        };
        for connection in connections {
            self.end(&connection, Ending::Stopping);
        }
    }

    /// Sends a frame of the gateway's own, if there is still room for it.
    pub(super) fn tell(&self, connection: &Connection, message: Bytes) {
        if connection.outgoing.try_send(message).is_err() {
            self.end(connection, Ending::TooSlow);
        }
    }

    async fn receive(&self, id: &str, request: Request) -> Result<(), ConnectionsError> {
        self.find(id)?;
        let declared = request.headers().get("content-length");
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > self.limits.max_message) {
            return Err(ConnectionsError::TooLarge);
        }
        let read = to_bytes(request.into_body(), 4 * self.limits.max_message).await;
        self.post(id, read.map_err(|_| ConnectionsError::Unreadable)?)
    }

    fn find(&self, id: &str) -> Result<Arc<Connection>, ConnectionsError> {
        if !is_id(id) {
            return Err(ConnectionsError::InvalidId);
        }
        let connection = self.lock().by_id.get(id).cloned();
        connection.ok_or(ConnectionsError::Gone)
    }

    /// The first reason to end stays; the id is gone at once.
    fn end(&self, connection: &Connection, ending: Ending) {
        self.remove(&connection.origin.connection_id);
        let _ = connection.ending.try_send(ending);
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Connection {
    /// Notes that a message passed at `now`.
    pub(super) fn touch(&self, now: Millis) {
        self.last_active.fetch_max(now, Ordering::Relaxed);
    }

    pub(super) fn last_active(&self) -> Millis {
        self.last_active.load(Ordering::Relaxed)
    }
}

impl ConnectionInfo {
    fn to_json(&self) -> serde_json::Value {
        json!({
            "connectedAt": iso8601(self.connected_at),
            "identity": self.identity,
            "lastActiveAt": iso8601(self.last_active_at),
        })
    }
}

impl IntoResponse for ConnectionsError {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Gone => (StatusCode::GONE, "GoneException"),
            Self::InvalidId | Self::Unreadable => (StatusCode::BAD_REQUEST, "BadRequestException"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "PayloadTooLargeException"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "ForbiddenException"),
        };
        let mut response = (status, Json(json!({"message": self.to_string()}))).into_response();
        response.headers_mut().insert(
            HeaderName::from_static("x-amzn-errortype"),
            HeaderValue::from_static(code),
        );
        response
    }
}
