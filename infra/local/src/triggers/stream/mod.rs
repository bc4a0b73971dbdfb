//! The stream trigger: reads a table's changes and invokes a function with them.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    lane::Lane,
    progress::Progress,
    records::{Record, TableStream},
};
use super::{
    Platform, StartError, activity::Activity, checkpoints::Checkpoints, pattern::Filters, wind_down,
};

mod failure;
mod lane;
mod progress;
mod records;
#[cfg(test)]
mod tests;

pub use self::records::{StreamError, Streams};

/// How long a stream is left alone where nobody tells of a write: Lambda looks four times a second.
const IDLE_POLL: Duration = Duration::from_millis(250);
/// How long the reader stays away from a stream that cannot be read.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);
/// How many reads may wait for a lane before the reader waits for it too.
const WAITING_READS: usize = 4;

/// A function's stream, and how its records come to it.
#[derive(Debug, Clone)]
pub(super) struct StreamSource {
    pub(super) function: String,
    pub(super) table: String,
    pub(super) batch_size: usize,
    pub(super) batching_window: Duration,
    /// Event patterns.
    pub(super) filters: Vec<Value>,
    /// Until a record expires if `None`.
    pub(super) maximum_retry_attempts: Option<u32>,
    pub(super) maximum_record_age: Option<Duration>,
    pub(super) bisect: bool,
    pub(super) on_failure_queue: Option<String>,
    pub(super) lanes: usize,
    pub(super) report_batch_item_failures: bool,
    /// Where a source without a checkpoint begins: behind the newest record, or with the oldest.
    pub(super) from_latest: bool,
}

/// Reads one table's stream and hands it to one function.
pub(super) struct StreamTrigger {
    shared: Arc<Shared>,
    filters: Filters,
}

/// What the reader and the lanes of a source share.
struct Shared {
    source: StreamSource,
    platform: Platform,
    activity: Activity,
    progress: Progress,
    stream: TableStream,
    shutdown: CancellationToken,
}

impl StreamTrigger {
    /// Goes on from the source's checkpoint.
    pub(super) async fn open(
        source: StreamSource,
        platform: Platform,
        activity: Activity,
        checkpoints: Checkpoints,
        shutdown: CancellationToken,
    ) -> Result<Self, StartError> {
        let name = format!("stream {} {}", source.table, source.function);
        let progress = Progress::load(name, checkpoints)?;
        let stream = platform
            .streams
            .open(&source.table, platform.clock.clone())?;
        if source.from_latest && progress.checkpoint().is_none() {
            progress.begin_after(
                stream
                    .head()
                    .await?
                    .unwrap_or_else(records::Sequence::before_all),
            );
        }
        Ok(Self {
            filters: Filters::parse(&source.filters)?,
            shared: Arc::new(Shared {
                source,
                platform,
                activity,
                progress,
                stream,
                shutdown,
            }),
        })
    }

    /// Tells, while the trigger runs, whether it has caught up.
    pub(super) fn position(&self) -> Position {
        Position(self.shared.clone())
    }

    /// Delivers until the shutdown; then gives the invocations under way a moment.
    pub(super) async fn run(self) {
        let shutdown = self.shared.shutdown.clone();
        let mut lanes = JoinSet::new();
        let inboxes = (0..self.shared.source.lanes).map(|_| {
            let (inbox, records) = mpsc::channel(WAITING_READS);
            lanes.spawn(Lane::new(self.shared.clone(), records).run());
            inbox
        });
        let inboxes = inboxes.collect::<Vec<_>>();
        shutdown.run_until_cancelled(self.read(inboxes)).await;
        wind_down(lanes).await;
    }

    async fn read(&self, inboxes: Vec<mpsc::Sender<Vec<Record>>>) {
        let Shared {
            stream, progress, ..
        } = &*self.shared;
        let mut written = self.shared.platform.streams.watch();
        let mut cursor = None;
        loop {
            written.mark_unchanged();
            let read = async {
                let from = match cursor.take() {
                    Some(cursor) => cursor,
                    None => stream.cursor(progress.checkpoint()).await?,
                };
                let read = stream.read(&from).await;
                cursor = Some(from);
                read
            };
            let (records, next) = match read.await {
                Ok(read) => read,
                Err(error) => {
                    tracing::error!(self.shared.source.table, %error, "the stream cannot be read");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    continue;
                }
            };
            if records.is_empty() {
                let _woken_or_due = tokio::time::timeout(IDLE_POLL, written.changed()).await;
                continue;
            }
            cursor = Some(next);
            self.hand_out(records, &inboxes).await;
        }
    }

    /// Gives each lane its records. The reader waits where a lane has too many already.
    async fn hand_out(&self, records: Vec<Record>, inboxes: &[mpsc::Sender<Vec<Record>>]) {
        let mut by_lane = vec![Vec::new(); inboxes.len()];
        let mut noted = Vec::with_capacity(records.len());
        for record in records {
            let passes = self.filters.pass(&record.event);
            noted.push((record.sequence.clone(), !passes));
            if passes {
                let lane = record.lane_hash % inboxes.len() as u64;
                by_lane[usize::try_from(lane).expect("less than the lanes")].push(record);
            }
        }
        self.shared.progress.read(noted);
        for (inbox, records) in inboxes.iter().zip(by_lane) {
            if !records.is_empty() {
                // A lane ends before its reader only at the shutdown.
                let _ = inbox.send(records).await;
            }
        }
    }
}

/// How far one event source has come.
#[derive(Clone)]
pub(super) struct Position(Arc<Shared>);

impl Position {
    /// The function and the table.
    pub(super) fn name(&self) -> String {
        let StreamSource {
            function, table, ..
        } = &self.0.source;
        format!("the stream of {table} to {function}")
    }

    /// Whether all that is in the stream is settled.
    pub(super) async fn is_at_head(&self) -> Result<bool, StreamError> {
        let head = self.0.stream.head().await?;
        Ok(head.is_none_or(|head| self.0.progress.checkpoint().is_some_and(|at| at >= head)))
    }
}
