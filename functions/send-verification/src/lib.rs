//! `POST /api/send-verification`: a link that shows that an address is its user's, by email.

use shared::prelude::*;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint =
    Endpoint::http("send-verification", "POST", "/api/send-verification")
        .called_by(uses::PERSON)
        .uses(&[
            uses::COUNT,
            uses::ACCOUNTS_GET,
            uses::ACCOUNTS_LIST,
            uses::ACCOUNTS_CHANGE,
            uses::USER_CHANGE,
            uses::CHANGE_NOTES,
            uses::DERIVATION_KEY,
        ]);

/// Sends the link, unless it is known already.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Person>) -> Result<Reply<()>> {
    sdk.accounts.send_verification(&event.caller).await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
