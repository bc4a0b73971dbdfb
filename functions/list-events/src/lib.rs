//! `GET /api/projects/{id}/events` and `GET /api/tasks/{id}/events`: what has happened, straight from the log.

use shared::model::activity::{ActivityView, After, Stretch};
use shared::model::id::{ProjectId, TaskId};
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;

/// All who see a project see what happens in it; two reads, or of a task three and two for each half million events.
pub const ENDPOINT: Endpoint = Endpoint::http("list-events", "GET", "/api/projects/{id}/events")
    .also(&[("GET", "/api/tasks/{id}/events")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_EVENTS,
        uses::EVENTS_BY_OBJECT,
        uses::DB_BATCH_GET,
    ]);

/// Of which project, behind which event, and how many.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct OfProject {
    id: ProjectId,
    #[deserr(default)]
    after: After,
    #[deserr(default)]
    limit: Limit,
}

/// Of which task, and how many.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct OfTask {
    id: TaskId,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Tells what has happened in a project, in its order: who has come to the end goes on from there later.
pub async fn list_project_events(
    sdk: Sdk,
    event: Event<OfProject, Viewer>,
) -> Result<Reply<Stretch>> {
    let Event { input, caller, .. } = event;
    let project = sdk.db.project(&caller, input.id).await?;
    let events = sdk.db.activity(&project, input.after, input.limit).await?;
    Ok(Reply::ok(events))
}

/// Tells what has happened to a task, the latest first.
pub async fn list_task_events(
    sdk: Sdk,
    event: Event<OfTask, Viewer>,
) -> Result<Reply<Page<ActivityView>>> {
    let Event { input, caller, .. } = event;
    let (project, _task) = sdk.db.find_task(&caller, input.id).await?;
    let cursor = input.cursor.as_ref();
    let events = sdk
        .db
        .task_activity(&project, input.id, input.limit, cursor);
    Ok(Reply::ok(events.await?))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_project_events).route(
        "GET",
        "/api/tasks/{id}/events",
        list_task_events,
    )
}
