//! `POST /api/tasks/{id}/restore`: a deleted task is there again.

use shared::model::id::TaskId;
use shared::model::task::{Task, TaskView};
use shared::prelude::*;
use shared::reply::Data;

/// Editors restore tasks; a read, two at once, one of its labels, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("restore-task", "POST", "/api/tasks/{id}/restore")
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_BATCH_GET,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::UPLOAD_NOTE_FORGET,
        uses::DUE_NOTE_LATER,
    ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
}

/// Takes it back, with its file, behind the others of its status.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Data<TaskView>>> {
    let Event { input, caller, .. } = event;
    let answer = |task: Task| {
        let version = task.version;
        Reply::ok(TaskView::from(task).into()).version(version)
    };
    sdk.db.restore_task(&caller, input.id, answer).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
