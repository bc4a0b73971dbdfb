//! `POST /api/verify-email`: an address is its user's.

use shared::model::secret::LinkToken;
use shared::prelude::*;

/// Anyone who holds the link's token.
pub const ENDPOINT: Endpoint = Endpoint::http("verify-email", "POST", "/api/verify-email").uses(&[
    uses::COUNT,
    uses::THROTTLE_KNOWN,
    uses::ACCOUNTS_GET,
    uses::ACCOUNTS_CHANGE,
    uses::ACCOUNTS_LIST,
    uses::USER_CHANGE,
    uses::CHANGE_NOTES,
]);

/// The token.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    token: LinkToken,
}

/// Notes it, once.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<()>> {
    sdk.accounts
        .verify_email(&event.input.token, &event.client)
        .await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
