//! `POST /api/reset-password`: a new password for who has followed the link.

use shared::model::account::Password;
use shared::model::secret::LinkToken;
use shared::prelude::*;

/// Anyone who holds the link's token.
pub const ENDPOINT: Endpoint = Endpoint::http("reset-password", "POST", "/api/reset-password")
    .uses(&[
        uses::COUNT,
        uses::THROTTLE_SUCCESS,
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_CHANGE,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
    ]);

/// The token, and the password from now on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    token: LinkToken,
    password: Password,
}

/// Sets the password, and ends all sessions: whoever knew the old one is out.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<()>> {
    let Input { token, password } = event.input;
    sdk.accounts
        .reset_password(&token, password, &event.client)
        .await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
