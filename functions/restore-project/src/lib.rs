//! `POST /api/projects/{id}/restore`: a deleted project is there again.

use shared::model::id::ProjectId;
use shared::model::project::{Project, ProjectView};
use shared::prelude::*;
use shared::reply::Data;

/// Who managed it restores it; one read and one transaction.
pub const ENDPOINT: Endpoint =
    Endpoint::http("restore-project", "POST", "/api/projects/{id}/restore")
        .called_by(uses::MEMBER)
        .uses(&[
            uses::DB_GET,
            uses::DB_CHANGE,
            uses::DB_REMOVE,
            uses::CHANGE_NOTES,
            uses::IDEMPOTENCY,
            uses::STALE_CACHES,
            uses::PURGE_NOTE_FORGET,
        ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ProjectId,
}

/// Takes it back, with all that was in it. Who managed the project may: who made it, and its admins. Those are the
/// tenant's, or if it is private those whom it is shared with as admins.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Data<ProjectView>>> {
    let Event { input, caller, .. } = event;
    let answer = |project: Project| {
        let version = project.version;
        Reply::ok(ProjectView::from(project).into()).version(version)
    };
    sdk.db.restore_project(&caller, input.id, answer).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
