//! `GET /api/members` and `GET /api/members/{user_id}`: who belongs to the tenant.

use shared::model::account::Role;
use shared::model::id::UserId;
use shared::model::tenant::MemberView;
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::reply::Data;

/// All who belong to it.
pub const ENDPOINT: Endpoint = Endpoint::http("list-members", "GET", "/api/members")
    .also(&[("GET", "/api/members/{user_id}")])
    .called_by(uses::MEMBER)
    .uses(&[
        uses::DB_GET,
        uses::DB_LIST,
        uses::MEMBERS_BY_ROLE,
        uses::DB_BATCH_GET,
    ]);

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

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    user_id: UserId,
}

/// Lists them, those first who signed up first.
pub async fn list_members(
    sdk: Sdk,
    event: Event<Input, Viewer>,
) -> Result<Reply<Page<MemberView>>> {
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
    Ok(Reply::ok(page.map(MemberView::from)))
}

/// Shows one.
pub async fn get_member(sdk: Sdk, event: Event<One, Viewer>) -> Result<Reply<Data<MemberView>>> {
    let Event { input, caller, .. } = event;
    let member = sdk.db.member(&caller.tenant, input.user_id).await?;
    let version = member.version();
    Ok(Reply::ok(MemberView::from(member).into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_members).route(
        "GET",
        "/api/members/{user_id}",
        get_member,
    )
}
