//! By the clock: has those told who are to do what is due soon.

use shared::prelude::*;

/// A note tells of each task. What it asks for is done by `index-task`.
pub const ENDPOINT: Endpoint = Endpoint::schedule("sweep-due")
    .uses(&[uses::DUE_SWEEP, uses::SEND_TO_EMBEDDINGS])
    .unbound();

/// Hands on each note whose time has come, and removes it. What fails is left to the next sweep.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, System>) -> Result<usize> {
    sdk.queue.sweep_due(sdk.clock.now()).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::schedule::function(&ENDPOINT, handler)
}
