//! `$disconnect`: a connection has ended.

use shared::prelude::*;

/// The gateway tells it, as a rule; what it misses ends with a 410 or with time.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-disconnect", &["$disconnect"]).uses(&[
    uses::CONNECTION_FORGET,
    uses::USER_CONNECTION_FORGET,
    uses::ROOM_LEAVE,
]);

/// Nothing of the event matters but the connection.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput)]
pub struct Input {}

/// Forgets the connection, and takes it out of its rooms.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<()> {
    sdk.socket.forget(&event.connection_id).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::lifecycle(&ENDPOINT, handler)
}
