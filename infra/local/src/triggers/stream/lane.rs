//! One lane of a stream: its records in order, one batch at a time.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use serde_json::{Value, json};
use shared::sdk::clock::{Millis, millis};
use sqs::NewMessage;
use tokio::sync::mpsc;

use super::{
    Shared,
    failure::{Condition, Failure},
    records::Record,
};
use crate::{
    front::{ACCOUNT, REGION},
    lambda::InvocationError,
    triggers::batch_response::BatchResponse,
};

/// How long a stream keeps a record, and so how long it is tried.
const RETENTION: Duration = Duration::from_hours(24);
/// The wait before the first retry; each further one doubles it.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Delivers what comes in, in order.
pub(super) struct Lane {
    shared: Arc<Shared>,
    /// What one read found for this lane, at a time.
    inbox: mpsc::Receiver<Vec<Record>>,
    waiting: VecDeque<Record>,
}

/// Records that are delivered together.
struct Batch {
    records: Vec<Record>,
    /// How often these very records failed together.
    retries: u32,
    /// How often any batch that held them was tried.
    invocations: u32,
}

/// What came of an invocation.
enum Outcome {
    Succeeded,
    /// All before this one succeeded, and from it on everything is to be tried again.
    FailedFrom(usize, Option<InvocationError>),
}

impl Lane {
    pub(super) fn new(shared: Arc<Shared>, inbox: mpsc::Receiver<Vec<Record>>) -> Self {
        Self {
            shared,
            inbox,
            waiting: VecDeque::new(),
        }
    }

    /// Runs until nothing more can come in, or until the shutdown.
    pub(super) async fn run(mut self) {
        let shutdown = self.shared.shutdown.clone();
        while let Some(Some(records)) = shutdown.run_until_cancelled(self.gather()).await {
            self.settle(Batch {
                records,
                retries: 0,
                invocations: 0,
            })
            .await;
        }
    }

    /// The next batch: what is there, and what comes within the batching window, until it is full.
    async fn gather(&mut self) -> Option<Vec<Record>> {
        let batch_size = self.shared.source.batch_size;
        if self.waiting.is_empty() {
            self.waiting.extend(self.inbox.recv().await?);
        }
        let clock = self.shared.platform.clock.clone();
        let window = clock.sleep(self.shared.source.batching_window);
        tokio::pin!(window);
        while self.waiting.len() < batch_size {
            let more = tokio::select! {
                biased;
                more = self.inbox.recv() => more,
                () = &mut window => None,
            };
            let Some(more) = more else { break };
            self.waiting.extend(more);
        }
        let full = self.waiting.len().min(batch_size);
        Some(self.waiting.drain(..full).collect())
    }

    /// Tries until every record is delivered or given up.
    async fn settle(&self, batch: Batch) {
        let mut pending = vec![batch]; // the next one stands last
        while let Some(batch) = pending.pop() {
            if self.shared.shutdown.is_cancelled() {
                return; // it is behind the checkpoint: it comes again
            }
            let Some(mut batch) = self.without_expired(batch).await else {
                continue;
            };
            let busy = self.shared.activity.begin();
            let outcome = self.deliver(&batch.records).await;
            batch.invocations += 1;
            let Outcome::FailedFrom(at, error) = outcome else {
                self.done(&batch.records);
                continue;
            };
            let failed = batch.records.split_off(at);
            self.done(&batch.records);
            drop(busy);
            let batch = Batch {
                records: failed,
                ..batch
            };
            if at > 0 {
                pending.push(Batch {
                    retries: 0,
                    ..batch
                });
            } else if self.shared.source.bisect && batch.records.len() > 1 {
                pending.extend(batch.bisect());
            } else if self.may_retry(&batch) {
                self.back_off(batch.retries).await;
                pending.push(Batch {
                    retries: batch.retries + 1,
                    ..batch
                });
            } else {
                self.give_up(&batch, Condition::RetryAttemptsExhausted, error.as_ref())
                    .await;
            }
        }
    }

    /// Gives up the records that the stream would hold no longer. `None` if none is left.
    async fn without_expired(&self, mut batch: Batch) -> Option<Batch> {
        let age = self.shared.source.maximum_record_age;
        let horizon = self.now() - millis(age.unwrap_or(RETENTION).min(RETENTION));
        let expired = batch
            .records
            .partition_point(|record| record.created_at < horizon);
        if expired > 0 {
            let fresh = batch.records.split_off(expired);
            self.give_up(&batch, Condition::RecordAgeExceeded, None)
                .await;
            batch.records = fresh;
        }
        (!batch.records.is_empty()).then_some(batch)
    }

    async fn deliver(&self, records: &[Record]) -> Outcome {
        let source = &self.shared.source;
        let events: Vec<&Value> = records.iter().map(|record| &record.event).collect();
        let event = json!({ "Records": events });
        let answer = self
            .shared
            .platform
            .functions
            .invoke(source.function.clone(), event)
            .await;
        let response = match answer {
            Ok(response) if source.report_batch_item_failures => response,
            Ok(_) => return Outcome::Succeeded,
            Err(error) => {
                return Outcome::FailedFrom(0, Some(error));
            }
        };
        let place = |sequence: &str| records.iter().position(|r| r.sequence.0 == sequence);
        let failed_from = match BatchResponse::read(&response, |item| place(item).is_some()) {
            BatchResponse::Succeeded => return Outcome::Succeeded,
            BatchResponse::Failed(items) => items.iter().filter_map(|item| place(item)).min(),
            BatchResponse::Invalid => None,
        };
        tracing::info!(
            source.function,
            source.table,
            ?failed_from,
            "a part of a batch failed"
        );
        Outcome::FailedFrom(failed_from.unwrap_or(0), None)
    }

    fn done(&self, records: &[Record]) {
        let sequences = records.iter().map(|record| &record.sequence);
        self.shared.progress.settle(sequences);
    }

    fn may_retry(&self, batch: &Batch) -> bool {
        let maximum = self.shared.source.maximum_retry_attempts;
        maximum.is_none_or(|maximum| batch.retries < maximum)
    }

    async fn back_off(&self, retries: u32) {
        let backoff = FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(retries));
        let wait = self
            .shared
            .platform
            .clock
            .sleep(backoff.min(LONGEST_BACKOFF));
        self.shared.shutdown.run_until_cancelled(wait).await;
    }

    /// Tells the failure destination and goes on without these records.
    async fn give_up(&self, batch: &Batch, condition: Condition, error: Option<&InvocationError>) {
        let Shared {
            source, platform, ..
        } = &*self.shared;
        let first = batch.records.first().map(|record| &record.sequence.0);
        let count = batch.records.len();
        tracing::error!(
            source.function,
            source.table,
            ?condition,
            count,
            first,
            "records are given up"
        );
        let failure = Failure {
            condition,
            records: &batch.records,
            invocations: batch.invocations,
            error,
            function_arn: function_arn(&source.function),
            stream_arn: &self.shared.stream.arn,
            shard: &self.shared.stream.shard,
            now: self.now(),
        };
        if let (Some(queue), Some(message)) = (&source.on_failure_queue, failure.message()) {
            let message = NewMessage::new(message.to_string());
            let mut attempts = 0;
            while let Err(error) = platform.sqs.send(queue, &message) {
                tracing::error!(queue, %error, "the failure destination takes no message");
                self.back_off(attempts).await;
                if self.shared.shutdown.is_cancelled() {
                    return;
                }
                attempts += 1;
            }
        }
        self.done(&batch.records);
    }

    fn now(&self) -> Millis {
        self.shared.platform.clock.now()
    }
}

impl Batch {
    /// The two halves, the second one first. A half is a new batch to the retries' limit, as it never failed
    /// as such.
    fn bisect(mut self) -> [Batch; 2] {
        let second = self.records.split_off(self.records.len() / 2);
        let invocations = self.invocations;
        [second, self.records].map(|records| Batch {
            records,
            retries: 0,
            invocations,
        })
    }
}

fn function_arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}
