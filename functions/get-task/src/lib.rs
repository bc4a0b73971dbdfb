//! `GET /api/tasks/{id}` and `GET /api/tasks/{id}/attachment`: a task, and its file.

use shared::model::attachment::AttachmentLink;
use shared::model::id::TaskId;
use shared::model::task::expanded::{Expand, ExpandedTask};
use shared::prelude::*;
use shared::reply::Data;

/// All members of its tenant see it; one read finds its project, and two at once read both. One more reads who is to do
/// it, where that is asked for. A link to its file takes no call.
pub const ENDPOINT: Endpoint = Endpoint::http("get-task", "GET", "/api/tasks/{id}")
    .also(&[("GET", "/api/tasks/{id}/attachment")])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::STORAGE_LINK]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    #[deserr(default)]
    expand: Expand,
}

/// Of which task.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Which {
    id: TaskId,
}

/// Shows it as it is now.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Data<ExpandedTask>>> {
    let Event { input, caller, .. } = event;
    let found = sdk.db.find_task(&caller, input.id).await?;
    let version = found.1.version;
    let task = sdk.db.expanded(&caller, found, input.expand);
    Ok(Reply::ok(task.await?.into()).version(version))
}

/// Gives a link to its file, with which anyone can read it until it ends; each time another one.
pub async fn get_attachment(
    sdk: Sdk,
    event: Event<Which, Viewer>,
) -> Result<Reply<Data<AttachmentLink>>> {
    let Event { input, caller, .. } = event;
    let (project, task) = sdk.db.find_task(&caller, input.id).await?;
    let link = sdk.storage.attachment(&project, &task).await?;
    Ok(Reply::ok(link.into()).not_kept())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler).route(
        "GET",
        "/api/tasks/{id}/attachment",
        get_attachment,
    )
}
