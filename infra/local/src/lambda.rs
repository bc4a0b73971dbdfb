//! Lambda: every function, started when it is first called and kept warm.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use lambda_runtime::{Config, Context};
use serde_json::Value;
use shared::{
    lambda::{Environment, Function, Service},
    sdk::clock::{Clock, millis},
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::front::{ACCOUNT, Journal, REGION};

/// All functions. Clones share them.
#[derive(Clone)]
pub struct Lambda(Arc<Functions>);

/// What API Gateway and the event sources need of it; their own tests put other functions in its place.
pub trait Invoke: Send + Sync + 'static {
    /// The function's answer to `payload`. An invocation that has begun runs to its end.
    fn invoke(
        &self,
        function: String,
        payload: Value,
    ) -> BoxFuture<'static, Result<Value, InvocationError>>;
}

impl Invoke for Lambda {
    fn invoke(
        &self,
        function: String,
        payload: Value,
    ) -> BoxFuture<'static, Result<Value, InvocationError>> {
        let lambda = self.clone();
        Box::pin(async move { lambda.invoke(&function, payload).await })
    }
}

struct Functions {
    by_name: HashMap<String, Deployed>,
    journal: Journal,
    clock: Clock,
    end: CancellationToken,
}

/// A function with what the template says of it.
pub struct Deployment {
    /// The function itself.
    pub function: Function,
    /// Its whole environment.
    pub environment: Environment,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// In megabytes: told to the function, not enforced.
    pub memory_mb: u32,
}

struct Deployed {
    deployment: Deployment,
    config: Arc<Config>,
    /// The function as it is warm; none before the first call and after a death.
    warm: Mutex<Option<Service>>,
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InvocationError {
    /// The function answered with an error, panicked or could not start.
    #[error("the function failed: {0}")]
    Failed(String),
    /// It took longer than it may.
    #[error("the function timed out")]
    TimedOut,
    /// A fault killed it, or the stack ended.
    #[error("the function died")]
    Died,
}

impl Lambda {
    /// Functions by their names; none is started yet.
    pub fn new(deployments: Vec<Deployment>, journal: Journal, clock: Clock) -> Self {
        let by_name = deployments
            .into_iter()
            .map(|deployment| {
                let name = deployment.function.endpoint.name.to_owned();
                (name, Deployed::new(deployment))
            })
            .collect();
        Self(Arc::new(Functions {
            by_name,
            journal,
            clock,
            end: CancellationToken::new(),
        }))
    }

    /// Ends all invocations where they stand, and any later one at once.
    pub fn end(&self) {
        self.0.end.cancel();
    }

    /// Calls a function and waits for its answer. It runs to its end even if the caller goes away.
    pub async fn invoke(&self, function: &str, payload: Value) -> Result<Value, InvocationError> {
        let functions = Arc::clone(&self.0);
        let name = function.to_owned();
        let invocation = tokio::spawn(async move { functions.invoke(&name, payload).await });
        let result = invocation
            .await
            .unwrap_or_else(|panic| Err(InvocationError::Failed(panic.to_string())));
        if let Err(error) = &result {
            tracing::warn!(function, %error, "an invocation failed");
        }
        result
    }
}

impl Functions {
    async fn invoke(&self, name: &str, payload: Value) -> Result<Value, InvocationError> {
        let Some(deployed) = self.by_name.get(name) else {
            return Err(InvocationError::Failed(format!(
                "there is no function {name}"
            )));
        };
        let trace = new_trace();
        let entry = self.journal.enter(&trace, name);
        let service = deployed.service(&self.clock).await?;
        let context = deployed.context(&trace);
        let invocation = Arc::clone(&entry.invocation);
        let outcome = tokio::select! {
            biased;
            () = invocation.died() => Err(InvocationError::Died),
            () = self.end.cancelled() => Err(InvocationError::Died),
            answer = service.call(payload, context) => {
                answer.map_err(|error| InvocationError::Failed(error.to_string()))
            }
            () = tokio::time::sleep(deployed.deployment.timeout) => Err(InvocationError::TimedOut),
        };
        if matches!(
            outcome,
            Err(InvocationError::Died | InvocationError::TimedOut)
        ) {
            // Its process is gone: the next call is a cold start.
            deployed.warm.lock().await.take();
        }
        outcome
    }
}

impl Deployed {
    fn new(deployment: Deployment) -> Self {
        let config = Config {
            function_name: deployment.function.endpoint.name.to_owned(),
            memory: i32::try_from(deployment.memory_mb).unwrap_or(i32::MAX),
            version: "$LATEST".to_owned(),
            ..Config::default()
        };
        Self {
            deployment,
            config: Arc::new(config),
            warm: Mutex::new(None),
        }
    }

    /// The warm function; a cold start where there is none.
    async fn service(&self, clock: &Clock) -> Result<Service, InvocationError> {
        let mut warm = self.warm.lock().await;
        if let Some(service) = &*warm {
            return Ok(service.clone());
        }
        let Deployment {
            function,
            environment,
            ..
        } = &self.deployment;
        let service = function
            .start(environment, clock.clone())
            .await
            .map_err(|error| InvocationError::Failed(error.to_string()))?;
        Ok(warm.insert(service).clone())
    }

    fn context(&self, trace: &str) -> Context {
        let name = &self.config.function_name;
        // The platform's deadline is of the real clock: no test moves an invocation's time away.
        let deadline = Clock::system().now() + millis(self.deployment.timeout);
        let mut context = Context::default();
        context.request_id = Uuid::new_v4().to_string();
        context.deadline = deadline.unsigned_abs();
        context.invoked_function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}");
        context.xray_trace_id = Some(format!("Root={trace}"));
        context.env_config = Arc::clone(&self.config);
        context
    }
}

/// A trace id as X-Ray has them: `1-<8 hex>-<24 hex>`.
fn new_trace() -> String {
    let id = Uuid::new_v4().simple().to_string();
    let (time, unique) = id.split_at(8);
    format!("1-{time}-{unique}")
}
