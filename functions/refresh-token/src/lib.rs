//! `POST /api/refresh-token`: a session is carried on.

use shared::model::secret::RefreshToken;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::Tokens;

/// Anyone who holds the token: it says who they are.
pub const ENDPOINT: Endpoint =
    Endpoint::http("refresh-token", "POST", "/api/refresh-token").uses(&[
        uses::ACCOUNTS_ROTATE,
        uses::AUTHENTICATE_CONNECTION,
        uses::ACCOUNTS_END_SESSION,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
        uses::SIGNING_KEY,
        uses::DERIVATION_KEY,
    ]);

/// The token of the last answer.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    refresh_token: RefreshToken,
}

/// Gives out the next tokens. A token that was used before ends the session instead.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<Data<Tokens>>> {
    let tokens = sdk.accounts.refresh(&event.input.refresh_token).await?;
    Ok(Reply::ok(tokens.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
