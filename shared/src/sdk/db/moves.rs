//! A task that goes into another project, and what follows it.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::dynamo::{met, number};
use super::super::uploads::PendingUpload;
use super::comments::AT_ONCE;
use super::{BATCH, Db, OpenProject};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Partition, Stored};
use crate::model::comment::{Comment, MoveComments};
use crate::model::id::{ProjectId, TaskId};
use crate::model::log::IndexTask;
use crate::model::project::Project;
use crate::model::task::{Task, TaskJoined, TaskLeft};
use crate::reply::Reply;

/// A task that is to be moved, where it is and where it is to be.
#[derive(Debug)]
pub struct Move {
    /// The project that it is in.
    pub from: OpenProject,
    /// The task.
    pub task: Stored<Task>,
    /// The project that it is to be in.
    pub to: OpenProject,
}

impl Db {
    /// A task, and the project that it is to be moved to; two reads at once, and two.
    ///
    /// # Errors
    /// 404 if either is not there; 403 if the caller may not change things in both; 409 if one is archived.
    pub async fn begin_move(
        &self,
        caller: &Principal,
        task: TaskId,
        to: ProjectId,
    ) -> Result<Move> {
        // Both are asked whatever becomes of the other, so that nobody is told more by the time that it takes.
        let (found, to) = futures::join!(
            Box::pin(self.find_open_task(caller, task)),
            Box::pin(self.open_project(caller, to)),
        );
        let ((from, task), to) = (found?, to?);
        self.shows(caller, &to);
        Ok(Move { from, task, to })
    }

    /// Moves a task behind the others of its status in another project, with a copy of its file. One transaction; nothing
    /// is written where it is there already.
    ///
    /// # Errors
    /// 404, 403 and 409 as [`Self::begin_move`]; 412 if the task is not what the client has seen; 422 if whoever is to do
    /// it does not see that project; 409 if comments are still on their way from where it was before; 503 if too many
    /// change the projects at once.
    pub async fn finish_move<T: Serialize>(
        &self,
        caller: &Principal,
        mut moving: Move,
        file: Option<PendingUpload>,
        if_match: &IfMatch,
        answer: impl Fn(Task) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let Move { from, task, to } = &moving;
            if_match.require(task.version)?;
            if from.id == to.id {
                return Ok(answer(task.clone().into_inner()));
            }
            require_assignee_sees(to, task)?;
            self.require_comments_here(from, task).await?;
            if let Some(reply) = self
                .hand_over(caller, &moving, file.as_ref(), &answer)
                .await?
            {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
            moving = self
                .begin_move(caller, moving.task.id, moving.to.id)
                .await?;
        }
    }

    /// Both projects' changes at once. Nothing if another change came first.
    async fn hand_over<T: Serialize>(
        &self,
        caller: &Principal,
        Move { from, task, to }: &Move,
        file: Option<&PendingUpload>,
        answer: impl Fn(Task) -> Reply<T>,
    ) -> Result<Option<Reply<T>>> {
        let now = self.after(from).max(self.after(to));
        let moved = task.moved(to.id, file.map(PendingUpload::object), now);
        let mut left = self.change(from, caller);
        left.take_out(task, now);
        left.send(&IndexTask::of(task));
        left.emit(&TaskLeft { id: task.id });
        let mut joined = self.change(to, caller);
        joined.take_in(&moved, file);
        joined.send(&IndexTask::of(&moved));
        joined.send(&MoveComments::of(&moved, from.id));
        joined.emit(&TaskJoined {
            id: moved.id,
            version: moved.version,
        });
        joined.commit_beside(left, answer(moved)).await
    }

    /// That no comments on a task are where it was before; one read if it was moved.
    async fn require_comments_here(&self, project: &Stored<Project>, task: &Task) -> Result<()> {
        let Some(from) = task.comments_from else {
            return Ok(());
        };
        let before = Partition::comments_in(project.tenant(), from);
        let (left, _) = self.some_comments(&before, task.id, false, None, 1).await?;
        if left.is_empty() {
            return Ok(());
        }
        let message = "Its comments are still on their way from the project that it was in";
        Err(Error::conflict(message))
    }

    /// Has the comments on a task follow it into its project; each is in one of the two at any time. What is changed
    /// meanwhile is read again.
    pub async fn move_comments(&self, project: &Stored<Project>, job: &MoveComments) -> Result<()> {
        let before = Partition::comments_in(project.tenant(), job.from);
        loop {
            let page = self.some_comments(&before, job.task_id, false, None, BATCH);
            let (comments, _) = page.await?;
            if comments.is_empty() {
                break;
            }
            for some in comments.chunks(AT_ONCE) {
                let moved = some
                    .iter()
                    .map(|comment| self.move_comment(project, job, comment));
                try_join_all(moved).await?;
            }
        }
        // It may have been deleted or restored meanwhile.
        self.settle_comments(project, job.task_id).await?;
        self.comments_are_here(project, job).await
    }

    async fn move_comment(
        &self,
        project: &Stored<Project>,
        job: &MoveComments,
        comment: &Comment,
    ) -> Result<()> {
        let before = Key::comment(project.tenant(), job.from, job.task_id, comment.id);
        let moved = Comment {
            project_id: project.id,
            ..comment.clone()
        };
        let parts = vec![
            self.dynamo
                .replacement(&project.comment(job.task_id, comment.id), &moved)?,
            self.dynamo
                .removal_if(&before, &[("version", number(&comment.version))])?,
        ];
        self.dynamo
            .transact(parts)
            .await
            .map(|_or_is_read_again| ())
    }

    /// Notes that no comments on a task are elsewhere, if it is still there and was not moved again.
    async fn comments_are_here(&self, project: &Stored<Project>, job: &MoveComments) -> Result<()> {
        let key = project.task(job.task_id);
        let update = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("comments_from = :from")
            .expression_attribute_values(":from", AttributeValue::S(job.from.to_string()))
            .update_expression("REMOVE comments_from");
        met(update.send().await).map(|_was_noted| ())
    }
}

/// # Errors
/// 422 if they do not.
fn require_assignee_sees(project: &Project, task: &Task) -> Result<()> {
    if task
        .assigned_to
        .is_none_or(|user_id| project.is_seen_by(user_id))
    {
        return Ok(());
    }
    let message = "Must be a project that whoever is to do the task sees";
    Err(Error::invalid("project_id", message))
}
