//! `POST /api/search-tasks` and `GET /api/projects/{id}/search`: the tasks of a project that are nearest in meaning to a
//! query.

mod rank;

use std::time::Duration;

use shared::event::caller::Principal;
use shared::model::id::ProjectId;
use shared::model::project::Project;
use shared::model::search::{Hit, SETTLING};
use shared::model::text::SearchQuery;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::cache::Cached;

/// Viewers search.
pub const ENDPOINT: Endpoint = Endpoint::http("search-tasks", "POST", "/api/search-tasks")
    .also(&[("GET", "/api/projects/{id}/search")])
    .rate(Rate::Search)
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_BATCH_GET,
        uses::CACHE,
        uses::AI_EMBED,
        uses::SEARCH,
    ]);

/// How many tasks are answered.
const RESULTS: usize = 10;

/// How many are asked for: some may be gone, and a named one may rank low by meaning.
const CANDIDATES: i32 = 30;

/// Tells whether an answer was in the cache.
const CACHE: &str = "x-cache";

/// How long an answer is kept that may still lack what has just changed.
const WHILE_SETTLING: Duration = Duration::from_secs(3);

/// What is looked for, and where.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
#[schemars(rename_all = "camelCase")]
pub struct Input {
    query: SearchQuery,
    project_id: ProjectId,
}

/// The same, in the words of all other resources.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Sought {
    id: ProjectId,
    q: SearchQuery,
}

/// The tasks, nearest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    results: Vec<Hit>,
}

/// Checks access first, then answers from the cache or from the index.
pub async fn post_search_tasks(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Output>> {
    let Event { input, caller, .. } = event;
    let (results, cache) = search(&sdk, &caller, input.project_id, &input.query).await?;
    Ok(Reply::ok(Output { results }).header(CACHE, cache))
}

/// Lists ten tasks at most, the nearest first.
pub async fn search_tasks(sdk: Sdk, event: Event<Sought, Viewer>) -> Result<Reply<Data<Vec<Hit>>>> {
    let Event { input, caller, .. } = event;
    let (results, cache) = search(&sdk, &caller, input.id, &input.q).await?;
    Ok(Reply::ok(results.into()).header(CACHE, cache))
}

/// What is found, and whether that was in the cache.
async fn search(
    sdk: &Sdk,
    caller: &Principal,
    project_id: ProjectId,
    query: &SearchQuery,
) -> Result<(Vec<Hit>, &'static str)> {
    let project = sdk.db.project(caller, project_id).await?;
    let key = project
        .cached_search(query)
        .at_most(lifetime(&project, sdk.clock.now()));
    let generation = match sdk.cache.get(&key).await? {
        Cached::Hit(results) => return Ok((results, "hit")),
        Cached::Miss(generation) => generation,
    };

    let embedding = sdk.ai.embed(query.as_str()).await?;
    let near = sdk.search.nearest(&project, &embedding, CANDIDATES).await?;
    let keys = near.iter().map(|near| project.task(near.task_id)).collect();
    let tasks = sdk.db.get_all(keys).await?;
    let results = rank::nearest_first(query, &near, &tasks, RESULTS);
    sdk.cache.set(&key, generation, &results).await;

    Ok((results, "miss"))
}

fn lifetime(project: &Project, now: Millis) -> Duration {
    if now - project.searchable_since() < SETTLING {
        WHILE_SETTLING
    } else {
        Duration::MAX
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, post_search_tasks).route(
        "GET",
        "/api/projects/{id}/search",
        search_tasks,
    )
}
