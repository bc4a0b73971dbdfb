//! `POST /api/projects/{id}/labels`, and `PUT`, `PATCH` and `DELETE /api/projects/{id}/labels/{label_id}`: what a project's
//! tasks can be told apart by.

use shared::input::Replace;
use shared::model::id::{LabelId, ProjectId};
use shared::model::label::{Color, Label, LabelView};
use shared::model::text::LabelName;
use shared::prelude::*;
use shared::reply::Data;

/// Editors do that; two reads, and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("change-labels", "POST", "/api/projects/{id}/labels")
    .also(&[
        ("PUT", "/api/projects/{id}/labels/{label_id}"),
        ("PATCH", "/api/projects/{id}/labels/{label_id}"),
        ("DELETE", "/api/projects/{id}/labels/{label_id}"),
    ])
    .takes_if_match()
    .makes_by("POST")
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_LIST,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
    ]);

/// A new one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct New {
    id: ProjectId,
    name: LabelName,
    #[deserr(default)]
    color: Color,
}

/// All of it: grey, if no colour is given.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    id: ProjectId,
    label_id: LabelId,
    name: LabelName,
    #[deserr(default)]
    color: Color,
}

/// A part of it: what is left out stays.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Part {
    id: ProjectId,
    label_id: LabelId,
    #[deserr(default)]
    name: Replace<LabelName>,
    #[deserr(default)]
    color: Replace<Color>,
}

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Which {
    id: ProjectId,
    label_id: LabelId,
}

/// Makes it.
pub async fn create_label(sdk: Sdk, event: Event<New, Editor>) -> Result<Reply<Data<LabelView>>> {
    let New { id, name, color } = event.input;
    let label = Label::new(id, name, color);
    sdk.db.add_label(&event.caller, label, made).await
}

/// Writes all of it anew.
pub async fn replace_label(
    sdk: Sdk,
    event: Event<Whole, Editor>,
) -> Result<Reply<Data<LabelView>>> {
    let input = &event.input;
    let edit = |label: &mut Label| {
        label.name = input.name.clone();
        label.color = input.color.clone();
    };
    let (caller, which) = (&event.caller, (input.id, input.label_id));
    let written = sdk
        .db
        .edit_label(caller, which, &event.if_match, edit, shown);
    written.await
}

/// Changes what is named. The tasks that have it are as they were: they name it by its id.
pub async fn update_label(sdk: Sdk, event: Event<Part, Editor>) -> Result<Reply<Data<LabelView>>> {
    let input = &event.input;
    let edit = |label: &mut Label| {
        input.name.clone().apply(&mut label.name);
        input.color.clone().apply(&mut label.color);
    };
    let (caller, which) = (&event.caller, (input.id, input.label_id));
    let written = sdk
        .db
        .edit_label(caller, which, &event.if_match, edit, shown);
    written.await
}

/// Removes it, for good; the tasks that have it lose it a moment later.
pub async fn delete_label(sdk: Sdk, event: Event<Which, Editor>) -> Result<Reply<()>> {
    let Which { id, label_id } = event.input;
    let removed = sdk
        .db
        .delete_label(&event.caller, (id, label_id), &event.if_match);
    removed.await
}

fn made(label: Label) -> Reply<Data<LabelView>> {
    let location = format!("/api/projects/{}/labels/{}", label.project_id, label.id);
    let version = label.version;
    Reply::created(LabelView::from(label).into())
        .location(location)
        .version(version)
}

fn shown(label: Label) -> Reply<Data<LabelView>> {
    let version = label.version;
    Reply::ok(LabelView::from(label).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, create_label)
        .route("PUT", "/api/projects/{id}/labels/{label_id}", replace_label)
        .route(
            "PATCH",
            "/api/projects/{id}/labels/{label_id}",
            update_label,
        )
        .route(
            "DELETE",
            "/api/projects/{id}/labels/{label_id}",
            delete_label,
        )
}
