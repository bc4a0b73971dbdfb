//! Lambda's event sources: queues, streams and schedules, as the template sets them.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::Value;
use shared::sdk::clock::Clock;
use sqs::{Sqs, SqsError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::{
    activity::Activity, checkpoints::Checkpoints, queue::Pump, schedule::Schedule, settle::Sources,
    source::Source, stream::StreamTrigger,
};
use crate::{
    lambda::{InvocationError, Invoke},
    template::{EventSource, Template},
};

mod activity;
mod batch_response;
mod checkpoints;
mod pattern;
mod queue;
mod schedule;
mod settle;
mod source;
mod stream;
#[cfg(test)]
mod testing;

pub use self::{
    pattern::PatternError,
    schedule::ExpressionError,
    settle::{Unsettled, Until},
    stream::{StreamError, Streams},
};

/// How long invocations under way may take to end at the shutdown.
const GRACE: Duration = Duration::from_millis(400);

/// What the event sources stand on. Clones share it.
#[derive(Clone)]
pub struct Platform {
    /// The functions that they invoke.
    pub functions: Arc<dyn Invoke>,
    /// The queues: those of the template exist.
    pub sqs: Sqs,
    /// The tables' streams: the tables of the template exist.
    pub streams: Streams,
    /// What batching windows, retries, schedules and the age of records follow.
    pub clock: Clock,
}

/// Why the event sources cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file of checkpoints.
    #[error("the triggers' checkpoints: {0}")]
    Checkpoints(#[from] rusqlite::Error),
    /// A queue.
    #[error("a trigger's queue: {0}")]
    Queue(#[from] SqsError),
    /// A stream.
    #[error("a trigger's stream: {0}")]
    Stream(#[from] StreamError),
    /// A filter.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A schedule.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

/// The event sources at work.
pub struct Triggers {
    running: JoinSet<()>,
    sources: Sources,
    clock: Clock,
}

/// Why a schedule was not fired by hand, or what came of it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FireError {
    /// The template has no such schedule.
    #[error("there is no schedule {0}")]
    Unknown(String),
    /// The function failed.
    #[error(transparent)]
    Invocation(#[from] InvocationError),
}

/// Starts every event source of `template`, each where it stood according to the file `checkpoints`, which
/// is made if missing. At the shutdown they take nothing new, and give what is under way half a second: what
/// is not done then is delivered again after the next start.
pub async fn start(
    template: &Template,
    platform: Platform,
    checkpoints: &Path,
    shutdown: CancellationToken,
) -> Result<Triggers, StartError> {
    let functions = template.functions.iter();
    let sources = functions
        .flat_map(|function| function.events.iter().map(|event| (&*function.name, event)))
        .collect::<Vec<_>>();
    start_sources(&sources, platform, checkpoints, shutdown).await
}

async fn start_sources(
    sources: &[(&str, &EventSource)],
    platform: Platform,
    checkpoints: &Path,
    shutdown: CancellationToken,
) -> Result<Triggers, StartError> {
    let checkpoints = Checkpoints::open(checkpoints)?;
    let activity = Activity::default();
    let mut triggers = Triggers {
        running: JoinSet::new(),
        sources: Sources {
            sqs: platform.sqs.clone(),
            queues: Vec::new(),
            streams: Vec::new(),
            schedules: Vec::new(),
            activity: activity.clone(),
        },
        clock: platform.clock.clone(),
    };
    for (function, event) in sources {
        let platform = platform.clone();
        let activity = activity.clone();
        let shutdown = shutdown.clone();
        match Source::of(function, event) {
            Some(Source::Queue(source)) => {
                platform.sqs.counts(&source.queue)?; // it exists
                triggers.sources.queues.push(source.queue.clone());
                let pump = Pump {
                    source,
                    platform,
                    activity,
                };
                triggers.running.spawn(pump.run(shutdown));
            }
            Some(Source::Stream(source)) => {
                let checkpoints = checkpoints.clone();
                let trigger =
                    StreamTrigger::open(source, platform, activity, checkpoints, shutdown).await?;
                triggers.sources.streams.push(trigger.position());
                triggers.running.spawn(trigger.run());
            }
            Some(Source::Schedule(source)) => {
                let schedule = Schedule::open(source, platform, activity, checkpoints.clone())?;
                triggers.sources.schedules.push(schedule.clone());
                triggers.running.spawn(schedule.run(shutdown));
            }
            None => {}
        }
    }
    Ok(triggers)
}

impl Triggers {
    /// Waits until there is nothing left to do, for at most `within` (in real time, whatever the clock reads).
    pub async fn settle(&self, until: Until, within: Duration) -> Result<(), Unsettled> {
        self.sources.settle(until, within).await
    }

    /// Fires a schedule now, without a change to when it fires by itself, and waits for its function.
    pub async fn fire(&self, schedule: &str) -> Result<Value, FireError> {
        let mut schedules = self.sources.schedules.iter();
        let schedule = schedules
            .find(|candidate| candidate.name() == schedule)
            .ok_or_else(|| FireError::Unknown(schedule.to_owned()))?;
        Ok(schedule.fire(self.clock.now()).await?)
    }

    /// Returns when all have ended after the shutdown.
    pub async fn ended(mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

/// Gives tasks a moment to end, then ends them.
async fn wind_down(mut tasks: JoinSet<()>) {
    let ended = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        tasks.shutdown().await;
    }
}
