//! `POST /api/log-out-everywhere`: all of one's sessions end.

use shared::prelude::*;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint =
    Endpoint::http("log-out-everywhere", "POST", "/api/log-out-everywhere")
        .called_by(uses::PERSON)
        .uses(&[
            uses::ACCOUNTS_NEXT_EPOCH,
            uses::USER_CHANGE,
            uses::CHANGE_NOTES,
        ]);

/// Ends them, with the one that asks.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Person>) -> Result<Reply<()>> {
    sdk.accounts.log_out_everywhere(&event.caller).await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
