//! Schedules: what runs by the clock, in no tenant.

use std::future::Future;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use serde_json::{Value, json};

use super::{Adapter, Failure, Function, Invocation};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::event::Event;
use crate::event::caller::System;
use crate::input::Nothing;
use crate::sdk::Sdk;

/// A function that runs by the clock. What it returns is how much it did.
pub fn function<H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    H: Fn(Sdk, Event<Nothing, System>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<usize>> + Send + 'static,
{
    Function::new(endpoint, Schedule(Arc::new(handler)))
}

struct Schedule<H>(Arc<H>);

impl<H, F> Adapter for Schedule<H>
where
    H: Fn(Sdk, Event<Nothing, System>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<usize>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.0.clone();
        async move {
            let function = invocation.endpoint.name;
            let event = Event::new(Nothing {}, System(()), &invocation.request_id);
            let done = handler(invocation.sdk, event)
                .await
                .inspect_err(|error| tracing::warn!(function, %error, "not swept"))?;
            tracing::info!(function, done, "swept");
            Ok(json!({ "done": done }))
        }
        .boxed()
    }
}
