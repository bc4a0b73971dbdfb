//! `GET /api/projects/{id}`: a project. `GET /api/projects/{id}/members` and `GET /api/projects/{id}/members/{user_id}`:
//! whom it is shared with.

use shared::model::id::{ProjectId, UserId};
use shared::model::project::{ProjectMemberView, ProjectView};
use shared::prelude::*;
use shared::reply::Data;

/// Whoever sees it; one read, or two for its members.
pub const ENDPOINT: Endpoint = Endpoint::http("get-project", "GET", "/api/projects/{id}")
    .also(&[
        ("GET", "/api/projects/{id}/members"),
        ("GET", "/api/projects/{id}/members/{user_id}"),
    ])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_BATCH_GET]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// Whom, of which project.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    id: ProjectId,
    user_id: UserId,
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
    let (members, version) = members.await?;
    Ok(Reply::ok(members.into()).version(version))
}

/// Shows one of them.
pub async fn get_project_member(
    sdk: Sdk,
    event: Event<One, Viewer>,
) -> Result<Reply<Data<ProjectMemberView>>> {
    let One { id, user_id } = event.input;
    let member = sdk.db.project_member(&event.caller, (id, user_id)).await?;
    let version = member.version();
    Ok(Reply::ok(member.into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, get_project)
        .route("GET", "/api/projects/{id}/members", list_project_members)
        .route(
            "GET",
            "/api/projects/{id}/members/{user_id}",
            get_project_member,
        )
}
