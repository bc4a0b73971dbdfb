//! `DELETE /api/sessions/{id}`: one of one's sessions ends.

use shared::model::id::SessionId;
use shared::prelude::*;

/// Anyone who is logged in, for themselves.
pub const ENDPOINT: Endpoint = Endpoint::http("delete-session", "DELETE", "/api/sessions/{id}")
    .called_by(uses::PERSON)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_END_SESSION,
        uses::USER_CHANGE,
        uses::CHANGE_NOTES,
    ]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    id: SessionId,
}

/// Ends it, its access tokens and its connections.
pub async fn handler(sdk: Sdk, event: Event<Input, Person>) -> Result<Reply<()>> {
    let Event { caller, input, .. } = event;
    sdk.accounts.end_session(&caller, input.id).await?;
    Ok(Reply::no_content())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
