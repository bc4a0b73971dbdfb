//! `POST /api/forgot-password`: a link for a new password, by email.

use shared::model::account::Email;
use shared::prelude::*;

/// Anyone can ask.
pub const ENDPOINT: Endpoint = Endpoint::http("forgot-password", "POST", "/api/forgot-password")
    .uses(&[
        uses::COUNT,
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_CHANGE,
        uses::ACCOUNTS_LIST,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
        uses::DERIVATION_KEY,
    ]);

/// Whose.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    email: Email,
}

/// Sends the link, and says the same if there is nobody to send it to.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<()>> {
    sdk.accounts
        .forgot_password(&event.input.email, &event.client)
        .await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
