//! `PATCH /api/members/{user_id}`: a member may do more than before, or less.

use shared::model::account::Role;
use shared::model::id::UserId;
use shared::model::tenant::{Member, MemberView};
use shared::prelude::*;
use shared::reply::Data;

/// The tenant's admins.
pub const ENDPOINT: Endpoint = Endpoint::http("update-member", "PATCH", "/api/members/{user_id}")
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::ACCOUNTS_SET_ROLE,
        uses::TENANT_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// Who, and what they are from now on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    user_id: UserId,
    role: Role,
}

/// Gives them the role, which holds from their next request on.
pub async fn handler(sdk: Sdk, event: Event<Input, Admin>) -> Result<Reply<Data<MemberView>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let Input { user_id, role } = input;
    sdk.accounts
        .set_role(&caller, &if_match, (user_id, role), shown)
        .await
}

fn shown(member: Member) -> Reply<Data<MemberView>> {
    let version = member.version();
    Reply::ok(MemberView::from(member).into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
