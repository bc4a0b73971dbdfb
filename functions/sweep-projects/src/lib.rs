//! By the clock: has projects purged that were deleted too long ago to be restored.

use shared::model::project::Purge;
use shared::prelude::*;

/// A note tells of each. What it asks for is done by `erase`.
pub const ENDPOINT: Endpoint = Endpoint::schedule("sweep-projects")
    .uses(&[uses::PURGE_SWEEP, uses::SEND_TO_ERASURES])
    .unbound();

/// Claims each note, so that nobody can restore the project any more, and asks for its purge: again, if that was asked
/// for before and has not ended. What fails is left to the next sweep.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, System>) -> Result<usize> {
    let due = sdk.erasure.purges_due(sdk.clock.now()).await?;
    let mut begun = 0;
    for purge in due {
        match begin(&sdk, &purge).await {
            Ok(()) => begun += 1,
            Err(error) => tracing::warn!(%error, "a project is left over"),
        }
    }
    Ok(begun)
}

async fn begin(sdk: &Sdk, purge: &Purge) -> Result<()> {
    match sdk.erasure.claim_purge(purge).await? {
        Some(job) => sdk.queue.submit(&job).await,
        None => Ok(()),
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::schedule::function(&ENDPOINT, handler)
}
