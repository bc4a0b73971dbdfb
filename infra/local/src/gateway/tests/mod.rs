//! The gateway on a real port, with functions of the tests' own behind it.

mod client;
mod connections;
mod http;
mod outbox;
mod socket;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use shared::sdk::clock::Clock;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Gateway, HttpRoute, Outbox, Routes, Settings, SocketRoute};
use crate::{
    lambda::{InvocationError, Invoke},
    server,
    template::RouteSelection,
};

type Answer = BoxFuture<'static, Result<Value, InvocationError>>;
type Handler = Arc<dyn Fn(String, Value) -> Answer + Send + Sync>;

/// A gateway that serves until it is dropped.
struct Served {
    gateway: Gateway,
    address: SocketAddr,
    clock: Clock,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    shutdown: CancellationToken,
    folder: TempDir,
}

/// Keeps what it is called with, and answers as its test says.
struct Functions {
    calls: Arc<Mutex<Vec<(String, Value)>>>,
    handler: Handler,
}

impl Invoke for Functions {
    fn invoke(&self, function: String, event: Value) -> Answer {
        let mut calls = self.calls.lock().expect("no panic");
        calls.push((function.clone(), event.clone()));
        (self.handler)(function, event)
    }
}

impl Served {
    /// Routes whose functions are named like the routes, answered by `answer`.
    async fn with(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Self {
        Self::start(Settings::default(), answering(answer)).await
    }

    async fn start(settings: Settings, handler: Handler) -> Self {
        Self::start_on(&routes(), settings, handler).await
    }

    async fn start_on(routes: &Routes, settings: Settings, handler: Handler) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        let calls = Arc::default();
        let functions = Functions {
            calls: Arc::clone(&calls),
            handler,
        };
        let outbox = Outbox::open(&folder.path().join("outbox.db"), clock.clone());
        let gateway = Gateway::new(
            routes,
            settings,
            Arc::new(functions),
            outbox.expect("an outbox"),
            clock.clone(),
        );
        let listener = server::bind(0).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        tokio::spawn(server::serve(listener, gateway.router(), shutdown.clone()));
        Self {
            gateway,
            address,
            clock,
            calls,
            shutdown,
            folder,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The events that `function` was called with so far.
    fn events(&self, function: &str) -> Vec<Value> {
        let calls = self.calls.lock().expect("no panic");
        let events = calls.iter().filter(|(name, _)| name == function);
        events.map(|(_, event)| event.clone()).collect()
    }

    /// The first event that `function` is called with, once it is.
    async fn event(&self, function: &str) -> Value {
        eventually(function, || self.events(function).first().cloned()).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// What `found` comes to give, within seconds.
async fn eventually<T>(what: &str, found: impl Fn() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = found() {
            return value;
        }
        assert!(tokio::time::Instant::now() < deadline, "no {what} in time");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn answering(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Handler {
    Arc::new(move |function, event| {
        let answer = answer(&function, &event);
        Box::pin(async move {
            match answer.get("fails").and_then(Value::as_str) {
                Some(why) => Err(InvocationError::Failed(why.to_owned())),
                None => Ok(answer),
            }
        })
    })
}

fn ok(_: &str, _: &Value) -> Value {
    json!({"statusCode": 200})
}

fn routes() -> Routes {
    let http = [
        ("POST", "/things", "post-thing"),
        ("GET", "/things/{id}", "get-thing"),
        ("ANY", "$default", "not-found"),
    ];
    let socket = [
        ("$connect", "connect", false),
        ("$disconnect", "disconnect", false),
        ("$default", "default", false),
        ("ping", "ping", true),
    ];
    Routes {
        http: http
            .map(|(method, path, function)| HttpRoute {
                method: method.to_owned(),
                path: path.to_owned(),
                function: function.to_owned(),
            })
            .to_vec(),
        socket: socket
            .map(|(route, function, route_response)| SocketRoute {
                route: route.to_owned(),
                function: function.to_owned(),
                route_response,
            })
            .to_vec(),
        selection: RouteSelection::parse("$request.body.action"),
    }
}
