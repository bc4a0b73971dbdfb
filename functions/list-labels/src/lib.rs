//! `GET /api/projects/{id}/labels` and `GET /api/projects/{id}/labels/{label_id}`: what a project's tasks can be told apart by.

use shared::model::id::{LabelId, ProjectId};
use shared::model::label::LabelView;
use shared::prelude::*;
use shared::reply::Data;

/// All who see a project see them; two reads at once.
pub const ENDPOINT: Endpoint = Endpoint::http("list-labels", "GET", "/api/projects/{id}/labels")
    .also(&[("GET", "/api/projects/{id}/labels/{label_id}")])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_LIST]);

/// Of which project.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    id: ProjectId,
    label_id: LabelId,
}

/// Lists all of them, in the order in which they were made.
pub async fn list_labels(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Data<Vec<LabelView>>>> {
    let labels = sdk.db.labels(&event.caller, event.input.id).await?;
    let shown: Vec<_> = labels.into_iter().map(LabelView::from).collect();
    Ok(Reply::ok(shown.into()))
}

/// Shows one.
pub async fn get_label(sdk: Sdk, event: Event<One, Viewer>) -> Result<Reply<Data<LabelView>>> {
    let One { id, label_id } = event.input;
    let label = sdk.db.label(&event.caller, (id, label_id)).await?;
    let version = label.version;
    Ok(Reply::ok(LabelView::from(label).into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_labels).route(
        "GET",
        "/api/projects/{id}/labels/{label_id}",
        get_label,
    )
}
