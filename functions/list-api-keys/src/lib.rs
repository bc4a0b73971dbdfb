//! `GET /api/api-keys` and `GET /api/api-keys/{id}`: a tenant's keys, without the keys themselves.

use shared::model::id::ApiKeyId;
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::PublicApiKey;

/// Admins see all keys of the tenant, others their own; two reads, and of one key three.
pub const ENDPOINT: Endpoint = Endpoint::http("list-api-keys", "GET", "/api/api-keys")
    .also(&[("GET", "/api/api-keys/{id}")])
    .called_by(uses::MEMBER)
    .uses(&[uses::KEYS_OF_MEMBER, uses::DB_GET, uses::DB_LIST]);

/// How many of them, and from where on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    id: ApiKeyId,
}

/// Lists them, the newest first.
pub async fn list_api_keys(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Page<PublicApiKey>>> {
    let Event { input, caller, .. } = event;
    let page = sdk
        .accounts
        .keys(&caller, input.limit, input.cursor.as_ref())
        .await?;
    Ok(Reply::ok(page))
}

/// Shows one.
pub async fn get_api_key(sdk: Sdk, event: Event<One, Viewer>) -> Result<Reply<Data<PublicApiKey>>> {
    let Event { input, caller, .. } = event;
    let key = sdk.accounts.key(&caller, input.id).await?;
    Ok(Reply::ok(key.into()).tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_api_keys).route(
        "GET",
        "/api/api-keys/{id}",
        get_api_key,
    )
}
