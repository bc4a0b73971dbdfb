//! Many changes in one request, one transaction for each, one after the other: each claims the next number of the
//! project's log, so that several at once would only race each other for it, and several in one transaction would
//! fail together. Under an `Idempotency-Key` each has a record of its own, so that a repeat does what is left.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::time::timeout;

use super::super::idempotency::Answers;
use super::{Assignee, Db, Edit};
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Row, Stored};
use crate::model::id::{ProjectId, TaskId, UserId};
use crate::model::log::IndexTask;
use crate::model::realtime::TaskCreated;
use crate::model::task::bulk::{Op, Operation, Operations, Outcome};
use crate::model::task::{Task, TaskPlace, TaskView};
use crate::reply::{Data, Reply};

/// How long it may take to tell what became of each.
const TO_TELL: Duration = Duration::from_millis(500);

/// Who asks for it, where, and who is nobody there.
struct Bulk<'a> {
    caller: &'a Principal,
    project_id: ProjectId,
    strangers: &'a BTreeSet<UserId>,
}

impl Bulk<'_> {
    fn is_for_a_member(&self, operation: &Operation) -> bool {
        let assignee = operation.assignee();
        assignee.is_none_or(|user| !self.strangers.contains(&user))
    }
}

impl Db {
    /// Makes changes of a project's tasks, each by itself: what is refused of one does not keep the next. Where one can't
    /// be made, or not in time, it and those behind it are told to be asked for again. One read, and for each operation what its own
    /// request takes.
    ///
    /// # Errors
    /// 404 if the project is not there; 422 if the request's key was another one's; 503 and 500 if not even the first
    /// could be made.
    pub async fn change_tasks(
        &self,
        caller: &Principal,
        project_id: ProjectId,
        operations: &Operations,
        strangers: &BTreeSet<UserId>,
    ) -> Result<Reply<Data<Vec<Outcome>>>> {
        self.open_project(caller, project_id).await?;
        if let Some(idempotency) = self.dynamo.request().idempotency() {
            let answers = Answers::new(self.dynamo.clone());
            answers.begin(idempotency).await?;
        }
        let bulk = Bulk {
            caller,
            project_id,
            strangers,
        };
        let mut told = Told::default();
        for (index, operation) in operations.all().enumerate() {
            let part = Self::new(self.dynamo.part(caller.tenant, index)?);
            let changed = Box::pin(part.changed_once(&bulk, operation));
            let reply = match self.in_time(changed).await {
                Err(error) if error.code().status() >= 500 => {
                    return told.ended_by(error, operations.all().len());
                }
                reply => reply,
            };
            let seen_as = self.dynamo.request().permission();
            told.next(reply.map(|reply| reply.seen_as(seen_as)));
        }
        Ok(told.reply())
    }

    /// What comes of it, if there is time to tell then.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let left = self.dynamo.request().remaining();
        let made = timeout(left.saturating_sub(TO_TELL), work).await;
        made.unwrap_or_else(|elapsed| Err(Error::unavailable(elapsed)))
    }

    async fn changed_once(
        &self,
        bulk: &Bulk<'_>,
        operation: &Operation,
    ) -> Result<Reply<Box<RawValue>>> {
        let own = Box::pin(self.changed(bulk, operation)).await;
        match self.dynamo.request().idempotency() {
            None => own,
            Some(idempotency) => {
                let answers = Answers::new(self.dynamo.clone());
                answers.settled(idempotency, own).await
            }
        }
    }

    async fn changed(
        &self,
        bulk: &Bulk<'_>,
        operation: &Operation,
    ) -> Result<Reply<Box<RawValue>>> {
        let if_match = operation.if_match.clone().unwrap_or_default();
        match (operation.op, operation.id) {
            (Op::Update, Some(id)) => {
                let place = self.place_in(bulk, id).await?;
                let edit = Edit {
                    if_match: &if_match,
                    edit: |task: &mut Task| operation.edit(task),
                    spot: operation.spot(),
                    is_for_a_member: bulk.is_for_a_member(operation),
                };
                let shown = |task| shown(Reply::ok, task);
                let edited = self.edit_task(bulk.caller, &place, &edit, shown);
                Box::pin(edited).await?.rendered()
            }
            (Op::Delete, Some(id)) => {
                let place = self.place_in(bulk, id).await?;
                let deleted = self.delete_task_at(bulk.caller, &place, &if_match);
                deleted.await?.rendered()
            }
            _ => Box::pin(self.added(bulk, operation)).await?.rendered(),
        }
    }

    /// A new task; one read, one for each task above it, and one transaction.
    async fn added(&self, bulk: &Bulk<'_>, operation: &Operation) -> Result<Reply<TaskView>> {
        let caller = bulk.caller;
        let now = self.dynamo.request().clock().now();
        let task = operation.made(bulk.project_id, caller.user_id, now);
        let task = task.ok_or_else(|| Error::invalid("title", "title is required"))?;
        let project = self.open_project(caller, bulk.project_id).await?;
        let assignee = Assignee {
            field: "assigned_to",
            is_member: bulk.is_for_a_member(operation),
        };
        self.require_fitting(caller, &project, None, &task, assignee)
            .await?;
        let mut change = self.change(&project, caller);
        change.add_task(&task);
        change.tell_assignee(&task);
        change.send(&IndexTask::of(&task));
        change.emit(&TaskCreated::of(&task));
        change.commit_with(shown(Reply::created, task)).await
    }

    /// Where a task of the project is found.
    async fn place_in(&self, bulk: &Bulk<'_>, id: TaskId) -> Result<Stored<TaskPlace>> {
        let place = self.get(bulk.caller.tenant.task(id)).await?;
        place
            .filter(|place| place.project_id == bulk.project_id)
            .ok_or_else(|| Error::not_found(Task::MISSING))
    }
}

/// A task as it is now, and which of its versions that is.
fn shown(reply: impl FnOnce(TaskView) -> Reply<TaskView>, task: Task) -> Reply<TaskView> {
    let version = task.version;
    reply(task.into()).version(version)
}

/// What became of each, and what is told of all of them together.
#[derive(Default)]
struct Told {
    outcomes: Vec<Outcome>,
    event_seq: Option<String>,
    /// Whether any was made now, or is still to be.
    is_new: bool,
}

impl Told {
    fn next(&mut self, reply: Result<Reply<Box<RawValue>>>) {
        if let Some(reply) = reply.as_ref().ok().filter(|reply| reply.caused_an_event()) {
            self.event_seq = reply.told_seq().map(str::to_owned);
            self.is_new |= !reply.is_replayed();
        }
        let index = self.outcomes.len();
        self.outcomes.push(Outcome::of(index, reply));
    }

    /// Of so many the next one could not be made, and those behind it are not tried, for they may need it.
    fn ended_by(mut self, error: Error, all: usize) -> Result<Reply<Data<Vec<Outcome>>>> {
        if self.outcomes.is_empty() {
            return Err(error);
        }
        tracing::error!(%error, "an operation could not be made");
        self.next(Err(error));
        while self.outcomes.len() < all {
            self.next(Err(Error::unavailable("one before it could not be made")));
        }
        self.is_new = true;
        Ok(self.reply())
    }

    fn reply(self) -> Reply<Data<Vec<Outcome>>> {
        let reply = Reply::ok(self.outcomes.into());
        match self.event_seq {
            None => reply,
            Some(seq) if self.is_new => reply.seq(seq),
            Some(seq) => reply.seq(seq).again(),
        }
    }
}
