//! A WebSocket client, and calls of `@connections`.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode},
};
use futures::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

use super::{Served, eventually};

pub(super) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Served {
    pub(super) fn socket_url(&self, query: &str) -> String {
        format!("ws://{}/ws{query}", self.address)
    }

    pub(super) async fn connect(&self) -> Client {
        connect_async(self.socket_url(""))
            .await
            .expect("a connection")
            .0
    }

    /// The status that refuses a connection.
    pub(super) async fn refused(&self) -> StatusCode {
        match connect_async(self.socket_url("")).await {
            Err(tungstenite::Error::Http(response)) => response.status(),
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The one open connection's id.
    pub(super) async fn connection_id(&self) -> String {
        eventually("connection", || self.gateway.connections.ids().pop()).await
    }

    pub(super) async fn at_connections(
        &self,
        method: Method,
        id: &str,
        body: impl Into<Body>,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/ws/@connections/{}", id.replace('=', "%3D")))
            .body(body.into())
            .expect("a request");
        let response = self.gateway.connections.handle(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX)
            .await
            .expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// The next message, within seconds.
pub(super) async fn next(client: &mut Client) -> Option<Message> {
    let message = tokio::time::timeout(Duration::from_secs(10), client.next());
    message.await.expect("a message in time")?.ok()
}

pub(super) async fn next_json(client: &mut Client) -> Value {
    match next(client).await {
        Some(Message::Text(text)) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("no text: {other:?}"),
    }
}

/// The code of the close frame that comes after whatever else does.
pub(super) async fn closed_with(client: &mut Client) -> u16 {
    loop {
        match next(client).await {
            Some(Message::Close(Some(frame))) => return frame.code.into(),
            Some(_) => {}
            None => panic!("closed without a frame"),
        }
    }
}
