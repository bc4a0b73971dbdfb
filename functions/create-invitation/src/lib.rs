//! `POST /api/invitations`: somebody is asked to join the tenant, by email.

use shared::model::account::{Email, Role};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::PublicInvitation;

/// Admins invite.
pub const ENDPOINT: Endpoint = Endpoint::http("create-invitation", "POST", "/api/invitations")
    .called_by(uses::MEMBER)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_FOUND,
        uses::COUNT,
        uses::DB_GET,
        uses::DB_LIST,
        uses::DB_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::DERIVATION_KEY,
    ]);

/// Whom, and what for: the tenant's default if that is not said.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    email: Email,
    #[deserr(default)]
    role: Option<Role>,
}

/// Makes the invitation, and has its link sent.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, Admin>,
) -> Result<Reply<Data<PublicInvitation>>> {
    let Event { input, caller, .. } = event;
    sdk.accounts
        .invite(&caller, input.email, input.role, shown)
        .await
}

fn shown(invitation: PublicInvitation) -> Reply<Data<PublicInvitation>> {
    let location = format!("/api/invitations/{}", invitation.id);
    let version = invitation.version();
    Reply::created(invitation.into())
        .location(location)
        .version(version)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
