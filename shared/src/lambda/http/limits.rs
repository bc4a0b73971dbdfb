//! How often somebody may call: counted beside what a request reads, and before it changes anything.

use std::pin::pin;

use futures::future::{BoxFuture, Either, FutureExt, select};

use crate::error::Result;
use crate::event::caller::Caller;
use crate::model::window::Kind;
use crate::sdk::Sdk;

/// Counts a call of whoever is known, and serves it meanwhile, but for what it changes: that waits. If there was no room
/// it is dropped. A function that lets anyone in holds no code for that.
///
/// # Errors
/// 429 with `Retry-After` if they have called too often.
pub(super) fn within<'a, C: Caller, O: Send + 'a>(
    sdk: &'a Sdk,
    kind: Kind,
    served: impl Future<Output = Result<O>> + Send + 'a,
) -> BoxFuture<'a, Result<O>> {
    if !C::AUTHENTICATED {
        return served.boxed();
    }
    async move {
        sdk.rates.hold_changes();
        let admitted = sdk.rates.admit(kind);
        // It is polled first: who certainly has no room is not served at all.
        match select(pin!(admitted), pin!(served)).await {
            Either::Left((admitted, served)) => {
                admitted?;
                served.await
            }
            Either::Right((answer, admitted)) => {
                admitted.await?;
                answer
            }
        }
    }
    .boxed()
}
