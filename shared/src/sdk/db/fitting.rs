//! Whether a task can be what somebody wants it to be: everything is looked at, so that all that is wrong is told at once.

use super::Db;
use crate::error::{Error, Result, after};
use crate::event::caller::Principal;
use crate::keys::Stored;
use crate::model::label;
use crate::model::project::Project;
use crate::model::task::Task;

/// Whom a task is to be given to.
#[derive(Debug, Clone, Copy)]
pub struct Assignee<'a> {
    /// What the input calls them.
    pub field: &'a str,
    /// Whether they belong to the tenant; of nobody, whether that is said or not.
    pub is_member: bool,
}

impl Db {
    /// That a task can be what it is to be; what it was before, it may stay. A read for each task above it, if it is put
    /// beneath one. New labels are looked at when the task is written, and here, by one more read, if it is not going to be.
    ///
    /// # Errors
    /// 422 for all that it can't be.
    pub async fn require_fitting(
        &self,
        caller: &Principal,
        project: &Stored<Project>,
        before: Option<&Task>,
        task: &Task,
        assignee: Assignee<'_>,
    ) -> Result<()> {
        let stays =
            |same: fn(&Task, &Task) -> bool| before.is_some_and(|before| same(before, task));
        let mut fits = task.check();
        if !stays(|before, task| before.assigned_to == task.assigned_to) {
            fits = after(fits, assignee.check(project, task));
        }
        if !stays(|before, task| before.status == task.status) {
            let statuses = &caller.profile.settings.statuses;
            fits = after(fits, statuses.require(task.status));
        }
        if !stays(|before, task| before.parent_id == task.parent_id) {
            fits = after(fits, self.require_parent(project, task).await);
        }
        if fits.is_err() {
            fits = after(fits, self.require_labels(project, before, task).await);
        }
        fits
    }

    /// That the labels which a task gets are its project's; one read if there are any.
    async fn require_labels(
        &self,
        project: &Stored<Project>,
        before: Option<&Task>,
        task: &Task,
    ) -> Result<()> {
        let had = before.map(|before| before.labels.clone());
        let wanted = task.labels.without(&had.unwrap_or_default());
        let there = self.labels_there(project, &wanted).await?;
        let missing = wanted.without(&there);
        missing
            .iter()
            .map(|id| Err(label::missing(id)))
            .fold(Ok(()), after)
    }
}

impl Assignee<'_> {
    fn check(self, project: &Project, task: &Task) -> Result<()> {
        if task.assigned_to.is_some() && !self.is_member {
            let message = "Must be a member of this tenant";
            return Err(Error::invalid(self.field, message));
        }
        project.require_seen_by(task.assigned_to, self.field)
    }
}
