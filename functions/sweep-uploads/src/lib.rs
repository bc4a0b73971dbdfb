//! By the clock: removes files whose task was never stored.

use shared::prelude::*;

/// A note that is left over tells of each.
pub const ENDPOINT: Endpoint = Endpoint::schedule("sweep-uploads")
    .uses(&[uses::UPLOAD_SWEEP, uses::STORAGE_DELETE])
    .unbound();

/// A task is stored within seconds of its file, or not at all.
const PATIENCE: Millis = 60 * 60_000;

/// Claims each note, so that no task can be stored with the file any more, then removes file and note. What
/// fails is left to the next sweep.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, System>) -> Result<usize> {
    let left_over = sdk.storage.left_over(sdk.clock.now() - PATIENCE).await?;
    let mut removed = 0;
    for upload in left_over {
        match sdk.storage.remove(&upload).await {
            Ok(()) => removed += 1,
            Err(error) => tracing::warn!(%error, "a file is left over"),
        }
    }
    Ok(removed)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::schedule::function(&ENDPOINT, handler)
}
