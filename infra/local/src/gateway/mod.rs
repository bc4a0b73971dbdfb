//! API Gateway's place in the stack: the HTTP API, the WebSocket API on `/ws`, `@connections`, and
//! beside them, under `/_local`, the outbox that stands where the mail service stands on AWS.
//!
//! What a function is sent and what it may answer are API Gateway's own shapes, so the same code runs
//! here and there. The README of this folder lists what is followed and what is not.

mod connections;
mod cors;
mod ending;
mod event;
mod http_api;
mod id;
mod integration;
mod outbox;
mod proxy_response;
mod routes;
mod session;
mod socket_api;
mod socket_event;
mod wire;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use serde_json::json;
use shared::sdk::clock::Clock;

use crate::{lambda::Invoke, template::Cors};

pub use connections::{ConnectionInfo, Connections, ConnectionsError, Identity};
pub use outbox::{Email, Fault, Outbox, OutboxError, Record};
pub use routes::{HttpRoute, Routes, SocketRoute};

use http_api::HttpApi;
use socket_api::SocketApi;

/// What can be set of the gateway; the defaults are AWS's.
#[derive(Debug, Clone)]
pub struct Settings {
    /// CORS of the HTTP API; without it the gateway adds no header and answers no preflight.
    pub cors: Option<Cors>,
    /// How long the HTTP API waits for a function, in real time: 30 s. Then it answers 503; the
    /// function runs on.
    pub http_timeout: Duration,
    /// The WebSocket API's limits.
    pub socket: SocketLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cors: None,
            http_timeout: Duration::from_secs(30),
            socket: SocketLimits::default(),
        }
    }
}

/// The WebSocket API's limits; the defaults are AWS's.
#[derive(Debug, Clone)]
pub struct SocketLimits {
    /// Time without a message in either direction until a connection is closed, by the stack's
    /// clock: 10 minutes.
    pub idle: Duration,
    /// Time until any connection is closed, by the stack's clock: 2 hours.
    pub lifetime: Duration,
    /// Bytes of a message, either way: 128 KiB.
    pub max_message: usize,
    /// Bytes of a frame: 32 KiB. A larger one that comes in ends the connection with 1009; what goes
    /// out is cut into frames of this size.
    pub max_frame: usize,
    /// Messages that may wait for a slow client; one more ends its connection: 256.
    pub queue: usize,
    /// Messages of one connection that functions work on at the same time; further ones are not read
    /// before one of these is done: 64. (AWS has only its account-wide throttle.)
    pub in_flight: usize,
    /// How long a route's function may take, in real time: 29 s.
    pub integration_timeout: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            idle: Duration::from_mins(10),
            lifetime: Duration::from_hours(2),
            max_message: 128 * 1024,
            max_frame: 32 * 1024,
            queue: 256,
            in_flight: 64,
            integration_timeout: Duration::from_secs(29),
        }
    }
}

/// Both APIs of the product and the outbox, on one port. Clones share all state.
#[derive(Clone)]
pub struct Gateway {
    /// The open WebSocket connections, and `@connections` over them.
    pub connections: Connections,
    /// The caught mail.
    pub outbox: Outbox,
    http: Arc<HttpApi>,
    socket: Arc<SocketApi>,
}

impl Gateway {
    /// A gateway that sends what comes in on `routes` to `functions`.
    pub fn new(
        routes: &Routes,
        settings: Settings,
        functions: Arc<dyn Invoke>,
        outbox: Outbox,
        clock: Clock,
    ) -> Self {
        let connections = Connections::new(settings.socket.clone(), clock.clone());
        let http = HttpApi::new(
            &routes.http,
            settings.cors,
            settings.http_timeout,
            Arc::clone(&functions),
            clock.clone(),
        );
        let socket = SocketApi::new(
            routes,
            settings.socket,
            functions,
            connections.clone(),
            clock,
        );
        Self {
            connections,
            outbox,
            http: Arc::new(http),
            socket: Arc::new(socket),
        }
    }

    /// Everything that this gateway serves. Set `TCP_NODELAY` on its connections: with Nagle's algorithm
    /// a push waits for the acknowledgement of the one before it. Without `ConnectInfo<SocketAddr>`
    /// every caller is taken for 127.0.0.1.
    pub fn router(&self) -> Router {
        let outbox = Router::new()
            .route("/_local/outbox", get(outbox::list))
            .route("/_local/resend/emails", post(outbox::send))
            .with_state(self.outbox.clone());
        Router::new()
            .route("/ws", any(socket_api::upgrade))
            .with_state(Arc::clone(&self.socket))
            .merge(outbox)
            .route("/_local", any(not_found))
            .route("/_local/", any(not_found))
            .route("/_local/{*rest}", any(not_found))
            .fallback_service(any(http_api::handle).with_state(Arc::clone(&self.http)))
    }

    /// Refuses new connections, sends each open one a close frame, and gives their `$disconnect`
    /// calls the time that remains of `within`.
    pub async fn shut_down(&self, within: Duration) {
        self.connections.close_all();
        if tokio::time::timeout(within, self.socket.drained())
            .await
            .is_err()
        {
            tracing::debug!("not every connection was closed in time");
        }
    }
}

async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response()
}
