//! `POST /api/change-password`: a new password for who knows the old one.

use shared::model::account::{Password, PasswordAttempt};
use shared::prelude::*;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint = Endpoint::http("change-password", "POST", "/api/change-password")
    .called_by(uses::PERSON)
    .uses(&[
        uses::COUNT,
        uses::THROTTLE_SUCCESS,
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_LIST,
        uses::ACCOUNTS_CHANGE,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
        uses::SEND_TO_AUDIT,
    ]);

/// The password until now, and from now on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    current_password: PasswordAttempt,
    password: Password,
}

/// Sets the password, and ends all other sessions.
pub async fn handler(sdk: Sdk, event: Event<Input, Person>) -> Result<Reply<()>> {
    let Input {
        current_password,
        password,
    } = event.input;
    sdk.accounts
        .change_password(&event.caller, current_password, password, &event.client)
        .await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
