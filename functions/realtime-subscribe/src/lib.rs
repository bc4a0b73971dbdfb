//! `{"action":"subscribe","room":"project/{id}"}`: a connection enters a room.

use shared::model::realtime::Room;
use shared::prelude::*;

/// Viewers listen.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-subscribe", &["subscribe"]).uses(&[
    uses::CONNECTION_GET,
    uses::AUTHENTICATE_CONNECTION,
    uses::AUDIT_APPEND,
    uses::DB_GET,
    uses::ROOM_JOIN,
    uses::CONNECTION_JOIN,
]);

/// Which room.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    room: Room,
}

/// From which event on the client will hear all.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    r#type: &'static str,
    room: String,
    seq: u64,
}

/// Lets the connection in. The `seq` that it is told is read again once it is in the room: what came
/// before that it can load, what comes after it will be sent.
pub async fn handler(sdk: Sdk, event: Event<Input, Viewer>) -> Result<Output> {
    let Event { input, caller, .. } = event;
    let since = sdk.db.seq(&caller, input.room).await?;
    let room = caller.tenant.room(input.room);
    sdk.socket
        .join(&room, &event.connection_id, &caller, since)
        .await?;
    Ok(Output {
        r#type: "subscribed",
        room: input.room.to_string(),
        seq: sdk.db.seq(&caller, input.room).await?,
    })
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::message(&ENDPOINT, handler)
}
