//! Whether what all else stands on answers: asked of each service by the cheapest call that it has, and all at once.

use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt, join_all};
use schemars::JsonSchema;
use serde::Serialize;

use super::ai::Ai;
use super::dynamo::{Dynamo, key_item};
use super::queue::Queue;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::keys::{Table, no_key_use, no_rate};
use crate::model::log::JobQueue;

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the model is asked: of all texts one of the shortest, for a few millionths of a cent.
const A_TEXT: &str = "ok";

/// What all else stands on.
#[derive(Clone, Debug)]
pub struct Health {
    dynamo: Dynamo,
}

/// How the product is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// Whether all of it answers.
    pub status: Condition,
    /// Each service: why one does not answer is in the log alone.
    pub checks: Checks,
}

/// How it is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// Everything answers.
    Ok,
    /// Something does not, or not in time.
    Degraded,
}

/// The services.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Checks {
    /// The tables.
    pub database: Check,
    /// The table of what expires.
    pub cache: Check,
    /// The bucket.
    pub storage: Check,
    /// A queue.
    pub queue: Check,
    /// The embedding model.
    pub ai: Check,
}

/// A service, as of now.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Check {
    /// Whether it answers.
    pub status: Condition,
    /// How long it took, or was waited for, in milliseconds.
    pub ms: u64,
}

impl Health {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Asks each service; five calls at once, and no more than a second in all.
    pub async fn report(&self) -> Report {
        let (storage, queue) = (
            Storage::new(self.dynamo.clone()),
            Queue::new(self.dynamo.clone()),
        );
        let ai = Ai::new(self.dynamo.request().clone());
        let checks = [
            checked(
                "database",
                self.answers(Table::Identity, no_key_use()).boxed(),
            ),
            checked("cache", self.answers(Table::Ephemeral, no_rate()).boxed()),
            checked("storage", storage.answers().boxed()),
            checked("queue", queue.answers(JobQueue::Email).boxed()),
            checked(
                "ai",
                ai.embed(A_TEXT)
                    .map(|embedding| embedding.map(drop))
                    .boxed(),
            ),
        ];
        let found = join_all(checks).await;
        let all_well = found.iter().all(|check| check.status == Condition::Ok);
        let [database, cache, storage, queue, ai] = [0, 1, 2, 3, 4].map(|at| found[at]);
        Report {
            status: Condition::of(all_well),
            checks: Checks {
                database,
                cache,
                storage,
                queue,
                ai,
            },
        }
    }

    async fn answers(&self, table: Table, (pk, sk): (String, String)) -> Result<()> {
        self.dynamo
            .client()
            .get_item()
            .table_name(self.dynamo.table(table)?)
            .set_key(Some(key_item(&pk, &sk)))
            .send()
            .await?;
        Ok(())
    }
}

impl Condition {
    fn of(is_well: bool) -> Self {
        if is_well { Self::Ok } else { Self::Degraded }
    }
}

async fn checked(service: &str, asked: BoxFuture<'_, Result<()>>) -> Check {
    let asked_at = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|elapsed| Err(Error::unavailable(elapsed)));
    if let Err(error) = &answer {
        tracing::error!(service, %error, "does not answer");
    }
    Check {
        status: Condition::of(answer.is_ok()),
        ms: u64::try_from(asked_at.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}
