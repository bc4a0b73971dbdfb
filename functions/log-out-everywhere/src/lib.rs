//! `POST /api/log-out-everywhere`: all of one's sessions end.

use shared::prelude::*;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint =
    Endpoint::http("log-out-everywhere", "POST", "/api/log-out-everywhere").uses(&[
        uses::AUTHENTICATE,
        uses::PUBLIC_KEYS,
        uses::AUDIT_APPEND,
        uses::ACCOUNTS_LIST,
        uses::ACCOUNTS_END_SESSION,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
    ]);

/// Ends them, with the one that asks.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Person>) -> Result<Reply<()>> {
    let Event { caller, .. } = event;
    let sessions = sdk.accounts.sessions(caller.user_id).await?;
    let ids: Vec<_> = sessions.iter().map(|session| session.id).collect();
    sdk.accounts
        .end_sessions(caller.told_in()?, caller.user_id, &ids)
        .await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
