//! Queues in a folder of their own, with a clock that stands still until it is moved, and an SDK
//! client that reaches them over loopback.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use sqs::{Options, Sqs};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) const FIFO_SUFFIX: &str = ".fifo";

/// 2026-01-01, in epoch milliseconds.
pub(crate) const START: i64 = 1_767_225_600_000;

#[derive(Clone)]
pub(crate) struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Opens the queues in a folder.
pub(crate) fn open(folder: &Path, clock: &ManualClock) -> Sqs {
    let clock = clock.clone();
    let options = Options::new("http://127.0.0.1:1");
    Sqs::open(
        &folder.join("queues.db"),
        Arc::new(move || clock.now()),
        options,
    )
    .unwrap()
}

pub(crate) struct Queues {
    pub(crate) client: Client,
    pub(crate) sqs: Sqs,
    pub(crate) clock: ManualClock,
    _folder: TempDir,
}

impl Queues {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let clock = ManualClock::new();
        let sqs = open(folder.path(), &clock);
        let client = serve(sqs.clone()).await;
        Self {
            client,
            sqs,
            clock,
            _folder: folder,
        }
    }

    /// Makes a queue and returns its URL.
    pub(crate) async fn queue(&self, name: &str, attributes: &[(&str, &str)]) -> String {
        let mut request = self.client.create_queue().queue_name(name);
        if name.ends_with(FIFO_SUFFIX) {
            request = request.attributes(QueueAttributeName::FifoQueue, "true");
        }
        for (name, value) in attributes {
            request = request.attributes((*name).into(), *value);
        }
        request.send().await.unwrap().queue_url.unwrap()
    }

    pub(crate) async fn send(&self, url: &str, body: &str) -> String {
        let request = self.client.send_message().queue_url(url).message_body(body);
        request.send().await.unwrap().message_id.unwrap()
    }

    /// Sends to a FIFO queue; the body is the deduplication id.
    pub(crate) async fn send_to(&self, url: &str, group: &str, body: &str) -> String {
        let request = self
            .client
            .send_message()
            .queue_url(url)
            .message_body(body)
            .message_group_id(group)
            .message_deduplication_id(body);
        request.send().await.unwrap().message_id.unwrap()
    }

    /// What can be received now, at most ten, with all attributes.
    pub(crate) async fn receive(&self, url: &str) -> Vec<Message> {
        let request = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        request.send().await.unwrap().messages.unwrap_or_default()
    }

    pub(crate) async fn receive_bodies(&self, url: &str) -> Vec<String> {
        bodies(&self.receive(url).await)
    }

    pub(crate) async fn delete(&self, url: &str, message: &Message) {
        let receipt = message.receipt_handle().unwrap();
        let request = self.client.delete_message().queue_url(url);
        request.receipt_handle(receipt).send().await.unwrap();
    }

    pub(crate) async fn hide(&self, url: &str, message: &Message, seconds: i32) {
        self.client
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(message.receipt_handle().unwrap())
            .visibility_timeout(seconds)
            .send()
            .await
            .unwrap();
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.sqs.wake();
    }
}

pub(crate) fn bodies(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| message.body().unwrap().to_owned())
        .collect()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers name the attribute in place"
)]
pub(crate) fn attribute(message: &Message, name: MessageSystemAttributeName) -> &str {
    &message.attributes().unwrap()[&name]
}

async fn serve(sqs: Sqs) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(answer)).with_state(sqs);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(
            "local",
            "local-secret",
            None,
            None,
            "tests",
        ))
        .endpoint_url(format!("http://{address}"))
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

async fn answer(State(sqs): State<Sqs>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap();
    let action = target.strip_prefix("AmazonSQS.").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let json = ("content-type", "application/x-amz-json-1.0");
    match sqs.handle(action, &body).await {
        Ok(reply) => ([json], reply.to_string()).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap();
            let headers = [json, ("x-amzn-query-error", &error.query_error())];
            (status, headers, error.body().to_string()).into_response()
        }
    }
}
