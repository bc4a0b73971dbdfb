//! The log: one event for each change, and what follows from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Millis;
use super::audit::Actor;
use super::comment::{MoveComments, SettleComments};
use super::due::TellDue;
use super::id::{ProjectId, TaskId, TenantId, UserId};
use super::label::TakeOffLabel;
use super::task::Task;
use super::text::TaskTitle;
use super::usage::Levels;

/// An event: what a change leaves in its scope's log, in the same transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogEntry {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The scope, which is also the realtime room: `project/{id}` or `user/{id}`.
    pub room: String,
    /// Its number in the scope: without gaps, from 1.
    pub seq: u64,
    /// When.
    pub at: Millis,
    /// Who; nobody where a change follows from what a stranger did, or from the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// What: `task:created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the audit log calls it, if not that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it is about, if not the scope: `task/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The address of whoever asked for it; empty where no client is behind it.
    #[serde(default)]
    pub ip: String,
    /// The request that did it.
    #[serde(default)]
    pub request_id: String,
    /// By how much it makes more or less of what its tenant has.
    #[serde(default, skip_serializing_if = "Levels::is_none")]
    pub counts: Levels,
    /// What realtime clients are told, as JSON.
    pub data: String,
    /// What else is to be done, each once or more often.
    pub jobs: Vec<QueuedJob>,
    /// The shard of the note that says that this has not been relayed yet.
    pub note_shard: u8,
}

impl LogEntry {
    /// The users whom it names: whoever did it, and whomever it was done to.
    pub fn users(&self) -> impl Iterator<Item = UserId> + use<> {
        let actor = self.actor.map(|actor| actor.user_id);
        let object = self.object.as_deref();
        let object = object.and_then(|object| object.strip_prefix("user/")?.parse().ok());
        [actor, object].into_iter().flatten()
    }
}

/// A job that a change asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedJob {
    /// Where to.
    pub queue: JobQueue,
    /// The whole message: an [`Envelope`] as JSON.
    pub body: String,
}

/// The queues of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobQueue {
    /// Emails to send.
    Email,
    /// Texts to embed, and what else follows from a task.
    Embeddings,
    /// Events for connections.
    Realtime,
    /// Entries for the audit log.
    Audit,
    /// Tenants to erase, and projects to purge.
    Erasures,
    /// Tenants to export.
    Exports,
}

impl JobQueue {
    /// How long a message waits that has failed at so many deliveries: one second, then twice as long each
    /// time. A room would not want to wait for long; a model or a mail service that is down has to be waited
    /// for.
    pub fn wait_after(self, deliveries: u32) -> Duration {
        let longest = match self {
            Self::Audit | Self::Email | Self::Embeddings | Self::Erasures | Self::Exports => {
                Duration::from_secs(900)
            }
            Self::Realtime => Duration::from_secs(15),
        };
        let doubled = 1_u64 << deliveries.saturating_sub(1).min(16);
        Duration::from_secs(doubled).min(longest)
    }
}

/// A job's payload: the struct is the job.
pub trait Job: Serialize + serde::de::DeserializeOwned + Send + 'static {
    /// Its type in the envelope.
    const TYPE: &'static str;
    /// Raised when a field changes its meaning.
    const VERSION: u32;
    /// The queue that carries it.
    const QUEUE: JobQueue;
}

/// What a consumer of a queue takes: one type of job, or, by [`jobs!`], one of several.
pub trait Jobs: Sized + Send + 'static {
    /// The queue that carries them.
    const QUEUE: JobQueue;

    /// The job of an envelope.
    ///
    /// # Errors
    /// If it is of another type or version, or not of that type's form; for the log.
    fn of(kind: &str, version: u32, payload: &RawValue) -> Result<Self, String>;
}

impl<J: Job> Jobs for J {
    const QUEUE: JobQueue = J::QUEUE;

    fn of(kind: &str, version: u32, payload: &RawValue) -> Result<Self, String> {
        if (kind, version) != (J::TYPE, J::VERSION) {
            return Err(format!("a job {kind} of version {version}"));
        }
        serde_json::from_str(payload.get()).map_err(|error| format!("not a {kind}: {error}"))
    }
}

/// Several types of job that one consumer takes.
macro_rules! jobs {
    ($(#[$doc:meta])* $name:ident on $queue:ident {
        $($(#[$job_doc:meta])* $variant:ident($job:ty)),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize)]
        #[serde(untagged)]
        pub enum $name {
            $($(#[$job_doc])* $variant($job)),+
        }

        impl $crate::model::log::Jobs for $name {
            const QUEUE: JobQueue = JobQueue::$queue;

            fn of(kind: &str, version: u32, payload: &RawValue) -> Result<Self, String> {
                $(if kind == <$job as Job>::TYPE {
                    return <$job as $crate::model::log::Jobs>::of(kind, version, payload).map(Self::$variant);
                })+
                Err(format!("a job {kind} of version {version}"))
            }
        }
    };
}
pub(crate) use jobs;

/// What a queue carries: the job, and all that its consumer needs to know of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope<P = Box<RawValue>> {
    /// The same at each delivery: what the consumer is idempotent by.
    pub id: String,
    /// The job's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of its payload.
    pub version: u32,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The job.
    pub payload: P,
}

/// Somebody was given a task: tell them by email.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaskAssigned {
    /// Which task.
    pub task_id: TaskId,
    /// Who.
    pub assigned_to: UserId,
    /// What it is.
    pub title: TaskTitle,
}

impl TaskAssigned {
    /// What a task asks for: nothing if nobody is to do it.
    pub fn of(task: &Task) -> Option<Self> {
        Some(Self {
            task_id: task.id,
            assigned_to: task.assigned_to?,
            title: task.title.clone(),
        })
    }
}

impl Job for TaskAssigned {
    const TYPE: &'static str = "task:assigned";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Email;
}

/// A task's text has changed: make it findable by meaning.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IndexTask {
    /// Its project.
    pub project_id: ProjectId,
    /// Which task.
    pub task_id: TaskId,
}

impl IndexTask {
    /// What a task asks for.
    pub fn of(task: &Task) -> Self {
        Self {
            project_id: task.project_id,
            task_id: task.id,
        }
    }
}

impl Job for IndexTask {
    const TYPE: &'static str = "task:index";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Embeddings;
}

jobs! {
    /// What the queue of texts to embed carries: what follows from a task, besides.
    TaskJob on Embeddings {
        /// Its text has changed.
        IndexTask(IndexTask),
        /// It is deleted, or there again.
        SettleComments(SettleComments),
        /// It is in another project.
        MoveComments(MoveComments),
        /// A label is gone.
        TakeOffLabel(TakeOffLabel),
        /// It is due soon.
        TellDue(TellDue),
    }
}

/// How far a user's log in a tenant has come: the scope of what happens to their account there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserLog {
    /// The number of its last event; without gaps, from 1.
    pub seq: u64,
    /// When that was.
    pub updated_at: Millis,
}

/// What a commit returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The event's number in its scope: the `X-Event-Seq` of the answer.
    pub seq: u64,
    /// When it happened, as its scope says from then on.
    pub at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_job_waits_for_longer_each_time_and_never_for_more_than_its_queue_allows(
            deliveries in prop_oneof![0..40_u32, any::<u32>()],
        ) {
            for (queue, longest) in [
                (JobQueue::Email, 900),
                (JobQueue::Embeddings, 900),
                (JobQueue::Realtime, 15),
                (JobQueue::Audit, 900),
                (JobQueue::Erasures, 900),
                (JobQueue::Exports, 900),
            ] {
                let wait = queue.wait_after(deliveries).as_secs();
                let next = queue.wait_after(deliveries.saturating_add(1)).as_secs();
                prop_assert!((1..=longest).contains(&wait) && wait <= next);
                prop_assert!(next > wait || wait == longest || deliveries == 0);
            }
        }
    }
}
