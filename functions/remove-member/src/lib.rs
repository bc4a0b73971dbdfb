//! `DELETE /api/members/{user_id}`: a member is shut out, or leaves.

use shared::model::id::UserId;
use shared::prelude::*;

/// The tenant's admins, and everybody for themselves.
pub const ENDPOINT: Endpoint = Endpoint::http("remove-member", "DELETE", "/api/members/{user_id}")
    .takes_if_match()
    .called_by(uses::MEMBER)
    .uses(&[
        uses::KEYS_OF_MEMBER,
        uses::ACCOUNTS_REMOVE,
        uses::TENANT_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// Who.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    user_id: UserId,
}

/// Ends the membership, from the next request on: for admins anybody's, and for everybody in person their own.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    caller.require_may_remove(input.user_id)?;
    sdk.accounts
        .remove_member(&caller, &if_match, input.user_id)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
