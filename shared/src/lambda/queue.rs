//! Queues: one job at a time, and a batch's failures reported one by one.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Adapter, Failure, Function, Invocation};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::event::caller::Worker;
use crate::model::log::{Envelope, Job};
use crate::sdk::Sdk;
use crate::tenant::Tenant;

/// A message of a queue: the job, and what its consumer may need to know of the delivery.
#[derive(Debug, Clone)]
pub struct Message<J> {
    /// The job in its envelope; its id is what to be idempotent by.
    pub job: Envelope<J>,
    /// What to call this delivery by, to put it off.
    pub receipt: String,
    /// How often it has been delivered, this time included.
    pub deliveries: u32,
}

/// A function that consumes a queue.
pub fn function<J, H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    J: Job,
    H: Fn(Sdk, Event<Message<J>, Worker>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    Function::new(
        endpoint,
        Queue {
            handler: Arc::new(handler),
            job: PhantomData::<fn(J)>,
        },
    )
}

struct Queue<H, T> {
    handler: Arc<H>,
    job: PhantomData<T>,
}

impl<J, H, F> Adapter for Queue<H, fn(J)>
where
    J: Job,
    H: Fn(Sdk, Event<Message<J>, Worker>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    /// Messages are handled in their order. In a FIFO queue, what follows a failed message of its group
    /// fails with it, or it would overtake.
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let batch: SqsEvent = serde_json::from_value(invocation.payload)?;
            let mut failures = Vec::new();
            let mut stuck_groups: Vec<String> = Vec::new();
            for record in batch.records {
                let id = record.message_id.clone().unwrap_or_default();
                let group = record.attributes.get("MessageGroupId").cloned();
                let stuck = group
                    .as_ref()
                    .is_some_and(|group| stuck_groups.contains(group));
                let outcome = if stuck {
                    Err(Error::unavailable("an earlier message of its group failed"))
                } else {
                    let function = invocation.endpoint.name;
                    let outcome =
                        handle(handler.as_ref(), invocation.sdk.clone(), record, &id).await;
                    log(function, &id, &outcome);
                    outcome
                };
                if outcome.is_err() {
                    failures.push(json!({ "itemIdentifier": id }));
                    stuck_groups.extend(group);
                }
            }
            Ok(json!({ "batchItemFailures": failures }))
        }
        .boxed()
    }
}

async fn handle<J, H, F>(handler: &H, sdk: Sdk, record: SqsMessage, id: &str) -> Result<()>
where
    J: Job,
    H: Fn(Sdk, Event<Message<J>, Worker>) -> F,
    F: Future<Output = Result<()>>,
{
    let message = parse::<J>(record)?;
    let caller = Worker {
        tenant: Tenant::verified(message.job.tenant_id),
    };
    handler(sdk, Event::new(message, caller, id)).await
}

/// A message that is no job of this queue is retried until it is among the dead letters: a deployment
/// may be under way that knows it.
fn parse<J: Job>(record: SqsMessage) -> Result<Message<J>> {
    let body = record.body.unwrap_or_default();
    let envelope: Envelope<Box<RawValue>> = serde_json::from_str(&body)
        .map_err(|error| Error::bad_request(format!("not an envelope: {error}")))?;
    if envelope.kind != J::TYPE || envelope.version != J::VERSION {
        return Err(Error::bad_request(format!(
            "a job {} of version {}, not {} of version {}",
            envelope.kind,
            envelope.version,
            J::TYPE,
            J::VERSION
        )));
    }
    let payload: J = serde_json::from_str(envelope.payload.get())
        .map_err(|error| Error::bad_request(format!("not a {}: {error}", J::TYPE)))?;
    Ok(Message {
        job: Envelope {
            id: envelope.id,
            kind: envelope.kind,
            version: envelope.version,
            tenant_id: envelope.tenant_id,
            payload,
        },
        receipt: record.receipt_handle.unwrap_or_default(),
        deliveries: record
            .attributes
            .get("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
    })
}

fn log(function: &str, message_id: &str, outcome: &Result<()>) {
    match outcome {
        Ok(()) => tracing::info!(function, message_id, "done"),
        Err(error) => tracing::warn!(function, message_id, %error, "not done"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::model::log::TaskAssigned;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000000";

    fn record(body: &str, deliveries: &str) -> SqsMessage {
        let record = json!({
            "body": body,
            "attributes": { "ApproximateReceiveCount": deliveries },
        });
        serde_json::from_value(record).expect("it is a record")
    }

    fn envelope(id: &str, kind: &str, version: u32, title: &str) -> String {
        json!({
            "id": id,
            "type": kind,
            "version": version,
            "tenant_id": ID,
            "payload": { "taskId": ID, "assignedTo": ID, "title": title },
        })
        .to_string()
    }

    #[test]
    fn a_job_of_another_type_or_version_is_left_to_those_who_know_it() {
        assert!(
            parse::<TaskAssigned>(record(&envelope("7", "task:assigned", 1, "A"), "1")).is_ok()
        );
        for (kind, version) in [("task:assigned", 2), ("task:index", 1)] {
            let body = envelope("7", kind, version, "A");
            let refused = parse::<TaskAssigned>(record(&body, "1")).expect_err("it is refused");
            assert_eq!(refused.code(), Code::BadRequest);
        }
    }

    proptest! {
        #[test]
        fn a_job_comes_out_as_it_went_in(
            id in any::<String>(),
            title in "\\PC{1,40}",
            deliveries in any::<u32>(),
        ) {
            let body = envelope(&id, TaskAssigned::TYPE, TaskAssigned::VERSION, &title);
            let message = parse::<TaskAssigned>(record(&body, &deliveries.to_string()))?;
            prop_assert_eq!(&message.job.id, &id);
            prop_assert_eq!(message.deliveries, deliveries);
            prop_assert_eq!(serde_json::to_string(&message.job)?, body);
        }

        #[test]
        fn what_is_no_job_is_refused_and_no_more(body in ".{0,80}", deliveries in ".{0,8}") {
            let refused = parse::<TaskAssigned>(record(&body, &deliveries));
            prop_assert_eq!(refused.expect_err("it is refused").code(), Code::BadRequest);
        }
    }
}
