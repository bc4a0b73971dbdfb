//! The queue pump: takes messages from a queue and invokes a function with them.

use std::{sync::Arc, time::Duration};

use sqs::{Message, SqsError};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    Platform,
    activity::{Activity, Busy},
    batch_response::BatchResponse,
    wind_down,
};

mod event;
#[cfg(test)]
mod tests;

/// How many invocations run side by side where the event source sets no maximum: what Lambda begins with.
const DEFAULT_CONCURRENCY: u32 = 5;
/// Lambda takes 6 MB at most; beyond this a batch waits for no more messages (one has 1 MiB at most).
const FULL_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long the pump stays away from a queue that cannot be read.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// A function's queue, and how its messages come to it.
#[derive(Debug, Clone)]
pub(super) struct QueueSource {
    pub(super) function: String,
    pub(super) queue: String,
    pub(super) batch_size: usize,
    pub(super) batching_window: Duration,
    pub(super) report_batch_item_failures: bool,
    pub(super) maximum_concurrency: Option<u32>,
}

/// Takes batches from one queue and hands them to its function.
pub(super) struct Pump {
    pub(super) source: QueueSource,
    pub(super) platform: Platform,
    pub(super) activity: Activity,
}

/// Messages on their way to the function.
struct Batch {
    messages: Vec<Message>,
    _busy: Busy,
}

impl Pump {
    /// Pumps until `shutdown`; then gives the invocations under way a moment.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let pump = Arc::new(self);
        let maximum = pump
            .source
            .maximum_concurrency
            .unwrap_or(DEFAULT_CONCURRENCY);
        let slots = Arc::new(Semaphore::new(maximum as usize));
        let mut invocations = JoinSet::new();
        // A message is taken only once it can be delivered: its visibility timeout is for the function.
        while let Some((slot, batch)) = shutdown
            .run_until_cancelled(async {
                let slot = slots.clone().acquire_owned().await;
                (slot, pump.next_batch().await)
            })
            .await
        {
            while invocations.try_join_next().is_some() {}
            let pump = pump.clone();
            invocations.spawn(async move {
                pump.deliver(batch).await;
                drop(slot);
            });
        }
        wind_down(invocations).await;
    }

    async fn next_batch(&self) -> Batch {
        loop {
            match self.take_batch().await {
                Ok(Some(batch)) => return batch,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(queue = self.source.queue, %error, "the queue cannot be read");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }

    /// Waits for messages and takes them. `None` if others were faster.
    async fn take_batch(&self) -> Result<Option<Batch>, SqsError> {
        self.wait_for_message().await?;
        let busy = self.activity.begin();
        let mut messages = self.take(self.source.batch_size)?;
        if messages.is_empty() {
            return Ok(None);
        }
        self.fill(&mut messages).await?;
        Ok(Some(Batch {
            messages,
            _busy: busy,
        }))
    }

    /// Takes what comes within the batching window, until the batch is full.
    async fn fill(&self, messages: &mut Vec<Message>) -> Result<(), SqsError> {
        if self.source.batching_window.is_zero() {
            return Ok(());
        }
        let window = self.platform.clock.sleep(self.source.batching_window);
        tokio::pin!(window);
        while messages.len() < self.source.batch_size && bytes(messages) < FULL_BATCH_BYTES {
            tokio::select! {
                () = &mut window => break,
                waited = self.wait_for_message() => waited?,
            }
            messages.extend(self.take(self.source.batch_size - messages.len())?);
        }
        Ok(())
    }

    /// Returns once a message can be received, by an arrival, by time passing or by the clock being moved.
    async fn wait_for_message(&self) -> Result<(), SqsError> {
        let mut moved = self.platform.clock.moved();
        loop {
            tokio::select! {
                waited = self.platform.sqs.wait_for_message(&self.source.queue) => return waited,
                _ = moved.changed() => {}
            }
        }
    }

    fn take(&self, at_most: usize) -> Result<Vec<Message>, SqsError> {
        self.platform.sqs.receive(&self.source.queue, at_most, None)
    }

    /// Invokes the function. What it has done is deleted; what failed stays in the queue as it is, hidden
    /// for its visibility timeout or for as long as the function has set.
    async fn deliver(&self, batch: Batch) {
        let QueueSource {
            function, queue, ..
        } = &self.source;
        let arn = self.platform.sqs.queue_arn(queue);
        let event = event::event(&batch.messages, &arn);
        let answer = self.platform.functions.invoke(function.clone(), event);
        let Ok(response) = answer.await else {
            return;
        };
        let response = if self.source.report_batch_item_failures {
            BatchResponse::read(&response, |id| batch.messages.iter().any(|m| m.id == id))
        } else {
            BatchResponse::Succeeded
        };
        match response {
            BatchResponse::Succeeded => self.delete(&batch.messages),
            BatchResponse::Invalid => {
                tracing::warn!(function, queue, "a batch failed: its response is not valid");
            }
            BatchResponse::Failed(ids) => {
                tracing::info!(
                    function,
                    queue,
                    failed = ids.len(),
                    "a part of a batch failed"
                );
                let failed = |message: &Message| ids.contains(&message.id);
                self.delete(succeeded(&batch.messages, failed));
            }
        }
    }

    fn delete<'a>(&self, messages: impl IntoIterator<Item = &'a Message>) {
        let queue = &self.source.queue;
        for message in messages {
            if let Err(error) = self.platform.sqs.delete(queue, &message.receipt) {
                // Its visibility timeout has ended meanwhile: it comes again.
                tracing::warn!(queue, %error, "a message cannot be deleted");
            }
        }
    }
}

/// The messages that did not fail, and in whose group none failed before them: to delete those would
/// put them before the one that comes again.
fn succeeded(
    messages: &[Message],
    failed: impl Fn(&Message) -> bool,
) -> impl Iterator<Item = &Message> {
    let mut failed_groups = Vec::new();
    messages.iter().filter(move |message| {
        // Only in FIFO queues does a group stand for an order.
        let group = message.sequence_number.as_ref().and(message.group.as_ref());
        let failed = failed(message) || failed_groups.iter().any(|failed| Some(*failed) == group);
        failed_groups.extend(group.filter(|_| failed));
        !failed
    })
}

fn bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.body.len()).sum()
}
