//! Erases tenants that are deleted: rows, files, vectors, connections, and what is kept of them elsewhere. And of
//! tenants that stay the projects that were deleted long ago.

use std::time::Duration;

use shared::lambda::queue::Message;
use shared::model::deletion::ErasureJob;
use shared::model::log::{Envelope, Job};
use shared::prelude::*;

/// A step of a deletion a job, of up to 15 minutes; it sends on to itself what is left. The one function that
/// removes what the audit log says.
pub const ENDPOINT: Endpoint = Endpoint::queue("erase").uses(&[
    uses::CONSUME_ERASURES,
    uses::SEND_TO_ERASURES,
    uses::ERASE_ACCOUNTS,
    uses::ERASE_WITH_ACCOUNTS,
    uses::ERASE_ROWS,
    uses::ERASE_AUDIT,
    uses::PURGE_NOTE_FORGET,
    uses::DUE_NOTE_FORGET,
    uses::STORAGE_LIST,
    uses::STORAGE_DELETE,
    uses::CONNECTIONS_OF_USER,
    uses::USER_CONNECTION_FORGET,
    uses::CONNECTION_FORGET,
    uses::ROOM_LEAVE,
    uses::SOCKET,
]);

/// Erases as much as there is time for.
pub async fn handler(sdk: Sdk, event: Event<Message<ErasureJob>, Worker>) -> Result<()> {
    let job = event.input.job;
    let tenant = event.caller.tenant;
    match job.payload {
        ErasureJob::EraseTenant(step) => match sdk.erasure.tenant(tenant, step).await? {
            Some((rest, wait)) => go_on(&sdk, job.id, &event.caller, rest, wait).await,
            None => Ok(()),
        },
        ErasureJob::PurgeProject(purge) => {
            if sdk.erasure.project(tenant, purge).await? {
                return Ok(());
            }
            go_on(&sdk, job.id, &event.caller, purge, Duration::ZERO).await
        }
    }
}

/// Has another invocation do what is left.
async fn go_on<J: Job>(
    sdk: &Sdk,
    id: String,
    worker: &Worker,
    payload: J,
    wait: Duration,
) -> Result<()> {
    let rest = Envelope {
        id,
        kind: J::TYPE.to_owned(),
        version: J::VERSION,
        tenant_id: worker.tenant.id(),
        payload,
    };
    sdk.queue.submit_later(&rest, wait).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
