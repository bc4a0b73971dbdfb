//! Deleting a tenant: what is asked for, what is done, and the report of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Millis;
use super::id::{TenantId, UserId};
use super::log::{Job, JobQueue, jobs};
use super::project::PurgeProject;
use super::realtime::RealtimeEvent;
use super::text::TenantName;

/// How long what was let in before may still write: no function runs for longer than 15 minutes, and clocks may
/// differ by one.
pub const SETTLED_AFTER: Duration = Duration::from_secs(16 * 60);

/// How long a report is kept once all is gone: 90 days.
pub const REPORT_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

macro_rules! counts {
    ($($(#[$doc:meta])* $kind:ident: $name:ident,)+) => {
        /// What a report counts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)+
        }

        /// How much was removed, of each kind.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
        pub struct Removed {
            $($(#[$doc])* #[serde(default)] pub $name: u64,)+
        }

        impl Removed {
            /// Counts some more of a kind.
            pub fn count(&mut self, kind: Kind, more: u64) {
                match kind {
                    $(Kind::$kind => self.$name += more,)+
                }
            }

            /// The counts by their names, of what there was any of.
            pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
                let all = [$((stringify!($name), self.$name)),+];
                all.into_iter().filter(|(_, count)| *count > 0)
            }
        }
    };
}

counts! {
    /// Projects.
    Project: projects,
    /// Tasks.
    Task: tasks,
    /// Comments on tasks.
    Comment: comments,
    /// Labels of projects.
    Label: labels,
    /// What members were told.
    Notification: notifications,
    /// Files.
    File: files,
    /// The bytes in them.
    FileByte: file_bytes,
    /// Tasks' embeddings.
    Vector: vectors,
    /// Events of all logs.
    Event: events,
    /// Members.
    Member: members,
    /// Invitations that were neither accepted nor revoked.
    Invitation: invitations,
    /// API keys.
    ApiKey: api_keys,
    /// Log-ins that were of this tenant.
    Session: sessions,
    /// Entries of the audit log.
    AuditEntry: audit_entries,
    /// Open WebSocket connections.
    Connection: connections,
    /// Rows, whatever they are: those above, and those that list, number or find them.
    Row: rows,
}

/// A tenant that is being deleted, or has been: who asked for it, and what was removed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantDeletion {
    /// Which.
    pub id: TenantId,
    /// What it was called.
    pub name: TenantName,
    /// Who asked for it: nobody else is shown it.
    pub requested_by: UserId,
    /// When.
    pub requested_at: Millis,
    /// When nothing was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Millis>,
    /// What has been removed so far. It is counted by the transactions that remove it.
    #[serde(flatten)]
    pub removed: Removed,
    /// When the report goes, in seconds, for the table's own expiry; not before all is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

/// What is being removed that no transaction can hold, noted before it is: so that whoever goes on knows what to
/// count, whether it is still there or not.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Underway {
    /// Which one it is: another may have taken its place.
    pub id: String,
    /// The paths of files.
    #[serde(default)]
    pub files: Vec<String>,
    /// How large they are in all.
    #[serde(default)]
    pub file_bytes: u64,
    /// Open connections.
    #[serde(default)]
    pub connections: Vec<String>,
}

/// How far a deletion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeletionStatus")]
pub enum Status {
    /// It is there for nobody any more, and what it had is being removed.
    Deleting,
    /// Nothing is left.
    Deleted,
}

/// A deletion, as who asked for it is told at once.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DeletionBegun {
    id: TenantId,
    status: Status,
    requested_at: Millis,
}

/// A deletion, as who asked for it sees it later.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct DeletionView {
    id: TenantId,
    name: TenantName,
    status: Status,
    requested_at: Millis,
    finished_at: Option<Millis>,
    removed: Removed,
}

impl TenantDeletion {
    fn status(&self) -> Status {
        match self.finished_at {
            None => Status::Deleting,
            Some(_) => Status::Deleted,
        }
    }
}

impl From<TenantDeletion> for DeletionBegun {
    fn from(deletion: TenantDeletion) -> Self {
        Self {
            id: deletion.id,
            status: deletion.status(),
            requested_at: deletion.requested_at,
        }
    }
}

impl From<TenantDeletion> for DeletionView {
    fn from(deletion: TenantDeletion) -> Self {
        Self {
            id: deletion.id,
            status: deletion.status(),
            name: deletion.name,
            requested_at: deletion.requested_at,
            finished_at: deletion.finished_at,
            removed: deletion.removed,
        }
    }
}

/// A tenant is deleted: it is there for nobody from here on.
#[derive(Debug, Clone, Serialize)]
pub struct TenantDeleted {}

impl RealtimeEvent for TenantDeleted {
    const TYPE: &'static str = "tenant:deleted";
}

/// A tenant is deleted: remove all that it has, from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EraseTenant {
    /// How often all of it has been gone through.
    pub pass: Pass,
    /// What is next.
    pub stage: Stage,
    /// Where to go on in it; from its beginning if nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// When to begin with it; at once if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
}

/// How often a tenant has been gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pass {
    /// Not yet. What tells where to look stays: the list of projects, and the log that names everybody who ever was
    /// a member.
    First,
    /// Once. What was written meanwhile by those who were let in before goes now, and all that is left with it.
    Last,
}

/// What a tenant is gone through for, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Its members, with their connections and sessions: whoever is in goes out first.
    Members,
    /// Whoever else its log names.
    Users,
    /// Its API keys.
    Keys,
    /// Its invitations.
    Invitations,
    /// Its projects.
    Projects,
    /// Its files.
    Files,
    /// Its audit log.
    Audit,
    /// What else it has.
    Rest,
    /// Its own log, and its very name.
    Log,
}

impl EraseTenant {
    /// All of it.
    pub fn begin() -> Self {
        Self::at(Pass::First, Stage::Members)
    }

    /// The last pass, once all that was let in before has ended.
    pub fn once_settled(now: Millis) -> Self {
        let settled = Millis::try_from(SETTLED_AFTER.as_millis()).unwrap_or(Millis::MAX);
        Self {
            not_before: Some(now.saturating_add(settled)),
            ..Self::at(Pass::Last, Stage::Members)
        }
    }

    /// What comes after this stage; nothing after the last.
    pub fn next(&self, now: Millis) -> Option<Self> {
        let next = match self.stage {
            Stage::Members => Stage::Users,
            Stage::Users => Stage::Keys,
            Stage::Keys => Stage::Invitations,
            Stage::Invitations => Stage::Projects,
            Stage::Projects => Stage::Files,
            Stage::Files => Stage::Audit,
            Stage::Audit => Stage::Rest,
            Stage::Rest if self.pass == Pass::First => return Some(Self::once_settled(now)),
            Stage::Rest => Stage::Log,
            Stage::Log => return None,
        };
        Some(Self::at(self.pass, next))
    }

    /// How long it has to wait; not at all once its time has come.
    pub fn wait(&self, now: Millis) -> Duration {
        let wait = self.not_before.map_or(0, |not_before| not_before - now);
        Duration::from_millis(wait.try_into().unwrap_or_default())
    }

    const fn at(pass: Pass, stage: Stage) -> Self {
        Self {
            pass,
            stage,
            after: None,
            not_before: None,
        }
    }
}

impl Job for EraseTenant {
    const TYPE: &'static str = "tenant:erase";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Erasures;
}

jobs! {
    /// What the queue of erasures carries.
    ErasureJob on Erasures {
        /// A tenant that is deleted.
        EraseTenant(EraseTenant),
        /// A project that can't be restored any more.
        PurgeProject(PurgeProject),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_gone_through_twice_and_its_log_goes_last() {
        let mut job = EraseTenant::begin();
        let mut passed = vec![job.clone()];
        while let Some(next) = job.next(1_000) {
            passed.push(next.clone());
            job = next;
        }
        assert_eq!(passed.len(), 8 + 9);
        assert_eq!(
            passed.iter().filter(|job| job.stage == Stage::Log).count(),
            1
        );
        let waits = |job: &EraseTenant| !job.wait(1_000).is_zero();
        assert_eq!(passed.iter().position(waits), Some(8));
        assert_eq!(passed[8].wait(1_000), SETTLED_AFTER);
        assert_eq!(passed[8].wait(1_000 + 16 * 60_000), Duration::ZERO);
    }

    #[test]
    fn what_there_was_none_of_is_not_counted() {
        let mut removed = Removed::default();
        removed.count(Kind::Task, 2);
        removed.count(Kind::Row, 3);
        removed.count(Kind::Row, 1);
        assert_eq!(
            removed.counts().collect::<Vec<_>>(),
            [("tasks", 2), ("rows", 4)]
        );
    }
}
