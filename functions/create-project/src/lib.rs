//! `POST /api/create-project`: a project of the caller's.

use shared::model::id::{ProjectId, UserId};
use shared::model::project::Project;
use shared::model::realtime::ProjectCreated;
use shared::model::text::{ProjectDescription, ProjectName};
use shared::prelude::*;

/// Editors make projects; one read and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("create-project", "POST", "/api/create-project")
    .uses(&[
        uses::AUTHENTICATE,
        uses::PUBLIC_KEYS,
        uses::AUDIT_APPEND,
        uses::USAGE_COUNT,
        uses::KEY_USED,
        uses::DB_FOUND,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
    ]);

/// What it is called and about.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: ProjectName,
    #[deserr(default)]
    description: Option<ProjectDescription>,
}

/// The project.
#[derive(Debug, Serialize)]
pub struct Output {
    project: Created,
}

#[derive(Debug, Serialize)]
struct Created {
    id: ProjectId,
    #[serde(rename = "userId")]
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    created_at: Millis,
}

/// Makes the project: its row, its place in its creator's list and its first event.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Output>> {
    let project = Project::new(
        event.caller.user_id,
        event.input.name,
        event.input.description,
        sdk.clock.now(),
    );

    let key = event.caller.tenant.project(project.id);
    let mut change = sdk.db.found(key, project.clone(), &event.caller);
    change.emit(&ProjectCreated {
        id: project.id,
        name: project.name.as_str(),
    });
    change.commit_with(Reply::created(project.into())).await
}

impl From<Project> for Output {
    fn from(project: Project) -> Self {
        Self {
            project: Created {
                id: project.id,
                user_id: project.user_id,
                name: project.name,
                description: project.description,
                created_at: project.created_at,
            },
        }
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
