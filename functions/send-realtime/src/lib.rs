//! Sends a room's events to its connections, in their order and at least once.

mod delivery;

use shared::lambda::queue::Message;
use shared::model::realtime::{Broadcast, RealtimeJob, Room};
use shared::prelude::*;

/// One room at a time: the queue's group is the room, so a slow one holds up no other.
pub const ENDPOINT: Endpoint = Endpoint::queue("send-realtime").uses(&[
    uses::CONSUME_REALTIME,
    uses::ROOM_AUDIENCE,
    uses::DB_GET,
    uses::DB_EVENTS,
    uses::SOCKET,
    uses::CONNECTION_FORGET,
    uses::ROOM_LEAVE,
    uses::CONNECTIONS_OF_USER,
    uses::USER_CONNECTION_FORGET,
]);

/// How many events are sent before it is noted that they were.
const STEP: u64 = 25;

/// Tells a room, or ends the connections of those who have been shut out.
pub async fn handler(sdk: Sdk, event: Event<Message<RealtimeJob>, Worker>) -> Result<()> {
    let Message { job, deliveries } = event.input;
    match job.payload {
        RealtimeJob::Broadcast(latest) => tell(sdk, event.caller, latest, deliveries).await,
        RealtimeJob::CloseConnections(job) => {
            let tenant = event.caller.tenant;
            sdk.socket.close(tenant, job.user_id, &job.which).await
        }
    }
}

/// Sends all that the room is owed up to this event: what was lost or overtaken on the way here is read
/// from the log. Only then is it noted as sent, so a death in between repeats and never omits.
async fn tell(sdk: Sdk, caller: Worker, latest: Broadcast, deliveries: u32) -> Result<()> {
    let room = Room::try_from(latest.room.clone())
        .map(|room| caller.tenant.room(room))
        .map_err(|invalid| Error::bad_request(invalid.0))?;
    let mut audience = sdk.socket.audience(&room).await?;
    let Some(mut sent) = audience.owed_after() else {
        return Ok(());
    };
    let connections = std::mem::take(&mut audience.subscriptions);
    let listening = sdk
        .db
        .still_let_in(&caller, room.room(), connections)
        .await?;

    while sent < latest.seq {
        let until = latest.seq.min(sent + STEP);
        let events = delivery::owed(&sdk, &room, sent, until, &latest).await?;
        delivery::to_all(&sdk, &room, &listening, &events, deliveries).await?;
        sdk.socket.sent(&room, until).await?;
        sent = until;
    }
    Ok(())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
