//! `GET /api/me`: who one is, and where.

use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::Profile;

/// Anyone who is logged in, or whom the identity provider sends: who comes for the first time is made a user
/// here, and nowhere else.
pub const ENDPOINT: Endpoint = Endpoint::http("get-me", "GET", "/api/me")
    .called_by(uses::PERSON)
    .uses(&[
        uses::KEY_USED,
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_LIST,
        uses::ACCOUNTS_CHANGE,
        uses::USER_CHANGE,
        uses::DB_FOUND,
        uses::CHANGE_NOTES,
    ]);

/// Shows the caller, the tenant that they act in and all that they belong to.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Welcome>) -> Result<Reply<Data<Profile>>> {
    let profile = sdk.accounts.profile(&event.caller).await?;
    Ok(Reply::ok(profile.into()).tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
