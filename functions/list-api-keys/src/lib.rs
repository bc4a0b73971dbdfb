//! `GET /api/api-keys`: a tenant's keys, without the keys themselves.

use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::sdk::accounts::PublicApiKey;

/// Admins see all keys of the tenant, others their own; two reads.
pub const ENDPOINT: Endpoint = Endpoint::http("list-api-keys", "GET", "/api/api-keys")
    .called_by(uses::MEMBER)
    .uses(&[uses::KEYS_OF_MEMBER, uses::DB_LIST]);

/// How many of them, and from where on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lists them, the newest first.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Page<PublicApiKey>>> {
    let Event { input, caller, .. } = event;
    let page = sdk
        .accounts
        .keys(&caller, input.limit, input.cursor.as_ref())
        .await?;
    Ok(Reply::ok(page))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
