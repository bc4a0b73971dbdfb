//! `{"action":"unsubscribe","room":"project/{id}"}`: a connection leaves a room.

use shared::model::realtime::Room;
use shared::prelude::*;

/// Viewers stop listening.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-unsubscribe", &["unsubscribe"]).uses(&[
    uses::CONNECTION_GET,
    uses::AUTHENTICATE_CONNECTION,
    uses::AUDIT_APPEND,
    uses::ROOM_LEAVE,
    uses::CONNECTION_LEAVE,
]);

/// Which room.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    room: Room,
}

/// That it is done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    r#type: &'static str,
    room: String,
}

/// Takes the connection out, whether it was in or not.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Output> {
    let room = event.caller.tenant.room(event.input.room);
    sdk.socket.leave(&room, &event.connection_id).await?;
    Ok(Output {
        r#type: "unsubscribed",
        room: event.input.room.to_string(),
    })
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::message(&ENDPOINT, handler)
}
