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

/// The events after `after`, up to and with `latest`.
pub(crate) async fn owed(
    sdk: &Sdk,
    room: &RoomKey,
    after: u64,
    latest: Broadcast,
) -> Result<Vec<Broadcast>> {
    if after + 1 == latest.seq {
        return Ok(vec![latest]);
    }
    let entries = sdk.db.events(room, after, latest.seq).await?;
    entries.iter().map(Broadcast::try_from).collect()
}

/// Sends `events` to every connection, each in their order.
pub(crate) async fn to_all(
    sdk: &Sdk,
    subscriptions: &[Subscription],
    events: &[Broadcast],
    deliveries: u32,
) -> Result<()> {
    let messages = events
        .iter()
        .map(|event| Ok((event.seq, event.to_json()?)))
        .collect::<Result<Vec<_>>>()?;
    for some in subscriptions.chunks(AT_ONCE) {
        try_join_all(
            some.iter()
                .map(|subscription| to_one(sdk, subscription, &messages, deliveries)),
        )
        .await?;
    }
    Ok(())
}

async fn to_one(
    sdk: &Sdk,
    subscription: &Subscription,
    messages: &[(u64, String)],
    deliveries: u32,
) -> Result<()> {
    let id = &subscription.connection_id;
    for (_, message) in messages.iter().filter(|(seq, _)| *seq > subscription.since) {
        match sdk.socket.post(id, message).await {
            Ok(Delivery::Sent) => {}
            Ok(Delivery::Gone) => return sdk.socket.forget(id).await,
            Err(_) if deliveries >= LAST_PATIENCE => {
                sdk.socket.disconnect(id).await?;
                return sdk.socket.forget(id).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
