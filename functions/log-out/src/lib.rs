//! `POST /api/log-out`: a session ends.

use shared::model::secret::RefreshToken;
use shared::prelude::*;

/// Anyone who holds the token: an access token may have expired by then.
pub const ENDPOINT: Endpoint = Endpoint::http("log-out", "POST", "/api/log-out").uses(&[
    uses::ACCOUNTS_GET,
    uses::ACCOUNTS_END_SESSION,
    uses::USER_CHANGE,
    uses::CHANGE_NOTES,
]);

/// The session's token.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    refresh_token: RefreshToken,
}

/// Ends the session, its access tokens and its connections.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<()>> {
    sdk.accounts.log_out(&event.input.refresh_token).await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
