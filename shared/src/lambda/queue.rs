//! Queues: one job at a time, and a batch's failures reported one by one.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures::future::{BoxFuture, FutureExt, join_all};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Adapter, Failure, Function, Invocation, until};
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::event::Event;
use crate::event::caller::Worker;
use crate::model::audit::Origin;
use crate::model::log::{Envelope, JobQueue, Jobs};
use crate::sdk::Sdk;
use crate::tenant::Tenant;

/// A message of a queue: the job, and what its consumer may need to know of the delivery.
#[derive(Debug, Clone)]
pub struct Message<J> {
    /// The job in its envelope; its id is what to be idempotent by.
    pub job: Envelope<J>,
    /// How often it has been delivered, this time included.
    pub deliveries: u32,
}

/// A function that consumes a queue.
pub fn function<J, H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    J: Jobs,
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
    J: Jobs,
    H: Fn(Sdk, Event<Message<J>, Worker>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    /// Groups of a FIFO queue go side by side, and messages without a group one after the other. What fails
    /// comes back after a wait that grows with its deliveries, or that its handler asked for; what there is
    /// no time for fails too, and what was done stays done.
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let batch: SqsEvent = serde_json::from_value(invocation.payload)?;
            let delivery = Delivery {
                function: invocation.endpoint.name,
                sdk: invocation.sdk,
                deadline: invocation.deadline,
            };
            let lanes = in_lanes(batch.records);
            let lanes = lanes
                .into_iter()
                .map(|(ordered, lane)| delivery.lane(handler.as_ref(), lane, ordered));
            let failures: Vec<Value> = join_all(lanes)
                .await
                .into_iter()
                .flatten()
                .map(|id| json!({ "itemIdentifier": id }))
                .collect();
            Ok(json!({ "batchItemFailures": failures }))
        }
        .boxed()
    }
}

/// What all messages of a batch are handled with.
struct Delivery {
    function: &'static str,
    sdk: Sdk,
    deadline: Instant,
}

impl Delivery {
    /// Handles messages one after the other; returns the ids of those that failed. What follows a failed one
    /// fails with it where their order counts, or it would overtake, and where too much was asked for at
    /// once, or it would ask for more.
    async fn lane<J, H, F>(
        &self,
        handler: &H,
        records: Vec<SqsMessage>,
        ordered: bool,
    ) -> Vec<String>
    where
        J: Jobs,
        H: Fn(Sdk, Event<Message<J>, Worker>) -> F,
        F: Future<Output = Result<()>>,
    {
        let mut failed = Vec::new();
        let mut stuck = None;
        for record in records {
            let id = record.message_id.clone().unwrap_or_default();
            let receipt = record.receipt_handle.clone().unwrap_or_default();
            let deliveries = deliveries(&record);
            if stuck.is_none() {
                let work = handle(handler, self.sdk.renewed(), record, &id);
                let outcome = until(self.deadline, work).await;
                log(self.function, &id, &outcome);
                let Err(error) = outcome else {
                    continue;
                };
                let wait = error
                    .retry_after()
                    .unwrap_or_else(|| J::QUEUE.wait_after(deliveries));
                self.put_off(J::QUEUE, &receipt, wait).await;
                let all = ordered || error.code() == Code::RateLimited;
                stuck = all.then_some(wait);
            } else if let Some(wait) = stuck {
                self.put_off(J::QUEUE, &receipt, wait).await;
            }
            failed.push(id);
        }
        failed
    }

    /// If it can't be put off, it comes back when the queue's own timeout is over.
    async fn put_off(&self, queue: JobQueue, receipt: &str, wait: Duration) {
        if let Err(error) = self.sdk.queue.delay(queue, receipt, wait).await {
            tracing::warn!(function = self.function, %error, "not put off");
        }
    }
}

/// The groups of a batch, each in its order; all that has no group is one lane, whose order does not count.
fn in_lanes(records: Vec<SqsMessage>) -> Vec<(bool, Vec<SqsMessage>)> {
    let mut lanes: Vec<(Option<String>, Vec<SqsMessage>)> = Vec::new();
    for record in records {
        let group = record.attributes.get("MessageGroupId").cloned();
        match lanes.iter_mut().find(|(lane, _)| *lane == group) {
            Some((_, lane)) => lane.push(record),
            None => lanes.push((group, vec![record])),
        }
    }
    lanes
        .into_iter()
        .map(|(group, lane)| (group.is_some(), lane))
        .collect()
}

fn deliveries(record: &SqsMessage) -> u32 {
    record
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(1)
}

async fn handle<J, H, F>(handler: &H, sdk: Sdk, record: SqsMessage, id: &str) -> Result<()>
where
    J: Jobs,
    H: Fn(Sdk, Event<Message<J>, Worker>) -> F,
    F: Future<Output = Result<()>>,
{
    let message = parse::<J>(record)?;
    let caller = Worker {
        tenant: Tenant::verified(message.job.tenant_id),
    };
    sdk.come_from(Origin {
        ip: String::new(),
        request_id: id.to_owned(),
    });
    sdk.act_in(caller.tenant)?;
    handler(sdk, Event::new(message, caller, id)).await
}

/// A message that is no job of this queue is retried until it is among the dead letters: a deployment
/// may be under way that knows it.
fn parse<J: Jobs>(record: SqsMessage) -> Result<Message<J>> {
    let deliveries = deliveries(&record);
    let body = record.body.unwrap_or_default();
    let envelope: Envelope<Box<RawValue>> = serde_json::from_str(&body)
        .map_err(|error| Error::bad_request(format!("not an envelope: {error}")))?;
    let payload =
        J::of(&envelope.kind, envelope.version, &envelope.payload).map_err(Error::bad_request)?;
    Ok(Message {
        job: Envelope {
            id: envelope.id,
            kind: envelope.kind,
            version: envelope.version,
            tenant_id: envelope.tenant_id,
            payload,
        },
        deliveries,
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
    use crate::model::log::{Job, TaskAssigned};
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
