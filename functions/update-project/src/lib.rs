//! `PUT` and `PATCH /api/projects/{id}`: what a project says of itself.

use shared::input::{Patch, Replace};
use shared::model::id::ProjectId;
use shared::model::project::{Project, ProjectView, Visibility};
use shared::model::text::{ProjectDescription, ProjectName};
use shared::prelude::*;
use shared::reply::Data;

/// Editors change projects; whom one is for says who manages it. One read and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("update-project", "PUT", "/api/projects/{id}")
    .also(&[("PATCH", "/api/projects/{id}")])
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

/// All of it: what is left out is empty from then on. But nobody opens a project to others, or opens one that is
/// archived, by leaving a word out: whom it is for stays where that is not said.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    id: ProjectId,
    name: ProjectName,
    #[deserr(default)]
    description: Option<ProjectDescription>,
    #[deserr(default)]
    visibility: Option<Visibility>,
}

/// A part of it: what is left out stays.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Part {
    id: ProjectId,
    #[deserr(default)]
    name: Replace<ProjectName>,
    #[deserr(default)]
    description: Patch<ProjectDescription>,
    #[deserr(default)]
    visibility: Replace<Visibility>,
    #[deserr(default)]
    archived: Replace<bool>,
}

/// Writes all of it anew. Whom it is for is changed by who manages it alone: who made it, and its admins.
pub async fn replace_project(
    sdk: Sdk,
    event: Event<Whole, Editor>,
) -> Result<Reply<Data<ProjectView>>> {
    let input = &event.input;
    let edit = |project: &mut Project| {
        project.name = input.name.clone();
        project.description.clone_from(&input.description);
        project.visibility = input.visibility.unwrap_or(project.visibility);
    };
    write(&sdk, &event, input.id, edit).await
}

/// Changes what is named. Whom it is for is changed by who manages it alone: who made it, and its admins.
pub async fn update_project(
    sdk: Sdk,
    event: Event<Part, Editor>,
) -> Result<Reply<Data<ProjectView>>> {
    let (input, now) = (&event.input, sdk.clock.now());
    let edit = |project: &mut Project| {
        input.name.clone().apply(&mut project.name);
        input.description.clone().apply(&mut project.description);
        input.visibility.apply(&mut project.visibility);
        if let Some(archived) = input.archived.set() {
            project.archive(archived, now);
        }
    };
    write(&sdk, &event, input.id, edit).await
}

async fn write<T>(
    sdk: &Sdk,
    event: &Event<T, Editor>,
    id: ProjectId,
    edit: impl Fn(&mut Project),
) -> Result<Reply<Data<ProjectView>>> {
    let Event {
        caller, if_match, ..
    } = event;
    let answer = |project: Project| {
        let version = project.version;
        Reply::ok(ProjectView::from(project).into()).version(version)
    };
    sdk.db
        .edit_project(caller, id, if_match, edit, answer)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, replace_project).route(
        "PATCH",
        "/api/projects/{id}",
        update_project,
    )
}
