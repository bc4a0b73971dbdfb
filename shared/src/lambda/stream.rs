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
            let entries = entries(invocation.payload)?;
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

fn entries(payload: Value) -> Result<Vec<LogEntry>, Failure> {
    let batch: Batch = serde_json::from_value(payload)?;
    let images = batch.records.into_iter();
    Ok(images
        .map(|record| serde_dynamo::from_item(record.dynamodb.new_image))
        .collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::audit::Actor;
    use crate::model::log::{JobQueue, QueuedJob};
    use crate::model::usage::Levels;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000000";

    fn entry(seq: u64, at: i64, text: &str) -> LogEntry {
        LogEntry {
            tenant_id: ID.parse().expect("it is an id"),
            room: format!("project/{ID}"),
            seq,
            at,
            actor: Some(Actor::user(ID.parse().expect("it is an id"))),
            kind: "task:created".to_owned(),
            action: None,
            object: Some(format!("task/{ID}")),
            ip: "203.0.113.7".to_owned(),
            request_id: "r".to_owned(),
            counts: Levels {
                bytes: at,
                ..Levels::default()
            },
            data: text.to_owned(),
            jobs: vec![QueuedJob {
                queue: JobQueue::Email,
                body: text.to_owned(),
            }],
            note_shard: 7,
        }
    }

    fn batch(images: &[Value]) -> Value {
        let records = images
            .iter()
            .map(|image| json!({ "dynamodb": { "NewImage": image } }));
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    fn image(entry: &LogEntry) -> Value {
        let item: serde_dynamo::Item = serde_dynamo::to_item(entry).expect("it is an item");
        serde_json::to_value(item).expect("it is JSON")
    }

    fn garbage() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name = prop_oneof!["[SNBLM]", Just("NULL".to_owned()), "[a-z_]{1,9}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(name, inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_event_comes_out_of_the_stream_as_it_was_stored(
            seq in any::<u64>(),
            at in any::<i64>(),
            text in any::<String>(),
        ) {
            let stored = entry(seq, at, &text);
            let read = entries(batch(&[image(&stored)])).expect("it is an event");
            prop_assert_eq!(serde_json::to_value(&read)?, json!([stored]));
        }

        #[test]
        fn an_image_that_is_no_event_fails_its_batch(image in garbage(), name in "[a-z_]{1,9}") {
            prop_assert!(entries(batch(std::slice::from_ref(&image))).is_err());
            let mut spoilt = self::image(&entry(1, 1, "{}"));
            spoilt["seq"] = json!({ name: image });
            prop_assert!(entries(batch(&[spoilt])).is_err());
        }
    }
}
