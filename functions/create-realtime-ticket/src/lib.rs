//! `POST /api/realtime-ticket`: the right to open one WebSocket connection.

use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::socket::TICKET_LIFETIME;

/// Viewers listen.
pub const ENDPOINT: Endpoint =
    Endpoint::http("create-realtime-ticket", "POST", "/api/realtime-ticket")
        .called_by(uses::MEMBER)
        .uses(&[uses::TICKET_ISSUE]);

/// The ticket: a browser can't send headers with a WebSocket, and a token in a URL would reach logs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    ticket: String,
    expires_in: i64,
}

/// Issues a ticket for the caller's own session.
pub async fn handler(sdk: Sdk, event: Event<Nothing, Viewer>) -> Result<Reply<Data<Output>>> {
    let ticket = sdk.socket.issue_ticket(event.caller.holder()).await?;
    let output = Output {
        ticket,
        expires_in: TICKET_LIFETIME,
    };
    Ok(Reply::created(output.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
