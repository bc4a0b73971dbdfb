//! Tasks.

pub mod bulk;
mod counts;
mod events;
pub mod expanded;
pub mod listed;
mod status;

use deserr::Deserr;
use serde::{Deserialize, Serialize};

use super::Millis;
use super::due::DueDate;
use super::exported::file_name;
use super::id::{ProjectId, TaskId, UserId};
use super::label::LabelIds;
use super::position::Position;
use super::text::{TaskDescription, TaskTitle};
use crate::error::{Error, Result};
use crate::input::BadInput;

pub use self::counts::TaskCounts;
pub use self::events::{
    TaskChanged, TaskDeleted, TaskDueSoon, TaskJoined, TaskLeft, TaskMoved, TaskRestored,
    TaskUpdated,
};
pub use self::status::{OwnStatus, Status};

/// For how long a deleted task can be restored, in milliseconds.
pub const RESTORABLE: Millis = 30 * 24 * 60 * 60 * 1000;

/// How many levels tasks are put in, from one that is beneath no other to one that no other can be put beneath. What
/// is beneath a task already moves with it, and is not counted.
pub const MOST_LEVELS: usize = 5;

/// A task of a project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// What is to be done.
    pub title: TaskTitle,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<TaskDescription>,
    /// How far it is.
    pub status: Status,
    /// Where it stands among the tasks of its status.
    pub position: Position,
    /// How much it matters.
    pub priority: Priority,
    /// Who is to do it: a member of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<DueDate>,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<DueDate>,
    /// The task of the same project that it is a part of. It stays named here if it is deleted, for it may be
    /// restored; once it is gone for good, the task stands beneath none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<TaskId>,
    /// The labels of its project that it has.
    #[serde(default, skip_serializing_if = "LabelIds::is_empty")]
    pub labels: LabelIds,
    /// Its attachment's path in the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
    /// Its attachment's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_bytes: Option<u64>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// Since when it is done, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Millis>,
    /// How many comments there are on it. They are no change of the task: its version stays.
    #[serde(default)]
    pub comment_count: i64,
    /// The project that it was moved from, for as long as comments on it may still be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments_from: Option<ProjectId>,
    /// How often it has been written: 1 as it was made.
    pub version: u64,
}

impl Task {
    /// A new one, of which no more is known than what is to be done. It stands behind those that are there.
    pub fn new(project_id: ProjectId, created_by: UserId, title: TaskTitle, now: Millis) -> Self {
        let id = TaskId::new();
        Self {
            id,
            project_id,
            title,
            description: None,
            status: Status::Todo,
            position: Position::of_new(id),
            priority: Priority::None,
            assigned_to: None,
            start_date: None,
            due_date: None,
            parent_id: None,
            labels: LabelIds::default(),
            attachment: None,
            attachment_bytes: None,
            created_by,
            created_at: now,
            updated_at: now,
            completed_at: None,
            comment_count: 0,
            comments_from: None,
            version: 1,
        }
    }

    /// What it says, for a search by meaning.
    pub fn text(&self) -> String {
        match &self.description {
            Some(description) => format!("{}\n\n{description}", self.title),
            None => self.title.to_string(),
        }
    }

    /// How many bytes its file has.
    pub(crate) fn bytes(&self) -> i64 {
        i64::try_from(self.attachment_bytes.unwrap_or(0)).unwrap_or(i64::MAX)
    }

    /// The names of what can be changed of it and differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differ = [
            ("title", self.title != other.title),
            ("description", self.description != other.description),
            ("status", self.status != other.status),
            ("position", self.position != other.position),
            ("priority", self.priority != other.priority),
            ("assigned_to", self.assigned_to != other.assigned_to),
            ("start_date", self.start_date != other.start_date),
            ("due_date", self.due_date != other.due_date),
            ("parent_id", self.parent_id != other.parent_id),
            ("labels", self.labels != other.labels),
        ];
        let differing = differ.into_iter().filter(|(_, differ)| *differ);
        differing.map(|(name, _)| name).collect()
    }

    /// That its fields go together.
    ///
    /// # Errors
    /// 422 if it would be due before it starts.
    pub fn check(&self) -> Result<()> {
        match (self.start_date, self.due_date) {
            (Some(start), Some(due)) if due < start => {
                let message = "Must not be before the start date";
                Err(Error::invalid("due_date", message))
            }
            _ => Ok(()),
        }
    }

    /// As one that begins in a status: it is done from the start, if it is.
    #[must_use]
    pub fn begun(mut self, status: Status) -> Self {
        self.status = status;
        self.completed_at = (status == Status::Done).then_some(self.created_at);
        self
    }

    /// The same in another project, behind the others of its status there, beneath none and without labels, with its file
    /// under another path.
    pub(crate) fn moved(
        &self,
        project_id: ProjectId,
        attachment: Option<String>,
        at: Millis,
    ) -> Self {
        let mut moved = Self {
            comments_from: Some(self.project_id),
            project_id,
            attachment,
            position: Position::last(),
            parent_id: None,
            labels: LabelIds::default(),
            ..self.clone()
        };
        moved.written(at);
        moved
    }

    /// Notes that it has been changed, and since when it is done.
    pub(crate) fn written(&mut self, at: Millis) {
        self.version += 1;
        self.updated_at = at;
        self.completed_at = match self.status {
            Status::Done => self.completed_at.or(Some(at)),
            Status::Todo | Status::InProgress | Status::Own(_) => None,
        };
    }
}

/// How much a task matters.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Deserr, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[deserr(error = BadInput, rename_all = lowercase)]
pub enum Priority {
    /// Nobody has said.
    #[default]
    None,
    /// Little.
    Low,
    /// As most do.
    Medium,
    /// Much.
    High,
    /// More than all others.
    Urgent,
}

impl Priority {
    /// Its place among them: 0, which matters most, to 4.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Urgent => 0,
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
            Self::None => 4,
        }
    }
}

/// In which project a task is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TaskPlace {
    /// Which task.
    pub task_id: TaskId,
    /// In which project.
    pub project_id: ProjectId,
    /// When a deleted one is forgotten, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

impl TaskPlace {
    /// Where a task is.
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            task_id: task.id,
            project_id: task.project_id,
            ttl: None,
        }
    }
}

/// A deleted task, for as long as it can be restored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeletedTask {
    /// As it was.
    pub task: Task,
    /// When it was deleted.
    pub deleted_at: Millis,
    /// When it is forgotten, in seconds.
    pub ttl: i64,
}

impl DeletedTask {
    /// A task that is deleted now.
    pub(crate) fn new(task: Task, now: Millis) -> Self {
        Self {
            task,
            deleted_at: now,
            ttl: (now + RESTORABLE) / 1000,
        }
    }

    /// Until when it can be restored.
    pub(crate) fn restorable_until(&self) -> Millis {
        self.deleted_at + RESTORABLE
    }

    /// Whether it can still be restored.
    pub(crate) fn is_restorable(&self, now: Millis) -> bool {
        now < self.restorable_until()
    }
}

/// A task, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TaskView {
    id: TaskId,
    project_id: ProjectId,
    title: TaskTitle,
    description: Option<TaskDescription>,
    status: Status,
    position: Position,
    priority: Priority,
    assigned_to: Option<UserId>,
    start_date: Option<DueDate>,
    due_date: Option<DueDate>,
    /// The task that it is a part of. One that is deleted is named as before, for it may be restored, and so is
    /// one that is gone for good: the task stands beneath none then.
    parent_id: Option<TaskId>,
    /// The labels of its project that it has.
    labels: LabelIds,
    attachment: Option<AttachmentView>,
    created_by: UserId,
    created_at: Millis,
    updated_at: Millis,
    completed_at: Option<Millis>,
    /// How many comments there are on it.
    comment_count: u64,
}

/// A task's file, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub(crate) struct AttachmentView {
    pub(crate) filename: String,
    pub(crate) bytes: u64,
}

impl AttachmentView {
    /// Of a task that has one.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        let path = task.attachment.as_deref()?;
        Some(Self {
            filename: file_name(path),
            bytes: task.attachment_bytes.unwrap_or(0),
        })
    }
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        Self {
            attachment: AttachmentView::of(&task),
            id: task.id,
            project_id: task.project_id,
            title: task.title,
            description: task.description,
            status: task.status,
            position: task.position,
            priority: task.priority,
            assigned_to: task.assigned_to,
            start_date: task.start_date,
            due_date: task.due_date,
            parent_id: task.parent_id,
            labels: task.labels,
            created_by: task.created_by,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
            comment_count: u64::try_from(task.comment_count).unwrap_or(0),
        }
    }
}
