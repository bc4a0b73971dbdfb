//! Tasks by their ids: read, changed, deleted and taken back.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::dynamo::text;
use super::{Assignee, Db, OpenProject, access};
use crate::error::{Error, Result, after};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{self, Row, Stored};
use crate::model::Millis;
use crate::model::comment::SettleComments;
use crate::model::id::TaskId;
use crate::model::log::IndexTask;
use crate::model::position::{Position, Spot};
use crate::model::project::Project;
use crate::model::task::{DeletedTask, Task, TaskChanged, TaskDeleted, TaskPlace, TaskRestored};
use crate::reply::Reply;

/// The index in which tasks stand by their places.
const BY_PLACE: &str = "lsi1";

/// How a task is to be changed.
#[derive(Debug)]
pub struct Edit<'a, F> {
    /// What the client has seen of it.
    pub if_match: &'a IfMatch,
    /// What it is to say.
    pub edit: F,
    /// Where it is to stand.
    pub spot: Option<Spot>,
    /// Whether whoever it may be given to belongs to the tenant.
    pub is_for_a_member: bool,
}

/// What is read to change a task.
struct Board {
    project: OpenProject,
    task: Stored<Task>,
    /// Whom it is put beside.
    neighbour: Option<Stored<Task>>,
}

impl Db {
    /// A task and its project; two reads, and one before them.
    ///
    /// # Errors
    /// 404 if it is not there.
    pub async fn find_task(
        &self,
        caller: &Principal,
        id: TaskId,
    ) -> Result<(Stored<Project>, Stored<Task>)> {
        let mut place = self.task_place(caller, id).await?;
        let (project, task, _) = self.looked_up(caller, &mut place, None).await?;
        Ok((project, task))
    }

    /// A task and its project, and another beside it, all at once: wherever the task is by then.
    async fn looked_up(
        &self,
        caller: &Principal,
        place: &mut Stored<TaskPlace>,
        neighbour: Option<TaskId>,
    ) -> Result<(Stored<Project>, Stored<Task>, Option<Stored<Task>>)> {
        loop {
            let beside = async {
                match neighbour {
                    Some(id) => self.get(place.beside(id)).await,
                    None => Ok(None),
                }
            };
            // Boxed, for they are large.
            let (project, task, neighbour) = futures::try_join!(
                Box::pin(self.get(place.project())),
                Box::pin(self.get(place.task())),
                Box::pin(beside),
            )?;
            if task.is_none() && self.has_moved(caller, place).await? {
                continue;
            }
            let found = self.let_in(caller, project).zip(task);
            let (project, task) = found.ok_or_else(missing)?;
            return Ok((project, task, neighbour));
        }
    }

    /// Whether a task that is not where it was found is in another project by now, where it is then to be looked for. One
    /// read, and none of one that is deleted.
    async fn has_moved(&self, caller: &Principal, place: &mut Stored<TaskPlace>) -> Result<bool> {
        if place.ttl.is_some() {
            return Ok(false);
        }
        let now = self.task_place(caller, place.task_id).await?;
        let before = std::mem::replace(place, now).project_id;
        Ok(place.project_id != before)
    }

    /// The same, where the caller may change things in the project.
    ///
    /// # Errors
    /// 404 if it is not there.
    pub async fn find_open_task(
        &self,
        caller: &Principal,
        id: TaskId,
    ) -> Result<(OpenProject, Stored<Task>)> {
        let (project, task) = self.find_task(caller, id).await?;
        Ok((access::open(caller, project)?, task))
    }

    /// In which project a task is; one read. What is there is not shown by it.
    ///
    /// # Errors
    /// 404 if it is not there.
    pub async fn task_place(&self, caller: &Principal, id: TaskId) -> Result<Stored<TaskPlace>> {
        self.load(caller.tenant.task(id)).await
    }

    /// Changes a task by what it is when it is written, and puts it where it is to stand: where another change comes
    /// first, it is read and changed anew. Returns what `answer` makes of it; nothing is written where nothing is different. Two reads at once, one
    /// more to put it beside another, one for each above it to put it beneath another, and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there; 412 if it is not what the client has seen; 422 for all that it can't be, or if it can't
    /// stand there; 409 if there is no more room there; 503 if too many change the project at once.
    pub async fn edit_task<T: Serialize>(
        &self,
        caller: &Principal,
        place: &Stored<TaskPlace>,
        edit: &Edit<'_, impl Fn(&mut Task)>,
        answer: impl Fn(Task) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let neighbour = edit.spot.and_then(Spot::neighbour);
        let assignee = Assignee {
            field: "assigned_to",
            is_member: edit.is_for_a_member,
        };
        let (mut place, mut backoff) = (place.clone(), Backoff::default());
        loop {
            let board = self.board(caller, &mut place, neighbour).await?;
            edit.if_match.require(board.task.version)?;
            let mut task = board.task.clone().into_inner();
            (edit.edit)(&mut task);
            let (project, before) = (&board.project, Some(&*board.task));
            let fits = self.require_fitting(caller, project, before, &task, assignee);
            let fits = fits.await;
            let position = self.position(&place, &board, &task, edit.spot).await;
            if let Some(position) = after(fits, position)? {
                task.position = position;
                if let Some(reply) = self.rewrite(caller, board, task, &answer).await? {
                    return Ok(reply);
                }
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Deletes a task: for 30 days it can be restored. One read, two at once, and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there; 412 if it is not what the client has seen; 503 if too many change the project at once.
    pub async fn delete_task(
        &self,
        caller: &Principal,
        id: TaskId,
        if_match: &IfMatch,
    ) -> Result<Reply<()>> {
        let place = self.task_place(caller, id).await?;
        self.delete_task_at(caller, &place, if_match).await
    }

    /// The same of a task whose place is known: two reads at once, and one transaction.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn delete_task_at(
        &self,
        caller: &Principal,
        place: &Stored<TaskPlace>,
        if_match: &IfMatch,
    ) -> Result<Reply<()>> {
        let (mut place, mut backoff) = (place.clone(), Backoff::default());
        loop {
            let Board { project, task, .. } = self.board(caller, &mut place, None).await?;
            if_match.require(task.version)?;
            let now = self.after(&project);
            let mut change = self.change(&project, caller);
            change.put_aside(&task, &DeletedTask::new(task.clone().into_inner(), now));
            change.send(&IndexTask::of(&task));
            change.send(&SettleComments::of(&task));
            change.emit(&TaskDeleted { id: task.id });
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Takes a deleted task back, with those of its labels that are there; it stands behind the others of its status.
    /// One read, two at once, one more if it has labels, and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there, not deleted, or was deleted too long ago; 503 if too many change the project at once.
    pub async fn restore_task<T: Serialize>(
        &self,
        caller: &Principal,
        id: TaskId,
        answer: impl Fn(Task) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let place = self.task_place(caller, id).await?;
        let mut backoff = Backoff::default();
        loop {
            let (project, deleted) = futures::try_join!(
                Box::pin(self.get(place.project())),
                Box::pin(self.get(place.deleted())),
            )?;
            let found = self.let_in(caller, project).zip(deleted);
            let (project, deleted) = found.ok_or_else(missing)?;
            let project = access::open(caller, project)?;
            let now = self.after(&project);
            if !deleted.is_restorable(now) {
                return Err(missing());
            }
            let mut task = deleted.task.clone();
            task.labels = self.labels_there(&project, &task.labels).await?;
            task.position = Position::last();
            task.written(now);
            let mut change = self.change(&project, caller);
            change.take_back(&deleted, &task);
            change.send(&IndexTask::of(&task));
            change.send(&SettleComments::of(&task));
            change.emit(&TaskRestored {
                id,
                version: task.version,
            });
            if let Some(reply) = change.commit_as_read_with(answer(task)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// What is read to change a task: a change of it after that is found out by its version, and one of another task by
    /// the project's number.
    async fn board(
        &self,
        caller: &Principal,
        place: &mut Stored<TaskPlace>,
        neighbour: Option<TaskId>,
    ) -> Result<Board> {
        let (project, task, neighbour) = self.looked_up(caller, place, neighbour).await?;
        Ok(Board {
            project: access::open(caller, project)?,
            task,
            neighbour,
        })
    }

    /// Where a task is to stand; nothing if its neighbour has moved since it was read.
    async fn position(
        &self,
        place: &Stored<TaskPlace>,
        board: &Board,
        task: &Task,
        spot: Option<Spot>,
    ) -> Result<Option<Position>> {
        let stays = task.status == board.task.status;
        let (neighbour, behind) = match spot {
            None if stays => return Ok(Some(task.position.clone())),
            None | Some(Spot::Last) => return Ok(Some(Position::last())),
            Some(Spot::First) => return Ok(Some(Position::first())),
            Some(Spot::After(_)) => (&board.neighbour, true),
            Some(Spot::Before(_)) => (&board.neighbour, false),
        };
        let neighbour = neighbour.as_ref();
        let neighbour = neighbour
            .filter(|neighbour| neighbour.status == task.status && neighbour.id != task.id)
            .ok_or_else(|| Spot::refused(behind))?;
        let Some(next) = self.next_to(place, neighbour, task.id, behind).await? else {
            return Ok(None);
        };
        let here = Some(&neighbour.position);
        let (lower, upper) = if behind {
            (here, next.as_ref())
        } else {
            (next.as_ref(), here)
        };
        let is_there = stays
            && lower.is_none_or(|lower| *lower < task.position)
            && upper.is_none_or(|upper| task.position < *upper);
        if is_there {
            return Ok(Some(task.position.clone()));
        }
        Position::between(lower, upper).map(Some)
    }

    /// The place of whoever stands behind a task, or before it, but for the one that is being moved: none at the end.
    /// Nothing if the task itself stands elsewhere by now.
    async fn next_to(
        &self,
        place: &Stored<TaskPlace>,
        task: &Task,
        moved: TaskId,
        behind: bool,
    ) -> Result<Option<Option<Position>>> {
        let here = keys::place(task);
        let (from, to) = if behind {
            (here.clone(), keys::last_place(task.status))
        } else {
            (keys::first_place(task.status), here.clone())
        };
        let key = place.task();
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(key.table())?)
            .index_name(BY_PLACE)
            .key_condition_expression("pk = :pk AND l1 BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(key.pk().to_owned()))
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to))
            .consistent_read(true)
            .scan_index_forward(behind)
            .limit(3)
            .send()
            .await?;
        let items = answer.items.unwrap_or_default();
        let mut places = items.iter().map(|item| text(item, "l1"));
        if places.next() != Some(&here) {
            return Ok(None);
        }
        let moved = moved.to_string();
        let next = places.find(|place| !place.ends_with(&moved));
        let position = next.and_then(|place| place.split('#').nth(1));
        Ok(Some(position.map(Position::stored)))
    }

    /// Writes a task that is something else, and what follows from that. Nothing if another change came first.
    async fn rewrite<T: Serialize>(
        &self,
        caller: &Principal,
        board: Board,
        mut task: Task,
        answer: impl Fn(Task) -> Reply<T>,
    ) -> Result<Option<Reply<T>>> {
        let (project, before) = (board.project, board.task);
        let fields = task.differing(&before);
        if fields.is_empty() {
            return Ok(Some(answer(task)));
        }
        task.written(self.after(&project));
        let mut change = self.change(&project, caller);
        change.rewrite_task(&before, &task);
        if task.assigned_to != before.assigned_to {
            change.tell_assignee(&task);
        }
        if task.text() != before.text() {
            change.send(&IndexTask::of(&task));
        }
        match TaskChanged::of(&task, fields) {
            TaskChanged::Updated(event) => change.emit(&event),
            TaskChanged::Moved(event) => change.emit(&event),
        }
        change.commit_as_read_with(answer(task)).await
    }

    /// Now, or when the project last changed: times in it never run backwards.
    pub(super) fn after(&self, project: &Project) -> Millis {
        let now = self.dynamo.request().clock().now();
        now.max(project.updated_at)
    }

    pub(super) async fn again(&self, backoff: &mut Backoff) -> Result<()> {
        if backoff.wait(self.dynamo.request()).await {
            return Ok(());
        }
        let cause = "others change the project all the time";
        Err(Error::unavailable(cause))
    }
}

fn missing() -> Error {
    Error::not_found(Task::MISSING)
}
