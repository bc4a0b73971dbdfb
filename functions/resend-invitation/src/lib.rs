//! `POST /api/invitations/{id}/resend`: another link, in place of the one before.

use shared::model::id::InvitationId;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::PublicInvitation;

/// Admins invite.
pub const ENDPOINT: Endpoint =
    Endpoint::http("resend-invitation", "POST", "/api/invitations/{id}/resend")
        .takes_if_match()
        .called_by(uses::MEMBER)
        .uses(&[
            uses::ACCOUNTS_FOUND,
            uses::ACCOUNTS_REMOVE,
            uses::COUNT,
            uses::DB_GET,
            uses::DB_CHANGE,
            uses::CHANGE_NOTES,
            uses::IDEMPOTENCY,
            uses::DERIVATION_KEY,
        ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: InvitationId,
}

/// Sends it again; it is open for seven days from now.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, Admin>,
) -> Result<Reply<Data<PublicInvitation>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    sdk.accounts
        .resend_invitation(&caller, &if_match, input.id, shown)
        .await
}

fn shown(invitation: PublicInvitation) -> Reply<Data<PublicInvitation>> {
    let version = invitation.version();
    Reply::ok(invitation.into()).version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
