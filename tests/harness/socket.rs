use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::PATIENCE;

/// A WebSocket connection.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, which has to succeed.
    pub async fn connect(url: &str) -> Self {
        let (stream, _) = tokio_tungstenite::connect_async(url)
            .await
            .expect("it connects");
        Self(stream)
    }

    /// Connects, which has to be refused; returns the status.
    pub async fn refused(request: http::Request<()>) -> u16 {
        match tokio_tungstenite::connect_async(request).await {
            Ok(_) => panic!("it connected"),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("it failed otherwise: {error}"),
        }
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Sends any text.
    pub async fn send_text(&mut self, text: &str) {
        let sent = self.0.send(Message::text(text)).await;
        sent.expect("it can be sent");
    }

    /// Sends a message of any kind, which the other side may refuse half-way.
    pub async fn send_message(&mut self, message: Message) {
        let _refused = self.0.send(message).await;
    }

    /// The next message; nothing once the connection is closed.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await;
            match message.expect("a message comes in time")? {
                Ok(Message::Text(text)) => {
                    return Some(serde_json::from_str(&text).expect("it is JSON"));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message, which has to come.
    pub async fn expect_next(&mut self) -> Value {
        self.next().await.expect("the connection is open")
    }

    /// Asks, and returns the answer.
    pub async fn ask(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.expect_next().await
    }

    /// Subscribes to a project's room; returns its `seq`.
    pub async fn subscribe(&mut self, project_id: &str) -> u64 {
        let room = format!("project/{project_id}");
        let answer = self
            .ask(json!({ "action": "subscribe", "room": room }))
            .await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        answer["seq"].as_u64().expect("it is a number")
    }

    /// The events up to and with `seq`, in the order in which they came, repeats dropped as a client drops
    /// them.
    pub async fn events_until(&mut self, after: u64, seq: u64) -> Vec<Value> {
        let mut events = Vec::new();
        let mut last = after;
        while last < seq {
            let event = self.expect_next().await;
            let number = event["seq"].as_u64().expect("an event has a seq");
            if number > last {
                last = number;
                events.push(event);
            }
        }
        events
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        let _already_closed = self.0.close(None).await;
    }
}
