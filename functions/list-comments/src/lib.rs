//! `GET /api/tasks/{id}/comments` and `GET /api/tasks/{id}/comments/{comment_id}`: what is said on a task.

use shared::model::comment::{Comment, CommentView};
use shared::model::id::{CommentId, TaskId};
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::reply::Data;

/// All who see a task see them; a read, two at once, and one of the comments.
pub const ENDPOINT: Endpoint = Endpoint::http("list-comments", "GET", "/api/tasks/{id}/comments")
    .also(&[("GET", "/api/tasks/{id}/comments/{comment_id}")])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_LIST]);

/// On which task, in which order, and how many.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    #[deserr(default)]
    sort: Order,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    id: TaskId,
    comment_id: CommentId,
}

/// By when they were made.
#[derive(Debug, Default, PartialEq, Eq, Deserr, JsonSchema)]
#[deserr(error = BadInput)]
enum Order {
    #[default]
    #[deserr(rename = "created_at")]
    #[schemars(rename = "created_at")]
    OldestFirst,
    #[deserr(rename = "-created_at")]
    #[schemars(rename = "-created_at")]
    NewestFirst,
}

/// Lists them, as a conversation is read unless the latest are wanted first.
pub async fn list_comments(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Page<CommentView>>> {
    let Event { input, caller, .. } = event;
    let (project, task) = sdk.db.find_task(&caller, input.id).await?;
    let newest_first = input.sort == Order::NewestFirst;
    let cursor = input.cursor.as_ref();
    let page = sdk
        .db
        .comments(&project, &task, newest_first, input.limit, cursor)
        .await?;
    Ok(Reply::ok(Page {
        data: page.data.into_iter().map(CommentView::from).collect(),
        meta: page.meta,
    }))
}

/// Shows one as it is now.
pub async fn get_comment(sdk: Sdk, event: Event<One, Viewer>) -> Result<Reply<Data<CommentView>>> {
    let Event { input, caller, .. } = event;
    let (_project, _task, comment) = sdk
        .db
        .find_comment(&caller, input.id, input.comment_id)
        .await?;
    Ok(shown(comment.into_inner()))
}

fn shown(comment: Comment) -> Reply<Data<CommentView>> {
    let version = comment.version;
    Reply::ok(CommentView::from(comment).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_comments).route(
        "GET",
        "/api/tasks/{id}/comments/{comment_id}",
        get_comment,
    )
}
