//! `POST /api/search-tasks`: the tasks of a project that are nearest in meaning to a query.

mod rank;

use std::time::Duration;

use shared::model::id::ProjectId;
use shared::model::project::Project;
use shared::model::search::{Hit, SETTLING};
use shared::model::text::SearchQuery;
use shared::prelude::*;
use shared::sdk::cache::Cached;

/// Viewers search.
pub const ENDPOINT: Endpoint = Endpoint::http("search-tasks", "POST", "/api/search-tasks").uses(&[
    uses::AUTHENTICATE,
    uses::PUBLIC_KEYS,
    uses::AUDIT_APPEND,
    uses::USAGE_COUNT,
    uses::KEY_USED,
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

/// How long an answer is kept that may still lack what has just changed.
const WHILE_SETTLING: Duration = Duration::from_secs(3);

/// What is looked for, and where.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
pub struct Input {
    query: SearchQuery,
    project_id: ProjectId,
}

/// The tasks, nearest first.
#[derive(Debug, Serialize)]
pub struct Output {
    results: Vec<Hit>,
}

/// Checks access first, then answers from the cache or from the index.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Output>> {
    let Event { input, caller, .. } = event;
    let project = sdk.db.load(caller.tenant.project(input.project_id)).await?;
    let key = project
        .cached_search(&input.query)
        .at_most(lifetime(&project, sdk.clock.now()));
    let generation = match sdk.cache.get(&key).await? {
        Cached::Hit(results) => return Ok(reply(results, "hit")),
        Cached::Miss(generation) => generation,
    };

    let embedding = sdk.ai.embed(input.query.as_str()).await?;
    let near = sdk.search.nearest(&project, &embedding, CANDIDATES).await?;
    let keys = near.iter().map(|near| project.task(near.task_id)).collect();
    let tasks = sdk.db.get_all(keys).await?;
    let results = rank::nearest_first(&input.query, &near, &tasks, RESULTS);
    sdk.cache.set(&key, generation, &results).await;

    Ok(reply(results, "miss"))
}

fn lifetime(project: &Project, now: Millis) -> Duration {
    if now - project.searchable_since() < SETTLING {
        WHILE_SETTLING
    } else {
        Duration::MAX
    }
}

fn reply(results: Vec<Hit>, cache: &str) -> Reply<Output> {
    Reply::ok(Output { results }).header("x-cache", cache)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
