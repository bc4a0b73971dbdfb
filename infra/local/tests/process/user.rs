//! Somebody who uses a program from outside, over HTTP and WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use crate::program::Program;

/// How long a test waits for what has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A user who is signed in. What they do fails where the process has gone.
#[derive(Clone)]
pub(crate) struct User {
    http: Client,
    api: String,
    ws: String,
    pub(crate) token: String,
    pub(crate) id: String,
}

/// A connection.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl User {
    /// Signs up.
    pub(crate) async fn sign_up(program: &Program, name: &str) -> Self {
        let mut user = Self {
            http: client(),
            api: program.url("api").to_owned(),
            ws: program.url("ws").to_owned(),
            token: String::new(),
            id: String::new(),
        };
        let body = json!({
            "email": format!("{name}@example.com"),
            "password": "a long password",
            "name": name,
        });
        let (_, answer) = user
            .post("/api/sign-up", body)
            .await
            .expect("the process serves");
        let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
        user.token = text(&answer["data"]["access_token"]);
        user.id = text(&answer["data"]["user"]["id"]);
        user
    }

    /// The same user, with the token that they have, at another process.
    pub(crate) fn at(&self, program: &Program) -> Self {
        Self {
            api: program.url("api").to_owned(),
            ws: program.url("ws").to_owned(),
            ..self.clone()
        }
    }

    /// A POST; an error if there was no answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.api);
        let request = self.http.post(url).bearer_auth(&self.token).json(&body);
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    /// A new project; its id.
    pub(crate) async fn project(&self, name: &str) -> String {
        let body = json!({ "name": name });
        let answer = self.post("/api/create-project", body).await;
        let (status, answer) = answer.expect("the process serves");
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let id = answer["project"]["id"].as_str();
        id.expect("it has an id").to_owned()
    }

    /// Makes a task for themselves; its id if that was acknowledged.
    pub(crate) async fn task(&self, project: &str, title: &str) -> Option<String> {
        let body = json!({ "projectId": project, "title": title, "assignedTo": self.id });
        let (status, answer) = self.post("/api/create-task", body).await.ok()?;
        (status == StatusCode::CREATED)
            .then(|| answer["task"]["id"].as_str().map(str::to_owned))
            .flatten()
    }

    /// Whether a page of this origin may connect.
    pub(crate) async fn connects_from(&self, origin: &str) -> bool {
        let request = self.ticketed().await.into_client_request();
        let mut request = request.expect("it is an URL");
        let origin = origin.parse().expect("it is a header's value");
        request.headers_mut().insert("origin", origin);
        match connect_async(request).await {
            Ok(_) => true,
            Err(tungstenite::Error::Http(answer)) if answer.status() == 403 => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Where to connect, with a new ticket.
    async fn ticketed(&self) -> String {
        let answer = self.post("/api/realtime-ticket", json!({})).await;
        let (_, answer) = answer.expect("the process serves");
        let ticket = answer["data"]["ticket"].as_str().expect("it is a text");
        format!("{}?ticket={ticket}", self.ws)
    }

    /// Connects and listens to a project; the connection, and the project's `seq`.
    pub(crate) async fn listen(&self, project: &str) -> (Socket, u64) {
        let connected = connect_async(self.ticketed().await).await;
        let mut socket = Socket(connected.expect("it connects").0);
        let room = format!("project/{project}");
        let subscribe = json!({ "action": "subscribe", "room": room });
        let sent = socket.0.send(Message::text(subscribe.to_string())).await;
        sent.expect("it can be sent");
        let answer = socket.next().await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        (socket, answer["seq"].as_u64().expect("it is a number"))
    }
}

impl Socket {
    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await;
            let message = message.expect("a message comes in time");
            if let Message::Text(text) = message.expect("it is open").expect("it is open") {
                return serde_json::from_str(&text).expect("it is JSON");
            }
        }
    }
}

/// What the outbox holds.
pub(crate) async fn outbox(program: &Program) -> Vec<Value> {
    let response = client().get(program.url("outbox")).send().await;
    let emails = response.expect("the process serves").json().await;
    emails.expect("it is a list")
}

/// A client that knows no certificates: all is on this machine.
pub(crate) fn client() -> Client {
    Client::builder()
        .tls_certs_only([])
        .timeout(PATIENCE)
        .build()
        .expect("a client can be made")
}
