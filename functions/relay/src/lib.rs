//! The stream's reader: it hands on what the log's new events ask for.

use shared::model::log::LogEntry;
use shared::prelude::*;

/// Each change leaves an event and a note; relayed, the note goes.
pub const ENDPOINT: Endpoint = Endpoint::stream("relay")
    .uses(&[
        uses::STREAM,
        uses::STREAM_GIVE_UP,
        uses::SEND_TO_EMAIL,
        uses::SEND_TO_EMBEDDINGS,
        uses::SEND_TO_REALTIME,
        uses::SEND_TO_AUDIT,
        uses::SEND_TO_ERASURES,
        uses::SEND_TO_EXPORTS,
        uses::CHANGE_NOTES_REMOVE,
    ])
    .unbound();

/// Forwards, and does nothing else: so it can be repeated.
pub async fn handler(sdk: Sdk, event: Event<Vec<LogEntry>, System>) -> Result<()> {
    sdk.queue.relay(&event.input).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::stream::function(&ENDPOINT, handler)
}
