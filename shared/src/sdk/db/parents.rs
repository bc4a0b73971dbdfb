//! Tasks beneath others: what stands above one is gone through when it is put there.

use super::Db;
use crate::error::{Error, Result};
use crate::keys::Stored;
use crate::model::id::TaskId;
use crate::model::project::Project;
use crate::model::task::{MOST_LEVELS, Task};

const NO_PARENT: &str = "Must be another task of the same project";
const BENEATH_ITSELF: &str = "Must be neither the task itself nor one of its subtasks";

impl Db {
    /// That a task can stand beneath the one that it names, if it names any. It holds for what the project was when
    /// it was read: a change of an existing task has to be committed as of then, so that no two make a circle at
    /// once. A new task can't be above any. A read for each task above it, one more where that is deleted, and none
    /// if it names no parent.
    ///
    /// # Errors
    /// 422 if there is no such task in the project, if it is the task itself or beneath it, or if there
    /// would be more than [`MOST_LEVELS`] levels from the topmost to the task.
    pub async fn require_parent(&self, project: &Stored<Project>, task: &Task) -> Result<()> {
        let Some(parent) = task.parent_id else {
            return Ok(());
        };
        if parent == task.id {
            return Err(refused(BENEATH_ITSELF));
        }
        let parent = self.get(project.task(parent)).await?;
        let mut above = parent.ok_or_else(|| refused(NO_PARENT))?.parent_id;
        for _ in 2..MOST_LEVELS {
            match above {
                Some(id) if id != task.id => above = self.above(project, id).await?,
                _ => break,
            }
        }
        match above {
            None => Ok(()),
            Some(id) if id == task.id => Err(refused(BENEATH_ITSELF)),
            Some(_) => {
                let message = format!("Must have at most {} tasks above it", MOST_LEVELS - 2);
                Err(refused(&message))
            }
        }
    }

    /// What a task stands beneath. A deleted one comes back to where it was, for as long as it can; after that it is above nothing
    /// and beneath nothing.
    async fn above(&self, project: &Stored<Project>, id: TaskId) -> Result<Option<TaskId>> {
        if let Some(task) = self.get(project.task(id)).await? {
            return Ok(task.parent_id);
        }
        let deleted = self.get(project.deleted_task(id)).await?;
        let deleted = deleted.filter(|deleted| deleted.is_restorable(self.after(project)));
        Ok(deleted.and_then(|deleted| deleted.task.parent_id))
    }
}

fn refused(message: &str) -> Error {
    Error::invalid("parent_id", message)
}
