//! `POST /api/tasks/{id}/move`: a task goes into another project.

use shared::model::id::{ProjectId, TaskId};
use shared::model::task::{Task, TaskView};
use shared::prelude::*;
use shared::reply::Data;

/// Editors of both projects move tasks; two reads at once, two, and one transaction. A file is read and written once
/// more. Where comments are on their way from a move before, one read more.
pub const ENDPOINT: Endpoint = Endpoint::http("move-task", "POST", "/api/tasks/{id}/move")
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_LIST,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::UPLOAD_NOTES,
        uses::DUE_NOTE_LATER,
        uses::DUE_NOTE_FORGET,
        uses::STORAGE_PUT,
        uses::STORAGE_READ,
    ]);

/// Which one, and where to.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    project_id: ProjectId,
}

/// Moves it behind the others of its status there, for who may change both projects. Its comments follow; what has
/// happened to it so far is told by the project that it was in.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Data<TaskView>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let moving = sdk
        .db
        .begin_move(&caller, input.id, input.project_id)
        .await?;
    if_match.require(moving.task.version)?;
    let file = sdk.storage.copy(&moving.from, &moving.task, &moving.to);
    let file = file.await?;
    // Boxed, for it is large.
    Box::pin(sdk.db.finish_move(&caller, moving, file, &if_match, shown)).await
}

fn shown(task: Task) -> Reply<Data<TaskView>> {
    let version = task.version;
    Reply::ok(TaskView::from(task).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
