//! `PUT` and `PATCH /api/tasks/{id}`: what a task says, how far it is, and where it stands.

use shared::input::{Patch, Replace};
use shared::model::due::DueDate;
use shared::model::id::{TaskId, UserId};
use shared::model::label::LabelIds;
use shared::model::position::Spot;
use shared::model::task::{Priority, Status, Task, TaskView};
use shared::model::text::{TaskDescription, TaskTitle};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::db::Edit;

/// Editors change tasks; a read, two at once (one more to put it beside another), and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("update-task", "PUT", "/api/tasks/{id}")
    .also(&[("PATCH", "/api/tasks/{id}")])
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::DB_GET,
        uses::DB_BATCH_GET,
        uses::TASKS_BY_PLACE,
        uses::DB_CHANGE,
        uses::DB_UNCHANGED,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::DUE_NOTE_LATER,
        uses::DUE_NOTE_FORGET,
    ]);

/// All of it: what is left out is empty from then on. Where it stands is no part of it.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    id: TaskId,
    title: TaskTitle,
    #[deserr(default)]
    description: Option<TaskDescription>,
    status: Status,
    #[deserr(default)]
    priority: Priority,
    #[deserr(default)]
    assigned_to: Option<UserId>,
    #[deserr(default)]
    start_date: Option<DueDate>,
    #[deserr(default)]
    due_date: Option<DueDate>,
    #[deserr(default)]
    parent_id: Option<TaskId>,
    #[deserr(default)]
    labels: LabelIds,
}

/// A part of it: what is left out stays.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Part {
    id: TaskId,
    #[deserr(default)]
    title: Replace<TaskTitle>,
    #[deserr(default)]
    description: Patch<TaskDescription>,
    #[deserr(default)]
    status: Replace<Status>,
    #[deserr(default)]
    position: Replace<Spot>,
    #[deserr(default)]
    priority: Patch<Priority>,
    #[deserr(default)]
    assigned_to: Patch<UserId>,
    #[deserr(default)]
    start_date: Patch<DueDate>,
    #[deserr(default)]
    due_date: Patch<DueDate>,
    #[deserr(default)]
    parent_id: Patch<TaskId>,
    #[deserr(default)]
    labels: Patch<LabelIds>,
}

/// Writes all of it anew.
pub async fn replace_task(sdk: Sdk, event: Event<Whole, Editor>) -> Result<Reply<Data<TaskView>>> {
    let input = &event.input;
    let edit = |task: &mut Task| {
        task.title = input.title.clone();
        task.description.clone_from(&input.description);
        task.status = input.status;
        task.priority = input.priority;
        task.assigned_to = input.assigned_to;
        task.start_date = input.start_date;
        task.due_date = input.due_date;
        task.parent_id = input.parent_id;
        task.labels.clone_from(&input.labels);
    };
    write(&sdk, &event, input.id, input.assigned_to, None, edit).await
}

/// Changes what is named.
pub async fn update_task(sdk: Sdk, event: Event<Part, Editor>) -> Result<Reply<Data<TaskView>>> {
    let input = &event.input;
    let edit = |task: &mut Task| {
        input.title.clone().apply(&mut task.title);
        input.description.clone().apply(&mut task.description);
        input.status.apply(&mut task.status);
        input.priority.apply_or_default(&mut task.priority);
        input.assigned_to.apply(&mut task.assigned_to);
        input.start_date.apply(&mut task.start_date);
        input.due_date.apply(&mut task.due_date);
        input.parent_id.apply(&mut task.parent_id);
        input.labels.clone().apply_or_default(&mut task.labels);
    };
    let assignee = input.assigned_to.set();
    write(&sdk, &event, input.id, assignee, input.position.set(), edit).await
}

async fn write<T>(
    sdk: &Sdk,
    event: &Event<T, Editor>,
    id: TaskId,
    assignee: Option<UserId>,
    spot: Option<Spot>,
    edit: impl Fn(&mut Task),
) -> Result<Reply<Data<TaskView>>> {
    let Event {
        caller, if_match, ..
    } = event;
    let (place, is_for_a_member) = join(
        sdk.db.task_place(caller, id),
        sdk.accounts.is_member(&caller.tenant, assignee),
    )
    .await;
    let place = place?;
    let edit = Edit {
        if_match,
        edit,
        spot,
        is_for_a_member: is_for_a_member?,
    };
    // Boxed, for it is large.
    Box::pin(sdk.db.edit_task(caller, &place, &edit, shown)).await
}

fn shown(task: Task) -> Reply<Data<TaskView>> {
    let version = task.version;
    Reply::ok(TaskView::from(task).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, replace_task).route(
        "PATCH",
        "/api/tasks/{id}",
        update_task,
    )
}
