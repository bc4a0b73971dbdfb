//! `GET /api/invitations`: who is asked to join the tenant and has not answered.

use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::sdk::accounts::PublicInvitation;

/// Admins see them.
pub const ENDPOINT: Endpoint = Endpoint::http("list-invitations", "GET", "/api/invitations")
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_LIST]);

/// How much of the list.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lists those that are open, the newest first.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, Admin>,
) -> Result<Reply<Page<PublicInvitation>>> {
    let Input { limit, cursor } = event.input;
    let tenant = &event.caller.tenant;
    let page = sdk
        .accounts
        .invitations(tenant, limit, cursor.as_ref())
        .await?;
    Ok(Reply::ok(page))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
