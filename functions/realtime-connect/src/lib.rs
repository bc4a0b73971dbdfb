//! `$connect`: a connection is opened by a ticket, once.

use shared::prelude::*;

/// Whoever holds a ticket.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-connect", &["$connect"]).uses(&[
    uses::ORIGINS,
    uses::AUTHENTICATE_CONNECTION,
    uses::TICKET_TAKE,
    uses::CONNECTION_OPEN,
    uses::USER_CONNECTION_OPEN,
    uses::USER_CONNECTION_FORGET,
    uses::CONNECTION_FORGET,
]);

/// The handshake.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput)]
pub struct Input {
    #[deserr(default)]
    ticket: Option<String>,
    #[deserr(default)]
    origin: Option<String>,
}

/// Takes the ticket, and notes who is behind the connection. Only then is it looked whether they still may:
/// whoever is shut out later finds the connection, and ends it.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<()> {
    sdk.socket.require_origin(event.input.origin.as_deref())?;
    let ticket = event.input.ticket.ok_or_else(Error::unauthenticated)?;
    let holder = sdk
        .socket
        .take_ticket(&ticket)
        .await?
        .ok_or_else(Error::unauthenticated)?;
    sdk.socket
        .open(&event.connection_id, holder.clone())
        .await?;
    let live = sdk.accounts.require_live(&holder).await;
    if live.is_err() {
        sdk.socket.forget(&event.connection_id).await?;
    }
    live
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::lifecycle(&ENDPOINT, handler)
}
