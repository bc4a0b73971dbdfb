//! `DELETE /api/api-keys/{id}`: a key ends.

use shared::model::id::ApiKeyId;
use shared::prelude::*;

/// Its maker or an admin, in person.
pub const ENDPOINT: Endpoint = Endpoint::http("delete-api-key", "DELETE", "/api/api-keys/{id}")
    .takes_if_match()
    .called_by(uses::MEMBER_IN_PERSON)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_REMOVE,
        uses::DB_REMOVE,
        uses::TENANT_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: ApiKeyId,
}

/// Revokes it, and ends its connections: for its maker, and for admins of the tenant.
pub async fn handler(sdk: Sdk, event: Event<Input, InPerson<Viewer>>) -> Result<Reply<()>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    sdk.accounts.revoke_key(&caller, &if_match, input.id).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
