//! The stream of the table `Data`: the log's new events, in order.

use std::future::Future;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Adapter, Failure, Function, Invocation};
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::event::Event;
use crate::event::caller::System;
use crate::model::log::LogEntry;
use crate::sdk::Sdk;

/// A function that reads the log. It succeeds for a whole batch or fails for it: the platform then halves
/// the batch and tries again, so that one bad record holds nothing else up.
pub fn function<H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    H: Fn(Sdk, Event<Vec<LogEntry>, System>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    Function::new(endpoint, Stream(Arc::new(handler)))
}

struct Stream<H>(Arc<H>);

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Images,
}

#[derive(Deserialize)]
struct Images {
    #[serde(rename = "NewImage")]
    new_image: serde_dynamo::Item,
}

impl<H, F> Adapter for Stream<H>
where
    H: Fn(Sdk, Event<Vec<LogEntry>, System>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.0.clone();
        async move {
            let batch: Batch = serde_json::from_value(invocation.payload)?;
            let entries = batch
                .records
                .into_iter()
                .map(|record| serde_dynamo::from_item(record.dynamodb.new_image))
                .collect::<Result<Vec<LogEntry>, _>>()?;
            let function = invocation.endpoint.name;
            let count = entries.len();
            let event = Event::new(entries, System(()), &invocation.request_id);
            handler(invocation.sdk, event)
                .await
                .inspect_err(|error| tracing::warn!(function, %error, "not relayed"))?;
            tracing::info!(function, events = count, "relayed");
            Ok(json!({ "batchItemFailures": [] }))
        }
        .boxed()
    }
}
