//! Exports: a tenant's own copy of all that is its own, made piece by piece.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{
    ApiKeyId, AuditId, CommentId, ExportId, InvitationId, NotificationId, ProjectId, TaskId, UserId,
};
use super::log::{Job, JobQueue};
use super::realtime::RealtimeEvent;

/// How long an archive can be fetched once it is made: seven days. Its object expires a day later at most.
pub const ARCHIVE_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a row tells of an export that has ended: 30 days.
pub const EXPORT_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// An export that has given no sign of life for so long is dead. Whoever makes it notes how far it is at least
/// every 15 minutes, and the job of one who has died comes back after an hour and a half.
pub const SIGN_OF_LIFE: Duration = Duration::from_secs(2 * 3600);

/// An export, and how far it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Export {
    /// Its id.
    pub id: ExportId,
    /// How far it is.
    pub status: Status,
    /// Who has asked for it.
    pub requested_by: UserId,
    /// When.
    pub created_at: Millis,
    /// Its last sign of life.
    pub updated_at: Millis,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Millis>,
    /// The archive's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Until when the archive can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// How often somebody has begun to work on it. Who has begun before somebody else did no longer counts.
    pub run: u32,
    /// How far that work is.
    pub work: Work,
    /// When the row goes in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ExportStatus")]
pub enum Status {
    /// It waits for somebody to begin.
    Queued,
    /// It is being made.
    Running,
    /// The archive can be fetched.
    Done,
    /// It was given up.
    Failed,
}

/// What has been done of an export, and where it goes on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Work {
    /// Where it goes on.
    pub place: Place,
    /// How many files its list has by then.
    pub files: u32,
    /// The last project that is listed: those that were made after it are not exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_project: Option<ProjectId>,
    /// What the archive has.
    pub contents: Contents,
    /// Which run's object has the bytes that are too few for a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// The upload, once there is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<PartialUpload>,
}

/// An archive that is stored part by part.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PartialUpload {
    /// S3's id of it.
    pub id: String,
    /// The run that began it: its object's name.
    pub run: u32,
    /// How many parts it has.
    pub parts: u32,
    /// The number of the next part.
    pub next: u32,
    /// Numbers of parts that don't count: who was storing them had lost the export to somebody else.
    pub void: Vec<u32>,
}

/// How many there are of each kind in an archive.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Contents {
    /// Members.
    pub members: u64,
    /// Invitations.
    pub invitations: u64,
    /// API keys.
    pub api_keys: u64,
    /// Projects.
    pub projects: u64,
    /// Tasks.
    pub tasks: u64,
    /// Comments on tasks.
    #[serde(default)]
    pub comments: u64,
    /// Labels of projects.
    #[serde(default)]
    pub labels: u64,
    /// What members were told.
    #[serde(default)]
    pub notifications: u64,
    /// Attachments.
    pub files: u64,
    /// The bytes of all attachments.
    pub file_bytes: u64,
    /// Attachments that a task names and that were not there.
    pub missing_files: u64,
    /// Events of projects', users' and the tenant's own logs.
    pub events: u64,
    /// Entries of the audit log.
    pub audit_entries: u64,
}

/// Where an export goes on: behind what is named here, in the order of the archive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// At the beginning.
    #[default]
    Tenant,
    /// Among its members.
    Members(Option<UserId>),
    /// Among its invitations.
    Invitations(Option<InvitationId>),
    /// Among its API keys.
    ApiKeys(Option<ApiKeyId>),
    /// Among its projects, as they are listed.
    Projects(Option<ProjectId>),
    /// Between two projects, all that is in the one being there.
    NextProject(Option<ProjectId>),
    /// Before a project's labels.
    Labels(ProjectId),
    /// Among a project's tasks; whether any had a file.
    Tasks(ProjectId, Option<TaskId>, bool),
    /// Among the files of a project's tasks, behind that of the task.
    Files(ProjectId, Option<TaskId>),
    /// So many bytes into the file of a project's task.
    File(ProjectId, TaskId, u64),
    /// Among the comments on a project's tasks, behind that one of the task.
    Comments(ProjectId, Option<(TaskId, CommentId)>),
    /// Behind this event of a project's log.
    ProjectEvents(ProjectId, u64),
    /// Behind this event of the tenant's own log.
    TenantEvents(u64),
    /// Between two users.
    NextUser(Option<UserId>),
    /// Behind this event of a user's log.
    UserEvents(UserId, u64),
    /// Among what a user was told.
    Notifications(UserId, Option<NotificationId>),
    /// In the month of the audit log that begins then, behind the entry.
    Audit(Millis, Option<(Millis, AuditId)>),
    /// At the manifest.
    Manifest,
    /// At the end: all of it is stored.
    End,
}

impl Export {
    /// One that was asked for just now.
    pub fn new(requested_by: UserId, now: Millis) -> Self {
        Self {
            id: ExportId::new(),
            status: Status::Queued,
            requested_by,
            created_at: now,
            updated_at: now,
            finished_at: None,
            bytes: None,
            expires_at: None,
            run: 0,
            work: Work::default(),
            ttl: seconds_after(now, EXPORT_KEPT),
        }
    }

    /// Whether it has not ended, be somebody at work or not.
    pub const fn is_open(&self) -> bool {
        matches!(self.status, Status::Queued | Status::Running)
    }

    /// Whether it may still end by itself.
    pub fn is_alive(&self, now: Millis) -> bool {
        self.is_open() && now - self.updated_at < millis(SIGN_OF_LIFE)
    }

    /// Whether its archive can be fetched.
    pub fn can_be_fetched(&self, now: Millis) -> bool {
        self.status == Status::Done && self.expires_at.is_some_and(|at| at > now)
    }

    /// The same, taken over by somebody who now works on it.
    #[must_use]
    pub fn taken_over(&self, now: Millis) -> Self {
        let mut taken = self.clone();
        taken.run += 1;
        taken.status = Status::Running;
        taken.updated_at = now;
        // The one before may be storing the next part at this very moment.
        if let Some(upload) = &mut taken.work.upload {
            upload.void.push(upload.next);
            upload.next += 1;
        }
        taken
    }

    /// The same, with its archive of so many bytes.
    #[must_use]
    pub fn done(&self, bytes: u64, now: Millis) -> Self {
        Self {
            status: Status::Done,
            bytes: Some(bytes),
            expires_at: Some(now + millis(ARCHIVE_LIFETIME)),
            ..self.ended(now)
        }
    }

    /// The same, given up.
    #[must_use]
    pub fn failed(&self, now: Millis) -> Self {
        Self {
            status: Status::Failed,
            ..self.ended(now)
        }
    }

    fn ended(&self, now: Millis) -> Self {
        Self {
            updated_at: now,
            finished_at: Some(now),
            ttl: seconds_after(now, EXPORT_KEPT),
            ..self.clone()
        }
    }
}

/// An export, as it is shown.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ExportView {
    id: ExportId,
    status: Status,
    created_at: Millis,
    finished_at: Option<Millis>,
    bytes: Option<u64>,
    contents: Option<Contents>,
    url: Option<String>,
    expires_at: Option<Millis>,
}

impl ExportView {
    /// An export as of `now`, with a link to its archive if there is one. One that is dead has failed.
    pub fn of(export: &Export, url: Option<String>, now: Millis) -> Self {
        let dead = export.is_open() && !export.is_alive(now);
        let done = export.status == Status::Done;
        Self {
            id: export.id,
            status: if dead { Status::Failed } else { export.status },
            created_at: export.created_at,
            finished_at: export.finished_at,
            bytes: export.bytes,
            contents: done.then_some(export.work.contents),
            url,
            expires_at: export.expires_at,
        }
    }
}

/// An export, as whoever has asked for it is told at once.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct RequestedExport {
    id: ExportId,
    status: Status,
    created_at: Millis,
}

impl From<&Export> for RequestedExport {
    fn from(export: &Export) -> Self {
        Self {
            id: export.id,
            status: export.status,
            created_at: export.created_at,
        }
    }
}

/// A tenant is to be exported, or goes on to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportTenant {
    /// Which export.
    pub export_id: ExportId,
}

impl Job for ExportTenant {
    const TYPE: &'static str = "tenant:export";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Exports;
}

/// Somebody has asked for a copy of all that is the tenant's.
#[derive(Debug, Clone, Serialize)]
pub struct ExportRequested {
    /// Which.
    pub id: ExportId,
}

impl RealtimeEvent for ExportRequested {
    const TYPE: &'static str = "tenant:export-requested";

    fn object(&self) -> Option<String> {
        Some(export_object(self.id))
    }
}

/// What the audit log calls it that somebody was given a link to an archive.
pub const LINK_GIVEN: &str = "tenant:export-link-given";

/// What the audit log calls an export.
pub fn export_object(id: ExportId) -> String {
    format!("export/{id}")
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

fn seconds_after(now: Millis, duration: Duration) -> i64 {
    (now + millis(duration)) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_794_907_815_123;

    #[test]
    fn an_export_that_gives_no_sign_of_life_has_failed() {
        let export = Export::new(UserId::new(), NOW);
        let later = NOW + millis(SIGN_OF_LIFE);
        let status = |now| ExportView::of(&export, None, now).status;
        assert!(export.is_alive(later - 1) && !export.is_alive(later));
        assert_eq!(status(later - 1), Status::Queued);
        assert_eq!(status(later), Status::Failed);
        let running = export.taken_over(later);
        assert!(running.is_alive(later + 1));
        assert_eq!(
            ExportView::of(&running, None, later).status,
            Status::Running
        );
    }

    #[test]
    fn an_archive_can_be_fetched_for_seven_days() {
        let export = Export::new(UserId::new(), NOW);
        assert!(!export.can_be_fetched(NOW));
        let done = export.done(7, NOW);
        let week = 7 * 24 * 3_600_000;
        assert!(done.can_be_fetched(NOW) && done.can_be_fetched(NOW + week - 1));
        assert!(!done.can_be_fetched(NOW + week));
        assert!(!done.is_alive(NOW) && !export.failed(NOW).is_open());
    }

    #[test]
    fn no_two_runs_store_a_part_under_the_same_number() {
        let mut export = Export::new(UserId::new(), NOW).taken_over(NOW);
        export.work.upload = Some(PartialUpload {
            id: "x".to_owned(),
            run: export.run,
            parts: 3,
            next: 4,
            void: Vec::new(),
        });
        let taken = export.taken_over(NOW).taken_over(NOW);
        let upload = taken.work.upload.expect("it is kept");
        assert_eq!((upload.run, upload.next, upload.parts), (1, 6, 3));
        assert_eq!(upload.void, [4, 5]);
    }
}
