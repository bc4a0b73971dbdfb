//! `GET /api/tenants/{id}`: a tenant that one belongs to.

use shared::model::tenant::TenantView;
use shared::prelude::*;
use shared::reply::Data;

/// Its members, and its keys.
pub const ENDPOINT: Endpoint = Endpoint::http("get-tenant", "GET", "/api/tenants/{id}")
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET]);

/// Shows the tenant that the path names, and so the caller acts in.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Viewer>) -> Result<Reply<Data<TenantView>>> {
    let tenant = sdk.accounts.tenant(&event.caller).await?;
    let version = tenant.version();
    Ok(Reply::ok(tenant.into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
