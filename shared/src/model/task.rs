//! Tasks.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::due::DueDate;
use super::id::{ProjectId, TaskId, UserId};
use super::text::{TaskDescription, TaskTitle};

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
    /// Who is to do it: a member of the tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<UserId>,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<DueDate>,
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
}

impl Task {
    /// A new one, of which no more is known than what is to be done.
    pub fn new(project_id: ProjectId, created_by: UserId, title: TaskTitle, now: Millis) -> Self {
        Self {
            id: TaskId::new(),
            project_id,
            title,
            description: None,
            status: Status::Todo,
            assigned_to: None,
            due_date: None,
            attachment: None,
            attachment_bytes: None,
            created_by,
            created_at: now,
            updated_at: now,
        }
    }

    /// What it says, for a search by meaning.
    pub fn text(&self) -> String {
        match &self.description {
            Some(description) => format!("{}\n\n{description}", self.title),
            None => self.title.to_string(),
        }
    }
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun.
    Todo,
    /// Begun.
    InProgress,
    /// Finished.
    Done,
}
