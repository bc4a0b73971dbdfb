//! `$connect`: a connection is opened by a ticket, once.

use shared::prelude::*;

/// Whoever holds a ticket.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-connect", &["$connect"]).uses(&[
    uses::ORIGINS,
    uses::AUTHENTICATE,
    uses::TICKET_TAKE,
    uses::CONNECTION_OPEN,
]);

/// The handshake.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput)]
pub struct Input {
    #[deserr(default)]
    ticket: Option<String>,
    #[deserr(default)]
    origin: Option<String>,
}

/// Takes the ticket, and notes who is behind the connection.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<()> {
    sdk.socket.require_origin(event.input.origin.as_deref())?;
    let ticket = event.input.ticket.ok_or_else(Error::unauthenticated)?;
    let holder = sdk
        .socket
        .take_ticket(&ticket)
        .await?
        .ok_or_else(Error::unauthenticated)?;
    sdk.accounts.require_live(&holder).await?;
    sdk.socket.open(&event.connection_id, holder).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::lifecycle(&ENDPOINT, handler)
}
