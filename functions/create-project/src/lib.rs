//! `POST /api/create-project` and `POST /api/projects`: a project of the caller's.

use shared::model::id::{ProjectId, UserId};
use shared::model::project::{Project, ProjectView, Visibility};
use shared::model::realtime::ProjectCreated;
use shared::model::text::{ProjectDescription, ProjectName};
use shared::prelude::*;
use shared::reply::Data;

/// Editors make projects; one read and one transaction.
pub const ENDPOINT: Endpoint = Endpoint::http("create-project", "POST", "/api/create-project")
    .also(&[("POST", "/api/projects")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_FOUND,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
    ]);

/// What it is called and about.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: ProjectName,
    #[deserr(default)]
    description: Option<ProjectDescription>,
}

/// The same, and whom it is for.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Whole {
    name: ProjectName,
    #[deserr(default)]
    description: Option<ProjectDescription>,
    #[deserr(default)]
    visibility: Visibility,
}

/// The project.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    project: Created,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Created {
    id: ProjectId,
    #[serde(rename = "userId")]
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    created_at: Millis,
}

/// Makes the project: its row, its place in its creator's list and its first event.
pub async fn post_create_project(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Output>> {
    let Input { name, description } = event.input;
    let project = Project::new(event.caller.user_id, name, description, sdk.clock.now());
    found(&sdk, &event.caller, project, |project| {
        Reply::created(project.into())
    })
    .await
}

/// Makes the project, and answers as all resources do.
pub async fn create_project(
    sdk: Sdk,
    event: Event<Whole, Editor>,
) -> Result<Reply<Data<ProjectView>>> {
    let Whole {
        name,
        description,
        visibility,
    } = event.input;
    let project = Project {
        visibility,
        ..Project::new(event.caller.user_id, name, description, sdk.clock.now())
    };
    found(&sdk, &event.caller, project, |project| {
        let version = project.version;
        Reply::created(ProjectView::from(project).into()).version(version)
    })
    .await
}

async fn found<T: Serialize>(
    sdk: &Sdk,
    caller: &Editor,
    project: Project,
    answer: impl FnOnce(Project) -> Reply<T>,
) -> Result<Reply<T>> {
    let mut change = sdk.db.found(project.clone(), caller);
    change.found_by_its_owner(&project);
    change.emit(&ProjectCreated {
        id: project.id,
        name: project.name.as_str(),
    });
    let location = format!("/api/projects/{}", project.id);
    change.commit_with(answer(project).location(location)).await
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
    shared::lambda::http::function(&ENDPOINT, post_create_project).route(
        "POST",
        "/api/projects",
        create_project,
    )
}
