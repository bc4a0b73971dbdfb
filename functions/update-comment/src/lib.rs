//! `PUT` and `PATCH /api/tasks/{id}/comments/{comment_id}`: a comment says something else.

use shared::input::Replace;
use shared::model::comment::{Comment, CommentView};
use shared::model::id::{CommentId, TaskId};
use shared::model::text::CommentText;
use shared::prelude::*;
use shared::reply::Data;

/// Its author changes it; a read, two at once, one of the comment, one of whom it mentions now, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http(
    "update-comment",
    "PUT",
    "/api/tasks/{id}/comments/{comment_id}",
)
.also(&[("PATCH", "/api/tasks/{id}/comments/{comment_id}")])
.takes_if_match()
.called_by(uses::MEMBER)
.uses(&[
    uses::DB_GET,
    uses::DB_BATCH_GET,
    uses::DB_CHANGE,
    uses::DB_UNCHANGED,
    uses::CHANGE_NOTES,
    uses::IDEMPOTENCY,
    uses::STALE_CACHES,
]);

/// All of it.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    id: TaskId,
    comment_id: CommentId,
    text: CommentText,
}

/// A part of it: what is left out stays.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Part {
    id: TaskId,
    comment_id: CommentId,
    #[deserr(default)]
    text: Replace<CommentText>,
}

/// Writes all of it anew, for its author alone.
pub async fn replace_comment(
    sdk: Sdk,
    event: Event<Whole, Editor>,
) -> Result<Reply<Data<CommentView>>> {
    let Whole {
        id,
        comment_id,
        text,
    } = &event.input;
    write(&sdk, &event, (*id, *comment_id), Some(text)).await
}

/// Changes what is named, for its author alone.
pub async fn update_comment(
    sdk: Sdk,
    event: Event<Part, Editor>,
) -> Result<Reply<Data<CommentView>>> {
    let Part {
        id,
        comment_id,
        text,
    } = &event.input;
    write(&sdk, &event, (*id, *comment_id), text.as_ref()).await
}

async fn write<T>(
    sdk: &Sdk,
    event: &Event<T, Editor>,
    which: (TaskId, CommentId),
    text: Option<&CommentText>,
) -> Result<Reply<Data<CommentView>>> {
    let Event {
        caller, if_match, ..
    } = event;
    // Boxed, for it is large.
    Box::pin(sdk.db.edit_comment(caller, which, if_match, text, shown)).await
}

fn shown(comment: Comment) -> Reply<Data<CommentView>> {
    let version = comment.version;
    Reply::ok(CommentView::from(comment).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, replace_comment).route(
        "PATCH",
        "/api/tasks/{id}/comments/{comment_id}",
        update_comment,
    )
}
