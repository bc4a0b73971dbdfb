//! `POST /api/log-in`: a new session for a user.

use shared::model::account::{Email, PasswordAttempt};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::SignedIn;

/// Anyone can try.
pub const ENDPOINT: Endpoint = Endpoint::http("log-in", "POST", "/api/log-in").uses(&[
    uses::ACCOUNTS_GET,
    uses::ACCOUNTS_LIST,
    uses::ACCOUNTS_ENTER,
    uses::ACCOUNTS_PUT,
    uses::ACCOUNTS_CHECK,
    uses::ACCOUNTS_FOUND_ANOTHER,
    uses::ACCOUNTS_UNCHANGED,
    uses::DB_FOUND,
    uses::CHANGE_NOTES,
    uses::THROTTLE,
    uses::THROTTLE_SUCCESS,
    uses::SEND_TO_AUDIT,
    uses::SIGNING_KEY,
]);

/// Who they say they are.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    email: Email,
    password: PasswordAttempt,
}

/// Logs them in, or says no more than that email or password are wrong.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<Data<SignedIn>>> {
    let Input { email, password } = event.input;
    let signed_in = sdk.accounts.log_in(&email, password, event.client).await?;
    Ok(Reply::ok(signed_in.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
