//! `DELETE /api/tasks/{id}/comments/{comment_id}`: a comment is taken back, or away.

use shared::model::id::{CommentId, TaskId};
use shared::prelude::*;

/// Its author and admins do that; a read, two at once, one of the comment, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http(
    "delete-comment",
    "DELETE",
    "/api/tasks/{id}/comments/{comment_id}",
)
.takes_if_match()
.called_by(uses::MEMBER)
.uses(&[
    uses::DB_GET,
    uses::DB_CHANGE,
    uses::DB_REMOVE,
    uses::CHANGE_NOTES,
    uses::IDEMPOTENCY,
    uses::STALE_CACHES,
]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    comment_id: CommentId,
}

/// Removes it, for good: for its author, and for admins of the tenant.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let which = (input.id, input.comment_id);
    sdk.db.delete_comment(&caller, which, &if_match).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
