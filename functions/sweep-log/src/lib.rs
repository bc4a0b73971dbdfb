//! By the clock: relays the events that the stream has lost, or failed to have relayed.

use shared::prelude::*;

/// A note that is left over tells of each.
pub const ENDPOINT: Endpoint = Endpoint::schedule("sweep-log")
    .uses(&[
        uses::CHANGE_NOTES_QUERY,
        uses::DB_BATCH_GET,
        uses::SEND_TO_EMAIL,
        uses::SEND_TO_EMBEDDINGS,
        uses::SEND_TO_REALTIME,
        uses::SEND_TO_AUDIT,
        uses::SEND_TO_ERASURES,
        uses::SEND_TO_EXPORTS,
        uses::CHANGE_NOTES_REMOVE,
    ])
    .unbound();

/// The stream has relayed by then, unless something is wrong.
const PATIENCE: Millis = 2 * 60_000;

/// Relays what has waited for too long, oldest first.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, System>) -> Result<usize> {
    sdk.queue.sweep(sdk.clock.now() - PATIENCE).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::schedule::function(&ENDPOINT, handler)
}
