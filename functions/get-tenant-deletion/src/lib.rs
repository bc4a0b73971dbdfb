//! `GET /api/tenant-deletions/{id}`: how far the deletion of a tenant is, and what was removed.

use shared::model::deletion::DeletionView;
use shared::model::id::TenantId;
use shared::prelude::*;
use shared::reply::Data;

/// Whoever asked for it: the tenant has no members any more.
pub const ENDPOINT: Endpoint =
    Endpoint::http("get-tenant-deletion", "GET", "/api/tenant-deletions/{id}")
        .called_by(uses::PERSON)
        .uses(&[uses::ACCOUNTS_GET]);

/// Of which tenant.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: TenantId,
}

/// Shows the report, for 90 days after all is gone.
pub async fn handler(sdk: Sdk, event: Event<Input, Person>) -> Result<Reply<Data<DeletionView>>> {
    let Event { input, caller, .. } = event;
    let deletion = sdk
        .accounts
        .tenant_deletion(caller.user_id, input.id)
        .await?;
    Ok(Reply::ok(DeletionView::from(deletion).into()).tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
