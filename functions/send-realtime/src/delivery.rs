//! The sending itself.

use shared::keys::RoomKey;
use shared::model::realtime::{Broadcast, Subscription};
use shared::prelude::*;
use shared::sdk::socket::Delivery;

/// How many connections are sent to at once: they share the account's rate with everyone.
const AT_ONCE: usize = 16;

/// A connection that still can't be reached at this delivery of a message is ended, so that it does not
/// hold up its room: its client connects again and catches up.
const LAST_PATIENCE: u32 = 3;

/// The events after `after` up to and with `until`; no read if that is `latest` alone.
///
/// # Errors
/// If the log ends before: to note what nobody was sent as sent would keep it from them for ever.
pub(crate) async fn owed(
    sdk: &Sdk,
    room: &RoomKey,
    after: u64,
    until: u64,
    latest: &Broadcast,
) -> Result<Vec<Broadcast>> {
    if after + 1 == latest.seq {
        return Ok(vec![latest.clone()]);
    }
    let entries = sdk.db.events(room, after, until).await?;
    if entries.last().map(|entry| entry.seq) != Some(until) {
        return Err(Error::bad_request("The log has no event of this number"));
    }
    entries.iter().map(Broadcast::try_from).collect()
}

/// Sends `events` to every connection, each in their order. That one fails keeps them from no other.
pub(crate) async fn to_all(
    sdk: &Sdk,
    room: &RoomKey,
    subscriptions: &[Subscription],
    events: &[Broadcast],
    deliveries: u32,
) -> Result<()> {
    let messages = events
        .iter()
        .map(|event| Ok((event.seq, event.to_json()?)))
        .collect::<Result<Vec<_>>>()?;
    let mut outcome = Ok(());
    for some in subscriptions.chunks(AT_ONCE) {
        let sent = some
            .iter()
            .map(|subscription| to_one(sdk, room, subscription, &messages, deliveries));
        for one in join_all(sent).await {
            outcome = outcome.and(one);
        }
    }
    outcome
}

async fn to_one(
    sdk: &Sdk,
    room: &RoomKey,
    subscription: &Subscription,
    messages: &[(u64, String)],
    deliveries: u32,
) -> Result<()> {
    let id = &subscription.connection_id;
    if sdk.socket.is_over(subscription) {
        sdk.socket.end(id).await?;
        return forget(sdk, room, id).await;
    }
    for (_, message) in messages.iter().filter(|(seq, _)| *seq > subscription.since) {
        match sdk.socket.post(id, message).await {
            Ok(Delivery::Sent) => {}
            Ok(Delivery::Gone) => return forget(sdk, room, id).await,
            Ok(Delivery::Busy) => return Err(Error::unavailable("too many messages at once")),
            Err(error) if deliveries >= LAST_PATIENCE => {
                tracing::warn!(%error, "a connection is ended");
                sdk.socket.disconnect(id).await?;
                return forget(sdk, room, id).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Also out of this very room: a connection that ended while it came in is known to nothing else.
async fn forget(sdk: &Sdk, room: &RoomKey, connection_id: &str) -> Result<()> {
    sdk.socket.leave(room, connection_id).await?;
    sdk.socket.forget(connection_id).await
}
