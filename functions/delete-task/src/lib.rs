//! `DELETE /api/tasks/{id}`: a task goes, and can be restored for 30 days.

use shared::model::id::TaskId;
use shared::prelude::*;

/// Editors delete tasks; a read, two at once, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("delete-task", "DELETE", "/api/tasks/{id}")
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::UPLOAD_NOTE_LATER,
        uses::DUE_NOTE_FORGET,
    ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
}

/// Puts it aside: from then on nobody finds it.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    sdk.db.delete_task(&caller, input.id, &if_match).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
