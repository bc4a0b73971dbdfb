//! What a task's room is told of it. What it says now is for its readers to ask.

use serde::Serialize;

use super::{Status, Task};
use crate::model::due::DueDate;
use crate::model::id::TaskId;
use crate::model::position::Position;
use crate::model::realtime::RealtimeEvent;

/// A task says something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskUpdated {
    /// Which.
    pub id: TaskId,
    /// Its version from now on.
    pub version: u64,
    /// The names of what is not what it was.
    pub fields: Vec<&'static str>,
}

/// A task stands elsewhere, and that is all that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskMoved {
    /// Which.
    pub id: TaskId,
    /// Its version from now on.
    pub version: u64,
    /// How far it is.
    pub status: Status,
    /// Where it stands among the tasks of that status.
    pub position: Position,
}

/// A task is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskDeleted {
    /// Which.
    pub id: TaskId,
}

/// A deleted task is there again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskRestored {
    /// Which.
    pub id: TaskId,
    /// Its version from now on.
    pub version: u64,
}

/// A task has been moved to another project: told in the one that it was in, and not which other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLeft {
    /// Which.
    pub id: TaskId,
}

/// A task has been moved here from another project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskJoined {
    /// Which.
    pub id: TaskId,
    /// Its version from now on.
    pub version: u64,
}

/// A task is due soon: told to whoever is to do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskDueSoon {
    /// Which.
    pub id: TaskId,
    /// By when.
    pub due_date: DueDate,
}

/// What a change of a task is told as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskChanged {
    /// More than its place, or something else.
    Updated(TaskUpdated),
    /// Its place alone.
    Moved(TaskMoved),
}

impl TaskChanged {
    /// Of a task as it is from now on, of which these fields are not what they were.
    pub fn of(task: &Task, fields: Vec<&'static str>) -> Self {
        let (id, version) = (task.id, task.version);
        if fields
            .iter()
            .all(|field| ["status", "position"].contains(field))
        {
            return Self::Moved(TaskMoved {
                id,
                version,
                status: task.status,
                position: task.position.clone(),
            });
        }
        Self::Updated(TaskUpdated {
            id,
            version,
            fields,
        })
    }
}

macro_rules! events_of_a_task {
    ($($name:ident = $kind:literal),+ $(,)?) => {
        $(
            impl RealtimeEvent for $name {
                const TYPE: &'static str = $kind;

                fn object(&self) -> Option<String> {
                    Some(format!("task/{}", self.id))
                }
            }
        )+
    };
}

events_of_a_task! {
    TaskUpdated = "task:updated",
    TaskMoved = "task:moved",
    TaskDeleted = "task:deleted",
    TaskRestored = "task:restored",
    TaskLeft = "task:left",
    TaskJoined = "task:joined",
    TaskDueSoon = "task:due_soon",
}
