//! `GET /api/list-projects`: the caller's own projects, the most recently changed first.

use shared::model::id::{ProjectId, UserId};
use shared::model::project::Project;
use shared::model::text::{ProjectDescription, ProjectName};
use shared::prelude::*;
use shared::sdk::cache::Cached;

/// Viewers list; one read if it is cached, else three and a write.
pub const ENDPOINT: Endpoint =
    Endpoint::http("list-projects", "GET", "/api/list-projects").uses(&[
        uses::AUTHENTICATE,
        uses::PUBLIC_KEYS,
        uses::AUDIT_APPEND,
        uses::USAGE_COUNT,
        uses::KEY_USED,
        uses::CACHE,
        uses::DB_LATEST,
        uses::DB_BATCH_GET,
    ]);

/// The list, at most 100 long.
#[derive(Debug, Serialize)]
pub struct Output {
    projects: Vec<Listed>,
    from_cache: bool,
}

#[derive(Debug, Serialize)]
struct Listed {
    id: ProjectId,
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    created_at: Millis,
    updated_at: Millis,
}

/// Reads the list, and keeps it until a change makes it stale.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Viewer>) -> Result<Reply<Output>> {
    let caller = &event.caller;
    let key = caller.tenant.cached_projects(caller.user_id);
    let generation = match sdk.cache.get(&key).await? {
        Cached::Hit(projects) => return Ok(Reply::ok(output(projects, true))),
        Cached::Miss(generation) => generation,
    };

    let listings = caller.tenant.listings(caller.user_id);
    let projects = sdk.db.own_projects(caller, listings).await?;
    sdk.cache.set(&key, generation, &projects).await;

    Ok(Reply::ok(output(projects, false)))
}

fn output(projects: Vec<Project>, from_cache: bool) -> Output {
    Output {
        projects: projects.into_iter().map(Listed::from).collect(),
        from_cache,
    }
}

impl From<Project> for Listed {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            user_id: project.user_id,
            name: project.name,
            description: project.description,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
