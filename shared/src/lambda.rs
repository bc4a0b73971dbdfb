//! Lambda: the only place that names it. An adapter for each trigger turns a payload into an event, and
//! what the handler returns into an answer.

pub mod http;
pub mod queue;
mod refusals;
pub mod schedule;
pub mod socket;
pub mod stream;
mod surface;
pub mod telemetry;

use std::sync::Arc;

use futures::future::BoxFuture;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use tokio::time::Instant;

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::event::caller::{Caller, Identity, Place};
use crate::sdk::Sdk;
use crate::sdk::clock::Clock;
use crate::sdk::connections::Connections;
use crate::sdk::request::Request;

pub use self::surface::Surface;
pub use crate::sdk::connections::{Environment, StartError};
#[doc(hidden)]
pub use crate::sdk::request::Doors;

/// Why an invocation failed as a whole; the platform retries it or reports it.
pub type Failure = lambda_runtime::Error;

/// A function: its endpoint, and the handler behind its trigger's adapter.
#[derive(Clone)]
pub struct Function {
    /// What it is.
    pub endpoint: &'static Endpoint,
    adapter: Arc<dyn Adapter>,
    doors: Doors,
}

/// A function that has started, and serves one payload after the other, or several at once.
#[derive(Clone)]
pub struct Service {
    endpoint: &'static Endpoint,
    adapter: Arc<dyn Adapter>,
    connections: Arc<Connections>,
    doors: Doors,
}

/// What stands between a payload and a handler.
pub(crate) trait Adapter: Send + Sync {
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>>;

    /// What it lets in, route by route; nothing where no client can send anything.
    fn surfaces(&self) -> Vec<Surface> {
        Vec::new()
    }
}

/// One payload, and what it is served with.
pub(crate) struct Invocation {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) payload: Value,
    pub(crate) request_id: String,
    pub(crate) sdk: Sdk,
    /// When the handler has to have ended, so that there is time to answer.
    pub(crate) deadline: Instant,
}

impl Function {
    pub(crate) fn new(endpoint: &'static Endpoint, adapter: impl Adapter + 'static) -> Self {
        Self {
            endpoint,
            adapter: Arc::new(adapter),
            doors: Doors::default(),
        }
    }

    /// What clients can send it, and who may, route by route; nothing if it is behind neither HTTP nor the
    /// WebSocket.
    pub fn surfaces(&self) -> Vec<Surface> {
        self.adapter.surfaces()
    }

    /// The same function with doors open in the walls between tenants: for tests, and held by one to be
    /// nobody else's.
    #[doc(hidden)]
    #[must_use]
    pub fn astray(mut self, doors: Doors) -> Self {
        self.doors = doors;
        self
    }

    /// A cold start: checks the configuration and reads the secrets that the endpoint uses.
    ///
    /// # Errors
    /// If a variable or a secret is missing or unusable: the error names it.
    pub async fn start(
        &self,
        environment: &Environment,
        clock: Clock,
    ) -> Result<Service, StartError> {
        let connections = Connections::open(self.endpoint, environment, clock).await?;
        Ok(Service {
            endpoint: self.endpoint,
            adapter: self.adapter.clone(),
            connections,
            doors: self.doors,
        })
    }
}

impl Service {
    /// Serves one payload.
    ///
    /// # Errors
    /// If the invocation failed as a whole: the platform has to retry or report it. What an HTTP or
    /// WebSocket client did wrong is an answer, not an error.
    pub async fn call(&self, payload: Value, context: Context) -> Result<Value, Failure> {
        let request = Request::new(
            self.connections.clone(),
            context.xray_trace_id,
            context.deadline,
            self.doors,
        );
        self.adapter
            .call(Invocation {
                endpoint: self.endpoint,
                payload,
                request_id: context.request_id,
                sdk: Sdk::new(&request),
                deadline: Instant::now() + request.remaining(),
            })
            .await
    }
}

/// Cuts work short at the deadline: whoever waits hears that it can be tried again, where a function that
/// the platform has to end tells nobody anything.
pub(crate) async fn until<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout_at(deadline, work)
        .await
        .unwrap_or_else(|elapsed| Err(Error::unavailable(elapsed)))
}

/// Has the request act in its caller's tenant, and in no other. A function that lets anyone in holds no code
/// for that.
pub(crate) fn act_where<C: Caller>(sdk: &Sdk, identity: Option<&Identity>) -> Result<(), Error> {
    if C::AUTHENTICATED
        && let Some(Place::In(principal)) = identity.map(|identity| &identity.place)
    {
        return sdk.act_in(principal.tenant);
    }
    Ok(())
}

/// Runs a function on Lambda, for as long as the platform wants it.
///
/// # Errors
/// If it can't start: the log and the platform's report name what is missing.
pub fn run(function: Function) -> Result<(), Failure> {
    telemetry::start();
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(serve(function))
}

async fn serve(function: Function) -> Result<(), Failure> {
    let service = function
        .start(&Environment::process(), Clock::system())
        .await
        .inspect_err(|error| tracing::error!(%error, "the function can't start"))?;
    lambda_runtime::run(lambda_runtime::service_fn(|event: LambdaEvent<Value>| {
        let service = service.clone();
        async move { service.call(event.payload, event.context).await }
    }))
    .await
}
