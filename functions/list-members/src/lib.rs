//! `GET /api/members`: who belongs to the tenant.

use shared::model::account::Role;
use shared::model::tenant::Member;
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;

/// All who belong to it.
pub const ENDPOINT: Endpoint = Endpoint::http("list-members", "GET", "/api/members")
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_LIST, uses::MEMBERS_BY_ROLE, uses::DB_BATCH_GET]);

/// Which of them, and how many.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    role: Option<Role>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lists them, those first who signed up first.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<Page<Member>>> {
    let Event { input, caller, .. } = event;
    let page = sdk
        .db
        .members(
            &caller.tenant,
            input.role,
            input.limit,
            input.cursor.as_ref(),
        )
        .await?;
    Ok(Reply::ok(page))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
