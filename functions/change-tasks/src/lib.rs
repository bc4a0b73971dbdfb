//! `POST /api/projects/{id}/tasks/bulk`: many changes of a project's tasks in one request.

use shared::model::id::ProjectId;
use shared::model::task::bulk::{Operations, Outcome};
use shared::prelude::*;
use shared::reply::Data;

/// Editors change tasks; a read, and for each operation what its own request takes.
pub const ENDPOINT: Endpoint =
    Endpoint::http("change-tasks", "POST", "/api/projects/{id}/tasks/bulk")
        .body_limit(2 * 1024 * 1024, None)
        .called_by(uses::MEMBER)
        .uses(&[
            uses::DB_GET,
            uses::DB_BATCH_GET,
            uses::TASKS_BY_PLACE,
            uses::DB_CHANGE,
            uses::DB_UNCHANGED,
            uses::DB_REMOVE,
            uses::CHANGE_NOTES,
            uses::IDEMPOTENCY,
            uses::STALE_CACHES,
            uses::UPLOAD_NOTE_LATER,
            uses::DUE_NOTE_LATER,
            uses::DUE_NOTE_FORGET,
        ]);

/// What is to be done, in its order.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
    operations: Operations,
}

/// Makes them, each by itself; the answer has what became of each.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Data<Vec<Outcome>>>> {
    let Event { input, caller, .. } = event;
    let operations = &input.operations;
    let strangers = sdk
        .accounts
        .strangers(&caller.tenant, operations.assignees())
        .await?;
    sdk.db
        .change_tasks(&caller, input.id, operations, &strangers)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
