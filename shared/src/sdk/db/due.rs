//! Tasks that are due soon: whoever is to do one is told, once.

use super::super::backoff::Backoff;
use super::super::change::{Change, Due};
use super::Db;
use crate::error::Result;
use crate::keys::{Key, Stored};
use crate::model::due::{TellDue, due_date_of};
use crate::model::project::Project;

impl Db {
    /// Tells whoever is to do a task that it is due soon, in their list and by email, unless they have been told. Nobody
    /// is told of what is done, past, due at another time, archived or deleted, nor who does not see it. One read, three at
    /// once, and one transaction, which rests on all that was read: where something has changed, it is read anew.
    ///
    /// # Errors
    /// 503 if too much happens to it at once.
    pub async fn tell_due(&self, project: &Stored<Project>, job: &TellDue) -> Result<()> {
        let key = project.key();
        let mut project = Some(project.clone());
        let mut backoff = Backoff::default();
        while let Some(current) = project {
            // Boxed, for it is large.
            let Some(change) = Box::pin(self.due_change(current, job)).await? else {
                return Ok(());
            };
            if change.commit_as_read().await?.is_some() {
                return Ok(());
            }
            self.again(&mut backoff).await?;
            project = self.get(key.clone()).await?;
        }
        Ok(())
    }

    /// The change that tells of it; nothing if there is nobody to tell, or nothing.
    async fn due_change(&self, project: Stored<Project>, job: &TellDue) -> Result<Option<Change>> {
        let is_past = job.due_date.at() <= self.dynamo.request().clock().now();
        if is_past || project.deleted_at.is_some() || project.is_archived() {
            return Ok(None);
        }
        let task = self.get(project.task(job.task_id)).await?;
        let task = task.filter(|task| due_date_of(task) == Some(job.due_date));
        let Some((task, user_id)) = task.and_then(|task| {
            let user_id = task.assigned_to?;
            Some((task, user_id))
        }) else {
            return Ok(None);
        };
        let tenant = project.tenant();
        let told = Key::due_told(tenant, user_id, task.id, job.due_date);
        let (log, member, told) = futures::try_join!(
            self.get(tenant.user_log(user_id)),
            self.member_who_sees(&project, user_id),
            self.get(told),
        )?;
        let Some(member) = member.filter(|_| told.is_none()) else {
            return Ok(None);
        };
        let mut change = Change::of_user(self.dynamo.clone(), tenant, user_id, log);
        change.by_nobody_known();
        change.tell_due(&Due {
            project,
            task,
            due_date: job.due_date,
            member,
        });
        Ok(Some(change))
    }
}
