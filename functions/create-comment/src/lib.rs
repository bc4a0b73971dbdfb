//! `POST /api/tasks/{id}/comments`: somebody says something on a task.

use shared::model::comment::{Comment, CommentCreated, CommentView, mentions};
use shared::model::id::TaskId;
use shared::model::text::CommentText;
use shared::prelude::*;
use shared::reply::Data;

/// Editors comment; a read, two at once beside one of whom it mentions, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("create-comment", "POST", "/api/tasks/{id}/comments")
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_BATCH_GET,
        uses::DB_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
    ]);

/// On which task, and what.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    text: CommentText,
}

/// Stores it, on a task that is there by then.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Data<CommentView>>> {
    let Event { input, caller, .. } = event;
    let mentioned = mentions(&input.text)?;
    let (found, members) = join(
        Box::pin(sdk.db.find_open_task(&caller, input.id)),
        sdk.db.require_members(&caller.tenant, &mentioned, "text"),
    )
    .await;
    let ((project, task), ()) = (found?, members?);
    project.require_seen_by(mentioned.iter().copied(), "text")?;
    let now = sdk.clock.now();
    let comment = Comment::new(&task, caller.user_id, input.text, now)?;

    let mut change = sdk.db.change(&project, &caller);
    change.add_comment(&task, &comment);
    change.tell_mentioned(&task, &comment, &mentioned);
    change.emit(&CommentCreated::of(&comment));
    change.commit_with(made(comment)).await
}

fn made(comment: Comment) -> Reply<Data<CommentView>> {
    let location = format!("/api/tasks/{}/comments/{}", comment.task_id, comment.id);
    let version = comment.version;
    Reply::created(CommentView::from(comment).into())
        .location(location)
        .version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
