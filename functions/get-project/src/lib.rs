//! `GET /api/projects/{id}`: a project.

use shared::model::id::ProjectId;
use shared::model::project::ProjectView;
use shared::prelude::*;
use shared::reply::Data;

/// All members of its tenant see it; one read.
pub const ENDPOINT: Endpoint = Endpoint::http("get-project", "GET", "/api/projects/{id}").uses(&[
    uses::AUTHENTICATE,
    uses::PUBLIC_KEYS,
    uses::AUDIT_APPEND,
    uses::USAGE_COUNT,
    uses::KEY_USED,
    uses::DB_GET,
]);

/// Which one.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// Shows it as it is now.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Data<ProjectView>>> {
    let key = event.caller.tenant.project(event.input.id);
    let project = sdk.db.load(key).await?.into_inner();
    let version = project.version;
    Ok(Reply::ok(ProjectView::from(project).into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
