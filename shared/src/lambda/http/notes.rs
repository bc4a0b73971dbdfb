//! What is written down of a request while it is served: that its API key is in use, and that it counts.

use std::pin::pin;
use std::time::Duration;

use futures::future::{BoxFuture, Either, FutureExt, join_all, select};

use crate::endpoint::Endpoint;
use crate::event::caller::{Caller, Principal};
use crate::model::id::ApiKeyId;
use crate::sdk::Sdk;

/// How long a request that has been served waits at most for what is written down of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Serves a request, and writes down meanwhile that its key is in use, where that is due, and that there was a
/// call in its tenant, where it always has one. Neither is worth failing for, nor waiting for. A function that
/// lets anyone in holds no code for that.
pub(super) fn noting<'a, C: Caller, O: Send + 'a>(
    sdk: &'a Sdk,
    endpoint: &'a Endpoint,
    key: Option<ApiKeyId>,
    acting: Option<&Principal>,
    served: impl Future<Output = O> + Send + 'a,
) -> BoxFuture<'a, O> {
    if !C::AUTHENTICATED {
        return served.boxed();
    }
    let mut notes = Vec::new();
    if let Some(key) = key {
        notes.push(sdk.accounts.note_key_use(key).boxed());
    }
    if C::IN_A_TENANT
        && let Some(tenant) = acting.map(|principal| principal.tenant)
    {
        notes.push(sdk.usage.count_call(tenant, endpoint.searches()).boxed());
    }
    beside(sdk, notes, served).boxed()
}

async fn beside<O>(sdk: &Sdk, notes: Vec<BoxFuture<'_, ()>>, served: impl Future<Output = O>) -> O {
    match select(pin!(served), join_all(notes)).await {
        Either::Right((_all_noted, served)) => served.await,
        Either::Left((answer, notes)) => {
            // The answer has to leave in time all the same.
            let patience = PATIENCE.min(sdk.remaining() / 2);
            if tokio::time::timeout(patience, notes).await.is_err() {
                tracing::warn!("not all that there was to note of a request was noted in time");
            }
            answer
        }
    }
}
