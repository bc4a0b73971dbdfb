//! Functions, started here one by one, whose way to AWS is long enough to tell what they call side by side
//! from what they call in turn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::serve::ListenerExt;
use lambda_runtime::Context;
use local::front::{Front, REGION, Service as AwsService, Units};
use local::functions;
use serde_json::Value;
use shared::lambda::{Environment, Service};
use shared::sdk::clock::Clock;
use tests::App;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::cost::Cost;

/// How long each call is on its way. Calls that are made together begin within this time of each other,
/// also where the machine is busy.
const DISTANCE: Duration = Duration::from_millis(50);

/// More than any invocation takes, in milliseconds.
const TIMEOUT: i64 = 900_000;

/// A call that a function made.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) service: AwsService,
    pub(super) started: Instant,
    pub(super) ended: Instant,
    pub(super) units: Units,
    operation: String,
    succeeded: bool,
}

impl Call {
    /// The API's name of the operation, and whether it was refused.
    pub(super) fn name(&self) -> String {
        let refused = if self.succeeded { "" } else { " (refused)" };
        format!("{}{refused}", self.operation)
    }
}

/// The functions, and what they have called.
pub(super) struct Meter {
    port: Port,
    url: String,
    started: HashMap<String, Service>,
}

impl Meter {
    /// Opens a port of its own before the services of `app`'s stack.
    pub(super) async fn open(app: &App) -> Self {
        let front = app.stack().front().clone();
        let port = Port {
            front: front.clone(),
            calls: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let router = front
            .router(&[])
            .layer(middleware::from_fn_with_state(port.clone(), at_a_distance));
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).expect("the stream is open");
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            port,
            url: format!("http://{address}"),
            started: HashMap::new(),
        }
    }

    /// A cold start of `function`; returns what it cost.
    pub(super) async fn start(&mut self, app: &App, function: &str) -> Cost {
        self.port.take();
        let functions = functions::all();
        let found = functions.iter().find(|one| one.endpoint.name == function);
        let service = found
            .expect("there is such a function")
            .start(
                &self.environment(app, function),
                app.stack().clock().clone(),
            )
            .await
            .expect("it starts");
        self.started.insert(function.to_owned(), service);
        Cost::of(&self.port.take())
    }

    /// An invocation of a function that has been started: what it answers, and what it cost.
    pub(super) async fn invoke(&self, function: &str, event: Value) -> (Value, Cost) {
        self.port.take();
        let mut context = Context::default();
        context.request_id = Uuid::new_v4().to_string();
        context.deadline = (Clock::system().now() + TIMEOUT).unsigned_abs();
        let answer = self.started[function].call(event, context).await;
        let answer = answer.unwrap_or_else(|error| panic!("{function} failed: {error}"));
        (answer, Cost::of(&self.port.take()))
    }

    /// What the template and the platform give to a function, but for the way to AWS.
    fn environment(&self, app: &App, function: &str) -> Environment {
        let template = app.stack().template();
        let resource = template.function(function).expect("it is deployed");
        let mut variables = resource.environment.clone();
        let iam = app.stack().front().iam();
        let credentials = iam.platform_credentials(&resource.role, function);
        let credentials = credentials.expect("the function has a role");
        let platform = [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
            ("AWS_SESSION_TOKEN", &credentials.session_token),
            ("AWS_ENDPOINT_URL", &self.url),
        ];
        variables.extend(platform.map(|(name, value)| (name.to_owned(), value.to_owned())));
        if let Some(endpoint) = variables.get_mut("SOCKET_ENDPOINT") {
            *endpoint = endpoint.replace(&app.stack().aws_url(), &self.url);
        }
        Environment::from_iter(variables)
    }
}

/// The port, and what has come through it.
#[derive(Clone)]
struct Port {
    front: Front,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Port {
    /// What has been called since this was last asked, in the order in which it began.
    fn take(&self) -> Vec<Call> {
        let mut calls =
            std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        calls.sort_by_key(|call| call.started);
        calls
    }
}

async fn at_a_distance(State(port): State<Port>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    // A trace of its own, to find the call in the front's journal.
    let trace = format!("1-call-{}", Uuid::new_v4().simple());
    let header = HeaderValue::try_from(format!("Root={trace}")).expect("it is ASCII");
    request.headers_mut().insert("x-amzn-trace-id", header);
    tokio::time::sleep(DISTANCE).await;
    let response = next.run(request).await;
    let record = port.front.journal().calls_of(&trace).pop();
    let record = record.expect("the front keeps a record of each call");
    let call = Call {
        service: record.service,
        started,
        ended: Instant::now(),
        units: record.units,
        operation: record.operation,
        succeeded: response.status().is_success(),
    };
    port.calls
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(call);
    response
}
