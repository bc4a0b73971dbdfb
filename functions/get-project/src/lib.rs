//! `GET /api/projects/{id}`: a project. `GET /api/projects/{id}/members`: whom it is shared with.

use shared::model::id::ProjectId;
use shared::model::project::{ProjectMemberView, ProjectView};
use shared::prelude::*;
use shared::reply::Data;

/// Whoever sees it; one read, or two for its members.
pub const ENDPOINT: Endpoint = Endpoint::http("get-project", "GET", "/api/projects/{id}")
    .also(&[("GET", "/api/projects/{id}/members")])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_BATCH_GET]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// Shows it as it is now.
pub async fn get_project(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Data<ProjectView>>> {
    let project = sdk.db.project(&event.caller, event.input.id).await?;
    let project = project.into_inner();
    let version = project.version;
    Ok(Reply::ok(ProjectView::from(project).into()).version(version))
}

/// Lists all besides its owner: they are few.
pub async fn list_project_members(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Data<Vec<ProjectMemberView>>>> {
    let members = sdk.db.project_members(&event.caller, event.input.id);
    Ok(Reply::ok(members.await?.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, get_project).route(
        "GET",
        "/api/projects/{id}/members",
        list_project_members,
    )
}
