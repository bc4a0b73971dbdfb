//! `DELETE /api/invitations/{id}`: nobody is asked to join any more.

use shared::model::id::InvitationId;
use shared::prelude::*;

/// Admins invite, and think better of it.
pub const ENDPOINT: Endpoint =
    Endpoint::http("delete-invitation", "DELETE", "/api/invitations/{id}")
        .takes_if_match()
        .called_by(uses::MEMBER)
        .uses(&[
            uses::ACCOUNTS_REMOVE,
            uses::DB_GET,
            uses::DB_CHANGE,
            uses::DB_REMOVE,
            uses::CHANGE_NOTES,
            uses::IDEMPOTENCY,
        ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: InvitationId,
}

/// Revokes it: its link does not work from now on.
pub async fn handler(sdk: Sdk, event: Event<Input, Admin>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    sdk.accounts
        .revoke_invitation(&caller, &if_match, input.id)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
