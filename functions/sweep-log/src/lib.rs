//! By the clock: relays the events that the stream has lost, or failed to have relayed.

use shared::prelude::*;

/// A note that is left over tells of each.
pub const ENDPOINT: Endpoint = Endpoint::schedule("sweep-log").uses(&[
    uses::CHANGE_NOTES_QUERY,
    uses::DB_GET,
    uses::SEND_TO_EMAIL,
    uses::SEND_TO_EMBEDDINGS,
    uses::SEND_TO_REALTIME,
    uses::CHANGE_NOTES_REMOVE,
]);

/// The stream has relayed by then, unless something is wrong.
const PATIENCE: Millis = 2 * 60_000;

/// Relays what has waited for too long, oldest first.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, System>) -> Result<usize> {
    let mut entries = sdk.queue.unrelayed(sdk.clock.now() - PATIENCE).await?;
    entries.sort_by_key(|entry| (entry.at, entry.seq));
    sdk.queue.relay(&entries).await?;
    Ok(entries.len())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::schedule::function(&ENDPOINT, handler)
}
