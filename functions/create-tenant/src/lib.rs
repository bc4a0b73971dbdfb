//! `POST /api/tenants`: one more tenant for somebody who is already here.

use shared::model::tenant::{NewSlug, TenantView};
use shared::model::text::TenantName;
use shared::prelude::*;
use shared::reply::Data;

/// Anyone who is logged in, wherever they act.
pub const ENDPOINT: Endpoint = Endpoint::http("create-tenant", "POST", "/api/tenants")
    .called_by(uses::PERSON)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_FOUND_ANOTHER,
        uses::DB_FOUND,
        uses::CHANGE_NOTES,
        uses::PERSONAL_ANSWERS,
        uses::PERSONAL_ANSWERS_KEPT,
    ]);

/// What it is called, and what before a host's name.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: TenantName,
    #[deserr(default)]
    slug: Option<NewSlug>,
}

/// Makes the tenant, with the caller as its admin.
pub async fn handler(sdk: Sdk, event: Event<Input, Person>) -> Result<Reply<Data<TenantView>>> {
    let Event { input, caller, .. } = event;
    let answer = |tenant: TenantView| {
        let location = format!("/api/tenants/{}", tenant.id());
        let version = tenant.version();
        Reply::created(tenant.into())
            .location(location)
            .version(version)
    };
    sdk.accounts
        .found_tenant(&caller, input.name, input.slug, answer)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
