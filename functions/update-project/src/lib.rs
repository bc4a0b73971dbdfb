//! `PUT` and `PATCH /api/projects/{id}`: what a project says of itself.

use shared::input::{Patch, Replace};
use shared::model::id::ProjectId;
use shared::model::project::{Project, ProjectView};
use shared::model::text::{ProjectDescription, ProjectName};
use shared::prelude::*;
use shared::reply::Data;

/// Editors change projects; one read and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("update-project", "PUT", "/api/projects/{id}")
    .also(&[("PATCH", "/api/projects/{id}")])
    .uses(&[
        uses::AUTHENTICATE,
        uses::PUBLIC_KEYS,
        uses::AUDIT_APPEND,
        uses::USAGE_COUNT,
        uses::KEY_USED,
        uses::DB_GET,
        uses::DB_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
    ]);

/// All of it: what is left out is empty from then on.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    id: ProjectId,
    name: ProjectName,
    #[deserr(default)]
    description: Option<ProjectDescription>,
}

/// A part of it: what is left out stays.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Part {
    id: ProjectId,
    #[deserr(default)]
    name: Replace<ProjectName>,
    #[deserr(default)]
    description: Patch<ProjectDescription>,
}

/// Writes all of it anew.
pub async fn handler(sdk: Sdk, event: Event<Whole, Editor>) -> Result<Reply<Data<ProjectView>>> {
    let input = &event.input;
    let edit = |project: &mut Project| {
        project.name = input.name.clone();
        project.description.clone_from(&input.description);
    };
    write(&sdk, &event, input.id, edit).await
}

/// Changes what is named.
pub async fn patch(sdk: Sdk, event: Event<Part, Editor>) -> Result<Reply<Data<ProjectView>>> {
    let input = &event.input;
    let edit = |project: &mut Project| {
        input.name.clone().apply(&mut project.name);
        input.description.clone().apply(&mut project.description);
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
    shared::lambda::http::function(&ENDPOINT, handler).route("PATCH", "/api/projects/{id}", patch)
}
