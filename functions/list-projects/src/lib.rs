//! `GET /api/list-projects`: the caller's own projects, the most recently changed first. `GET /api/projects`: all that
//! they see, in the order in which they were made or the other way round.

use shared::input::Flag;
use shared::model::id::{ProjectId, UserId};
use shared::model::project::{Project, ProjectSort, ProjectView, WantedProjects};
use shared::model::text::{ProjectDescription, ProjectName};
use shared::page::{Cursor, Limit, Page, PageNumber, Paging, PerPage};
use shared::prelude::*;
use shared::sdk::cache::Cached;

/// Viewers list; one read if it is cached, else three and a write. All that they see is two reads at once, and one.
pub const ENDPOINT: Endpoint = Endpoint::http("list-projects", "GET", "/api/list-projects")
    .also(&[("GET", "/api/projects")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::CACHE,
        uses::DB_LATEST,
        uses::DB_BATCH_GET,
        uses::DB_LIST,
        uses::PROJECTS_DELETED,
    ]);

/// Which of all that the caller sees, in which order, and which page.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    archived: Option<Flag>,
    #[deserr(default)]
    deleted: Flag,
    #[deserr(default)]
    sort: Option<ProjectSort>,
    #[deserr(default)]
    page: Option<PageNumber>,
    #[deserr(default)]
    per_page: Option<PerPage>,
    #[deserr(default)]
    limit: Option<Limit>,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// The list, at most 100 long.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    projects: Vec<Listed>,
    from_cache: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    id: ProjectId,
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    created_at: Millis,
    updated_at: Millis,
}

/// Reads the list, and keeps it until a change makes it stale.
pub async fn get_list_projects(sdk: Sdk, event: Event<Nothing, Viewer>) -> Result<Reply<Output>> {
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

/// Reads a page of all, by a cursor or by its number, the newest first unless something else is asked for; or of those
/// that are deleted, for whoever may restore them, each with `restorable_until`. How many there are is told to nobody:
/// private projects make that differ by who asks, and nobody counts them for each.
pub async fn list_projects(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Page<ProjectView>>> {
    let Event { input, caller, .. } = event;
    let paging = Paging::of((input.page, input.per_page), (input.limit, input.cursor));
    let wanted = WantedProjects::of(input.archived, input.deleted, input.sort, paging)?;
    let page = sdk.db.projects(&caller, &wanted).await?;
    Ok(Reply::ok(page.map(ProjectView::from)))
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
    shared::lambda::http::function(&ENDPOINT, get_list_projects).route(
        "GET",
        "/api/projects",
        list_projects,
    )
}
