//! What the triggers' tests stand on: real queues and a real database in a folder of their own, and
//! functions that are closures.

use std::{
    future::{Ready, ready},
    sync::{Arc, Mutex},
    time::Duration,
};

use dynoxide::Database;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use shared::sdk::clock::Clock;
use sqs::{NewMessage, QueueSettings, Sqs};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Platform, Streams, Triggers, Unsettled, Until, start_sources};
use crate::{
    lambda::{InvocationError, Invoke},
    template::EventSource,
};

pub(super) type Answer = Result<Value, InvocationError>;

/// The function of every event source under test.
pub(super) const FUNCTION: &str = "worker";
const PATIENCE: Duration = Duration::from_secs(20);

/// Queues, a database and a clock, with no event source yet.
pub(super) struct Bench {
    pub(super) folder: TempDir,
    pub(super) clock: Clock,
    pub(super) sqs: Sqs,
    pub(super) database: Database,
}

impl Bench {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::system();
        Self {
            sqs: open_queues(&folder, &clock),
            database: open_database(&folder),
            folder,
            clock,
        }
    }

    /// The same files in a new process: nothing of the old one is asked to close.
    pub(super) fn restarted(self) -> Self {
        Self {
            sqs: open_queues(&self.folder, &self.clock),
            database: open_database(&self.folder),
            ..self
        }
    }

    pub(super) fn queue(&self, name: &str, change: impl FnOnce(&mut QueueSettings)) {
        let mut settings = QueueSettings::new(name);
        change(&mut settings);
        self.sqs.create_queue(&settings).expect("a queue");
    }

    pub(super) fn send(&self, queue: &str, body: &str) {
        let message = NewMessage::new(body);
        self.sqs.send(queue, &message).expect("sent");
    }

    pub(super) fn send_all(&self, queue: &str, bodies: &[impl AsRef<str>]) {
        for body in bodies {
            self.send(queue, body.as_ref());
        }
    }

    pub(super) fn send_to_group(&self, queue: &str, group: &str, body: &str) {
        let message = NewMessage {
            group: Some(group.to_owned()),
            deduplication_id: Some(body.to_owned()),
            ..NewMessage::new(body)
        };
        self.sqs.send(queue, &message).expect("sent");
    }

    /// A table with keys `pk` and `sk` and a stream of new images.
    pub(super) fn table(&self, name: &str) {
        let request = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        });
        let request = serde_json::from_value(request).expect("a request");
        self.database.create_table(request).expect("a table");
    }

    pub(super) fn put(&self, table: &str, pk: &str, sk: &str) {
        let item = json!({"TableName": table, "Item": {"pk": {"S": pk}, "sk": {"S": sk}}});
        let request = serde_json::from_value(item).expect("a request");
        self.database.put_item(request).expect("put");
    }

    /// Starts one event source whose function is `function`.
    pub(super) async fn start<F, A>(&self, source: EventSource, function: F) -> Running
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        let payloads = Arc::new(Mutex::new(Vec::new()));
        let function = Closure {
            payloads: payloads.clone(),
            answer: Box::new(move |payload| Box::pin(function(payload))),
        };
        let streams = Streams::new(self.database.clone());
        let platform = Platform {
            functions: Arc::new(function),
            sqs: self.sqs.clone(),
            streams: streams.clone(),
            clock: self.clock.clone(),
        };
        let shutdown = CancellationToken::new();
        let sources = [(FUNCTION, &source)];
        let checkpoints = self.folder.path().join("triggers.sqlite");
        let triggers = start_sources(&sources, platform, &checkpoints, shutdown.clone());
        Running {
            triggers: triggers.await.expect("started"),
            streams,
            shutdown,
            payloads,
        }
    }
}

fn open_queues(folder: &TempDir, clock: &Clock) -> Sqs {
    let clock = clock.clone();
    let options = sqs::Options::new("http://127.0.0.1:1");
    let file = folder.path().join("queues.sqlite");
    Sqs::open(&file, Arc::new(move || clock.now()), options).expect("queues")
}

fn open_database(folder: &TempDir) -> Database {
    let file = folder.path().join("tables.sqlite");
    Database::new(file.to_str().expect("a path")).expect("a database")
}

/// An event source at work.
pub(super) struct Running {
    pub(super) triggers: Triggers,
    pub(super) streams: Streams,
    pub(super) shutdown: CancellationToken,
    payloads: Arc<Mutex<Vec<Value>>>,
}

impl Running {
    pub(super) async fn settle(&self, until: Until) {
        self.try_settle(until, PATIENCE).await.expect("settled");
    }

    pub(super) async fn try_settle(&self, until: Until, within: Duration) -> Result<(), Unsettled> {
        self.triggers.settle(until, within).await
    }

    /// What the function was called with, in the order in which the calls began.
    pub(super) fn payloads(&self) -> Vec<Value> {
        self.payloads.lock().expect("no panic").clone()
    }

    pub(super) fn invocations(&self) -> usize {
        self.payloads().len()
    }

    /// The bodies of the messages, a list for each invocation.
    pub(super) fn bodies(&self) -> Vec<Vec<String>> {
        self.batches(|record| &record["body"])
    }

    /// The sort keys of the records, a list for each invocation.
    pub(super) fn sort_keys(&self) -> Vec<Vec<String>> {
        self.batches(|record| &record["dynamodb"]["Keys"]["sk"]["S"])
    }

    /// Ends the event sources as they are ended with the stack.
    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        self.triggers.ended().await;
    }

    /// Ends them as `kill -9` does: whatever is under way stops where it is.
    pub(super) fn kill(self) {
        drop(self.triggers);
    }

    fn batches(&self, text: impl Fn(&Value) -> &Value) -> Vec<Vec<String>> {
        let texts = |payload: &Value| records(payload).iter().map(|r| string(text(r))).collect();
        self.payloads().iter().map(texts).collect()
    }
}

struct Closure {
    payloads: Arc<Mutex<Vec<Value>>>,
    answer: Box<dyn Fn(Value) -> BoxFuture<'static, Answer> + Send + Sync>,
}

impl Invoke for Closure {
    fn invoke(&self, function: String, payload: Value) -> BoxFuture<'static, Answer> {
        assert_eq!(function, FUNCTION);
        self.payloads
            .lock()
            .expect("no panic")
            .push(payload.clone());
        (self.answer)(payload)
    }
}

/// A function that does nothing, with success.
pub(super) fn succeed(_payload: Value) -> Ready<Answer> {
    ready(Ok(Value::Null))
}

pub(super) fn failure() -> Answer {
    Err(InvocationError::Failed("as the test wants it".to_owned()))
}

/// A response that lists `items` as failed.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands where a function answers"
)]
pub(super) fn failed_items(items: &[&Value]) -> Answer {
    let items = items.iter().map(|item| json!({"itemIdentifier": item}));
    Ok(json!({"batchItemFailures": items.collect::<Vec<_>>()}))
}

pub(super) fn records(payload: &Value) -> &[Value] {
    payload["Records"].as_array().expect("records")
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// Waits until `condition` holds.
pub(super) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
