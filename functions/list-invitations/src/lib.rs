//! `GET /api/invitations` and `GET /api/invitations/{id}`: who is asked to join the tenant and has not answered.

use shared::model::id::InvitationId;
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::PublicInvitation;

/// Admins see them.
pub const ENDPOINT: Endpoint = Endpoint::http("list-invitations", "GET", "/api/invitations")
    .also(&[("GET", "/api/invitations/{id}")])
    .called_by(uses::MEMBER)
    .uses(&[uses::DB_GET, uses::DB_LIST]);

/// How much of the list.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct One {
    id: InvitationId,
}

/// Lists those that are open, the newest first.
pub async fn list_invitations(
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

/// Shows one that is.
pub async fn get_invitation(
    sdk: Sdk,
    event: Event<One, Admin>,
) -> Result<Reply<Data<PublicInvitation>>> {
    let Event { input, caller, .. } = event;
    let invitation = sdk.accounts.invitation(&caller.tenant, input.id).await?;
    let version = invitation.version();
    Ok(Reply::ok(invitation.into()).version(version))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, list_invitations).route(
        "GET",
        "/api/invitations/{id}",
        get_invitation,
    )
}
