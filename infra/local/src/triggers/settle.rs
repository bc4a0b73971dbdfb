//! Waiting until the event sources have nothing left to do.

use std::{fmt, time::Duration};

use futures::FutureExt;
use sqs::Sqs;
use tokio::time::Instant;

use super::{activity::Activity, schedule::Schedule, stream::Position};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(5);

/// When the event sources count as settled. In any case the streams are delivered up to their newest
/// record, no schedule is due, and no invocation is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// No message can be received at this time. Those in flight, delayed or waiting for a retry may stay.
    Idle,
    /// No source queue holds a message, except those whose delay has not passed. Dead-letter queues are no
    /// source queues.
    Drained,
    /// No source queue holds any message.
    Empty,
}

/// What was left when the time was over: one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not settled: {0}")]
pub struct Unsettled(Remainder);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Remainder(Vec<String>);

impl fmt::Display for Remainder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// All that can hold work.
#[derive(Clone)]
pub(super) struct Sources {
    pub(super) sqs: Sqs,
    pub(super) queues: Vec<String>,
    pub(super) streams: Vec<Position>,
    pub(super) schedules: Vec<Schedule>,
    pub(super) activity: Activity,
}

impl Sources {
    /// Waits for at most `within`, in real time.
    pub(super) async fn settle(&self, until: Until, within: Duration) -> Result<(), Unsettled> {
        let deadline = Instant::now() + within;
        loop {
            // What one source hands to another that was looked at before shows in what has begun meanwhile.
            let begun = self.activity.begun();
            let left = self.left(until).await;
            if left.0.is_empty() && self.activity.begun() == begun {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Unsettled(left));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn left(&self, until: Until) -> Remainder {
        let mut left = Vec::new();
        match self.activity.under_way() {
            0 => {}
            under_way => left.push(format!("{under_way} batches under way")),
        }
        for stream in &self.streams {
            match stream.is_at_head().await {
                Ok(true) => {}
                Ok(false) => left.push(format!("{} is behind", stream.name())),
                Err(error) => left.push(format!("{}: {error}", stream.name())),
            }
        }
        let due = self.schedules.iter().filter(|schedule| schedule.is_due());
        left.extend(due.map(|schedule| format!("schedule {} is due", schedule.name())));
        left.extend(
            self.queues
                .iter()
                .filter_map(|queue| self.left_in(queue, until)),
        );
        Remainder(left)
    }

    fn left_in(&self, queue: &str, until: Until) -> Option<String> {
        if until == Until::Idle {
            // Takes the locks of message groups into account, which the counts do not.
            let receivable = self.sqs.wait_for_message(queue).now_or_never()?;
            return Some(receivable.map_or_else(
                |error| format!("queue {queue}: {error}"),
                |()| format!("queue {queue} has messages to receive"),
            ));
        }
        let counts = match self.sqs.counts(queue) {
            Ok(counts) => counts,
            Err(error) => return Some(format!("queue {queue}: {error}")),
        };
        let holds = match until {
            Until::Empty => counts.total(),
            _ => counts.visible + counts.in_flight,
        };
        (holds > 0).then(|| {
            format!(
                "queue {queue}: {} visible, {} in flight, {} delayed",
                counts.visible, counts.in_flight, counts.delayed
            )
        })
    }
}
