//! Lambda's Runtime API, as far as one process needs it: it polls for an invocation, and posts its answer.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// What a process did.
pub(super) enum Report {
    /// It waits for an invocation, which is sent to it here.
    Polled(oneshot::Sender<Value>),
    /// It has answered.
    Answered(Value),
    /// It has failed.
    Failed(Value),
}

/// The API for one process.
pub(super) struct RuntimeApi {
    pub(super) address: String,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    server: JoinHandle<()>,
}

type Reporter = mpsc::UnboundedSender<Report>;

impl RuntimeApi {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).expect("the stream is open");
        });
        let (reporter, reports) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(answered),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed))
            .with_state(reporter);
        let server = async move {
            axum::serve(listener, router).await.expect("it serves");
        };
        Self {
            address,
            reports,
            server: tokio::spawn(server),
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(reporter): State<Reporter>) -> Response {
    let (sender, event) = oneshot::channel();
    tell(&reporter, Report::Polled(sender));
    match event.await {
        Ok(event) => (headers(), event.to_string()).into_response(),
        // Nothing more is wanted of the process: it waits until it is ended.
        Err(_) => std::future::pending().await,
    }
}

async fn answered(State(reporter): State<Reporter>, body: String) -> StatusCode {
    tell(&reporter, Report::Answered(json(&body)));
    StatusCode::ACCEPTED
}

async fn failed(State(reporter): State<Reporter>, body: String) -> StatusCode {
    tell(&reporter, Report::Failed(json(&body)));
    StatusCode::ACCEPTED
}

fn tell(reporter: &Reporter, report: Report) {
    // Whoever no longer listens has what they wanted.
    let _not_wanted = reporter.send(report);
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

/// What Lambda tells of an invocation beside its event.
fn headers() -> HeaderMap {
    [
        ("content-type", "application/json"),
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        ),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench",
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        ),
    ]
    .map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    })
    .into_iter()
    .collect()
}
