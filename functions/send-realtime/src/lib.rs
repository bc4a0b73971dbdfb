//! Sends a room's events to its connections, in their order and at least once.

mod delivery;

use shared::lambda::queue::Message;
use shared::model::realtime::{Broadcast, Room};
use shared::prelude::*;

/// One room at a time: the queue's group is the room, so a slow one holds up no other.
pub const ENDPOINT: Endpoint = Endpoint::queue("send-realtime").uses(&[
    uses::CONSUME_REALTIME,
    uses::ROOM_AUDIENCE,
    uses::DB_EVENTS,
    uses::SOCKET,
    uses::CONNECTION_FORGET,
    uses::ROOM_LEAVE,
]);

/// How many events are sent before it is noted that they were.
const STEP: u64 = 25;

/// Sends all that the room is owed up to this event: what was lost or overtaken on the way here is read
/// from the log. Only then is it noted as sent, so a death in between repeats and never omits.
pub async fn handler(sdk: Sdk, event: Event<Message<Broadcast>, Worker>) -> Result<()> {
    let Message { job, deliveries } = event.input;
    let latest = job.payload;
    let room = Room::try_from(latest.room.clone())
        .map(|room| event.caller.tenant.room(room))
        .map_err(|invalid| Error::bad_request(invalid.0))?;
    let audience = sdk.socket.audience(&room).await?;
    let Some(mut sent) = audience.owed_after() else {
        return Ok(());
    };

    while sent < latest.seq {
        let until = latest.seq.min(sent + STEP);
        let events = delivery::owed(&sdk, &room, sent, until, &latest).await?;
        delivery::to_all(&sdk, &room, &audience.subscriptions, &events, deliveries).await?;
        sdk.socket.sent(&room, until).await?;
        sent = until;
    }
    Ok(())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
