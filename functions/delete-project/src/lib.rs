//! `DELETE /api/projects/{id}`: a project goes with all that is in it, and can be restored for 30 days.

use shared::model::id::ProjectId;
use shared::prelude::*;

/// Who manages it deletes it; one read and one transaction, however much it holds.
pub const ENDPOINT: Endpoint = Endpoint::http("delete-project", "DELETE", "/api/projects/{id}")
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::PURGE_NOTE_LATER,
    ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// From then on nobody finds it, nor anything in it. Who manages a project may: who made it, and its admins. Those are
/// the tenant's, or while it is private those whom it is shared with as admins.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    sdk.db.delete_project(&caller, input.id, &if_match).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
