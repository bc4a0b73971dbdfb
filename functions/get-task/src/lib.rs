//! `GET /api/tasks/{id}`: a task.

use shared::model::id::TaskId;
use shared::model::task::expanded::{Expand, ExpandedTask};
use shared::prelude::*;
use shared::reply::Data;

/// All members of its tenant see it; one read finds its project, and two at once read both. One more reads who is to do
/// it, where that is asked for.
pub const ENDPOINT: Endpoint = Endpoint::http("get-task", "GET", "/api/tasks/{id}")
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TaskId,
    #[deserr(default)]
    expand: Expand,
}

/// Shows it as it is now.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Data<ExpandedTask>>> {
    let Event { input, caller, .. } = event;
    let found = sdk.db.find_task(&caller, input.id).await?;
    let version = found.1.version;
    let task = sdk.db.expanded(&caller, found, input.expand);
    Ok(Reply::ok(task.await?.into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
