//! Labels of a project. Each change of one claims the project's next number, so what was read of the others after it is
//! still so.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use futures::future::try_join_all;
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::dynamo::{from_item, number, updating};
use super::comments::AT_ONCE;
use super::{BATCH, Db, OpenProject};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Partition, Row, Stored};
use crate::model::id::{LabelId, ProjectId};
use crate::model::label::{
    Label, LabelCreated, LabelDeleted, LabelIds, LabelUpdated, Labelled, TakeOffLabel,
};
use crate::model::project::Project;
use crate::model::task::Task;
use crate::reply::Reply;

impl Db {
    /// The labels of a project, in the order in which they were made; two reads at once.
    ///
    /// # Errors
    /// 404 if the project is not there, or not for the caller.
    pub async fn labels(&self, caller: &Principal, project: ProjectId) -> Result<Vec<Label>> {
        let labels = Partition::labels_in(caller.tenant, project);
        let (project, labels) =
            futures::join!(self.project(caller, project), self.dynamo.query(labels));
        project.and(labels)
    }

    /// One of them; two reads at once.
    ///
    /// # Errors
    /// 404 if it is not there.
    pub async fn label(
        &self,
        caller: &Principal,
        (project, id): (ProjectId, LabelId),
    ) -> Result<Label> {
        let key = Key::label(caller.tenant, project, id);
        let (project, label) = futures::join!(self.project(caller, project), self.load(key));
        project.and(label).map(Stored::into_inner)
    }

    /// Makes a label. Returns what `answer` makes of it. Two reads, and one transaction.
    ///
    /// # Errors
    /// 404 if the project is not there; 409 if a label of it has that name, or there are
    /// [`MOST`](crate::model::label::MOST); 503 if too many change the project at once.
    pub async fn add_label<T: Serialize>(
        &self,
        caller: &Principal,
        label: Label,
        answer: impl Fn(Label) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let project = self.open_project(caller, label.project_id).await?;
            label.require_room(&self.dynamo.query(project.labels()).await?)?;
            let mut change = self.change(&project, caller);
            change.create(&project.label(label.id), &label);
            change.emit(&LabelCreated { id: label.id });
            let made = answer(label.clone());
            if let Some(reply) = change.commit_as_read_with(made).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Has a label be called something else, or be of another colour. Nothing is written where nothing is different.
    /// Two reads, and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there; 409 if another label of the project has that name; 412 if it is not what the client has
    /// seen; 503 if too many change the project at once.
    pub async fn edit_label<T: Serialize>(
        &self,
        caller: &Principal,
        which: (ProjectId, LabelId),
        if_match: &IfMatch,
        edit: impl Fn(&mut Label),
        answer: impl Fn(Label) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let (project, all, before) = self.read_label(caller, which).await?;
            if_match.require(before.version)?;
            let mut label = before.clone();
            edit(&mut label);
            if label == before {
                return Ok(answer(label));
            }
            label.require_room(&all)?;
            label.version += 1;
            let (id, version) = (label.id, label.version);
            let mut change = self.change(&project, caller);
            change.replace(&project.label(id), &label);
            change.emit(&LabelUpdated { id, version });
            if let Some(reply) = change.commit_as_read_with(answer(label)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Removes a label: from then on no task can be given it, and a job takes it off those that have it. Two reads, and
    /// one transaction.
    ///
    /// # Errors
    /// 404 if it is not there; 412 if it is not what the client has seen; 503 if too many change the project at once.
    pub async fn delete_label(
        &self,
        caller: &Principal,
        which: (ProjectId, LabelId),
        if_match: &IfMatch,
    ) -> Result<Reply<()>> {
        let (project_id, label_id) = which;
        let mut backoff = Backoff::default();
        loop {
            let (project, _, label) = self.read_label(caller, which).await?;
            if_match.require(label.version)?;
            let mut change = self.change(&project, caller);
            change.remove(&project.label(label_id));
            change.send(&TakeOffLabel {
                project_id,
                label_id,
            });
            change.emit(&LabelDeleted { id: label_id });
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Those of some labels that a project has; one call, or none if there are none.
    pub(super) async fn labels_there(
        &self,
        project: &Stored<Project>,
        labels: &LabelIds,
    ) -> Result<LabelIds> {
        if labels.is_empty() {
            return Ok(LabelIds::default());
        }
        let keys = labels.iter().map(|id| project.label(id));
        let there = self.get_all(keys.collect()).await?;
        let ids: Vec<_> = there.iter().map(|label| label.id).collect();
        Ok(ids.into())
    }

    /// Takes a label that is gone off the tasks that have it, one by one. What is changed meanwhile is read again, and
    /// who goes on after somebody else has stopped finds those that are left.
    pub async fn take_off(&self, project: &Stored<Project>, job: &TakeOffLabel) -> Result<()> {
        loop {
            let rows = self.some_labelled(project, job.label_id).await?;
            if rows.is_empty() {
                return Ok(());
            }
            for some in rows.chunks(AT_ONCE) {
                let taken = some.iter().map(|row| self.take_off_one(project, row));
                try_join_all(taken).await?;
            }
        }
    }

    async fn take_off_one(&self, project: &Stored<Project>, row: &Labelled) -> Result<()> {
        let (found, labelled) = (
            self.get(project.task(row.task_id)).await?,
            project.labelled(row.label_id, row.task_id),
        );
        let Some(task) = found.filter(|task| task.labels.has(row.label_id)) else {
            return self.dynamo.delete(&labelled).await;
        };
        let parts = vec![
            self.left_off(&task, row.label_id)?,
            self.dynamo.removal(&labelled)?,
        ];
        self.dynamo
            .transact(parts)
            .await
            .map(|_or_is_read_again| ())
    }

    /// The task without a label, if it is what it was: but for how many comments there are on it, which others count.
    fn left_off(&self, task: &Stored<Task>, label: LabelId) -> Result<TransactWriteItem> {
        let labels = task.labels.without(&vec![label].into());
        let labels = serde_dynamo::to_attribute_value(labels).map_err(Error::internal)?;
        let update = Update::builder()
            .table_name(self.dynamo.table(task.key().table())?)
            .set_key(Some(task.key().item()))
            .condition_expression("#version = :before")
            .update_expression("SET labels = :labels, #version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", number(&task.version))
            .expression_attribute_values(":version", number(&(task.version + 1)))
            .expression_attribute_values(":labels", labels);
        update.build().map(updating).map_err(Error::internal)
    }

    async fn some_labelled(
        &self,
        project: &Stored<Project>,
        label: LabelId,
    ) -> Result<Vec<Labelled>> {
        let query = self.stretch(project.all_labelled(label))?;
        let some = query.limit(i32::try_from(BATCH).unwrap_or(i32::MAX));
        let items = some.send().await?.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    /// A project, all its labels as they were after that, and one of them.
    async fn read_label(
        &self,
        caller: &Principal,
        (project, id): (ProjectId, LabelId),
    ) -> Result<(OpenProject, Vec<Label>, Label)> {
        let project = self.open_project(caller, project).await?;
        let all = self.dynamo.query(project.labels()).await?;
        let label = all.iter().find(|label| label.id == id).cloned();
        let label = label.ok_or_else(|| Error::not_found(Label::MISSING))?;
        Ok((project, all, label))
    }
}
