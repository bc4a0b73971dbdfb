//! The schedule trigger: invokes a function at its times.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::Value;
use shared::sdk::clock::{Millis, millis};
use tokio_util::sync::CancellationToken;

use self::expression::Expression;
use super::{GRACE, Platform, StartError, activity::Activity, checkpoints::Checkpoints};
use crate::lambda::InvocationError;

mod day_of_week;
mod event;
mod expression;
#[cfg(test)]
mod tests;

pub use self::expression::ExpressionError;

/// When a failed invocation is tried again: Lambda retries what is invoked asynchronously twice.
const RETRIES: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// A function's schedule.
#[derive(Debug, Clone)]
pub(super) struct ScheduleSource {
    pub(super) function: String,
    pub(super) name: String,
    pub(super) expression: String,
}

/// Fires one schedule. Clones are one.
#[derive(Clone)]
pub(super) struct Schedule(Arc<Inner>);

struct Inner {
    source: ScheduleSource,
    expression: Expression,
    platform: Platform,
    activity: Activity,
    checkpoints: Checkpoints,
    checkpoint: String,
    last_fired: AtomicI64,
    /// When there is something to do next.
    due: AtomicI64,
}

impl Schedule {
    /// Goes on from when the schedule last fired; one that is new counts from now on.
    pub(super) fn open(
        source: ScheduleSource,
        platform: Platform,
        activity: Activity,
        checkpoints: Checkpoints,
    ) -> Result<Self, StartError> {
        let expression = Expression::parse(&source.expression)?;
        let checkpoint = format!("schedule {} {}", source.name, source.function);
        let last = checkpoints.get(&checkpoint)?;
        let last = if let Some(last) = last.and_then(|last| last.parse().ok()) {
            last
        } else {
            let now = platform.clock.now();
            checkpoints.put(&checkpoint, &now.to_string())?;
            now
        };
        Ok(Self(Arc::new(Inner {
            due: AtomicI64::new(expression.after(last).unwrap_or(Millis::MAX)),
            last_fired: AtomicI64::new(last),
            expression,
            checkpoint,
            source,
            platform,
            activity,
            checkpoints,
        })))
    }

    pub(super) fn name(&self) -> &str {
        &self.0.source.name
    }

    /// Whether a time or a retry has come that was not acted upon yet.
    pub(super) fn is_due(&self) -> bool {
        self.0.due.load(SeqCst) <= self.0.platform.clock.now()
    }

    /// Invokes the function now, whatever the schedule says.
    pub(super) async fn fire(&self, at: Millis) -> Result<Value, InvocationError> {
        let _busy = self.0.activity.begin();
        let event = event::event(self.name(), at);
        let functions = &self.0.platform.functions;
        functions
            .invoke(self.0.source.function.clone(), event)
            .await
    }

    /// Fires until `shutdown`, which gives an invocation under way a moment.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let graceful = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = graceful => {}
            () = self.keep_firing(&shutdown) => {}
        }
    }

    /// Times that pass while the function runs, or while nothing does, are made up for by a single firing.
    async fn keep_firing(&self, shutdown: &CancellationToken) {
        let clock = &self.0.platform.clock;
        let mut failed = None::<FailedAttempt>;
        while let Some(next) = self.0.expression.after(self.0.last_fired.load(SeqCst)) {
            let due = failed
                .as_ref()
                .map_or(next, |failed| failed.retry_at.min(next));
            self.0.due.store(due, SeqCst);
            if shutdown
                .run_until_cancelled(clock.sleep_until(due))
                .await
                .is_none()
            {
                return;
            }
            // The next time takes the place of what is left of the retries.
            let retry = failed.take().filter(|_| due < next);
            let at = retry.as_ref().map_or(next, |retry| retry.fired_at);
            let fired = self.fire(at).await;
            let now = clock.now();
            if retry.is_none() {
                self.fired(self.latest_until(now, next));
            }
            if fired.is_err() {
                failed = FailedAttempt::next(retry, at, now);
            }
        }
        self.0.due.store(Millis::MAX, SeqCst);
    }

    /// The last of the schedule's times from `fired` on that is not after `now`.
    fn latest_until(&self, now: Millis, fired: Millis) -> Millis {
        match &self.0.expression {
            Expression::Rate(period) => now - (now - fired).max(0) % millis(*period),
            // What matters is that its next time lies ahead.
            Expression::Cron(_) => now.max(fired),
        }
    }

    fn fired(&self, at: Millis) {
        self.0.last_fired.store(at, SeqCst);
        let put = self.0.checkpoints.put(&self.0.checkpoint, &at.to_string());
        if let Err(error) = put {
            tracing::error!(schedule = self.name(), %error, "a firing cannot be written down");
        }
    }
}

/// A firing that failed and will be tried again.
struct FailedAttempt {
    fired_at: Millis,
    retries: usize,
    retry_at: Millis,
}

impl FailedAttempt {
    fn next(before: Option<Self>, fired_at: Millis, now: Millis) -> Option<Self> {
        let retries = before.map_or(0, |before| before.retries + 1);
        let wait = RETRIES.get(retries)?;
        Some(Self {
            fired_at,
            retries,
            retry_at: now + millis(*wait),
        })
    }
}
