//! `GET /api/tenants/{id}/usage`: what a tenant has, and what it did in this month and in those before it.

use shared::model::usage::Usage;
use shared::prelude::*;
use shared::reply::Data;

/// Its admins, and keys of that role; two reads side by side.
pub const ENDPOINT: Endpoint = Endpoint::http("get-tenant-usage", "GET", "/api/tenants/{id}/usage")
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_LIST]);

/// Shows what the tenant uses that the path names, and so the caller acts in.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Admin>) -> Result<Reply<Data<Usage>>> {
    let usage = sdk.usage.of(&event.caller).await?;
    Ok(Reply::ok(usage.into()).tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
