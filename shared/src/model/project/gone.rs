//! Projects that are deleted: what is told of it, and what has to be done.

use serde::{Deserialize, Serialize};

use crate::model::Millis;
use crate::model::id::{ProjectId, TenantId};
use crate::model::log::{Job, JobQueue};
use crate::model::realtime::RealtimeEvent;

/// How long a deleted project can be restored.
pub const RESTORABLE: Millis = crate::model::task::RESTORABLE;

/// A project is deleted: it is there for nobody from here on.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectDeleted {
    /// Which.
    pub id: ProjectId,
}

impl RealtimeEvent for ProjectDeleted {
    const TYPE: &'static str = "project:deleted";
}

/// A deleted project is there again.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectRestored {
    /// Which.
    pub id: ProjectId,
    /// Its version from now on.
    pub version: u64,
}

impl RealtimeEvent for ProjectRestored {
    const TYPE: &'static str = "project:restored";
}

/// The note that a deleted project has to be purged, from a time on. Who restores it removes the note, if it has not
/// been claimed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Purge {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which project.
    pub project_id: ProjectId,
    /// From when on.
    pub due_at: Millis,
    /// Whether it has begun: from then on the project can't be restored.
    pub claimed: bool,
}

/// A project can't be restored any more: remove all that hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PurgeProject {
    /// Which.
    pub project_id: ProjectId,
    /// When that was due.
    pub due_at: Millis,
}

impl Job for PurgeProject {
    const TYPE: &'static str = "project:purge";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Erasures;
}
