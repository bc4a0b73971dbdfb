//! `GET /api/sessions`: where one is logged in.

use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::PublicSession;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint = Endpoint::http("list-sessions", "GET", "/api/sessions")
    .called_by(uses::PERSON)
    .uses(&[uses::ACCOUNTS_LIST]);

/// Lists the caller's sessions, the newest first.
pub async fn handler(
    sdk: Sdk,
    event: Event<Nothing, Person>,
) -> Result<Reply<Data<Vec<PublicSession>>>> {
    let current = event.caller.session()?;
    let sessions = sdk.accounts.sessions(&event.caller).await?;
    let shown: Vec<_> = sessions
        .into_iter()
        .map(|session| PublicSession::of(session, current))
        .collect();
    Ok(Reply::ok(shown.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
