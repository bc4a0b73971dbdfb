//! Erases tenants that are deleted: rows, files, vectors, connections, and what is kept of them elsewhere.

use shared::lambda::queue::Message;
use shared::model::deletion::EraseTenant;
use shared::model::log::Envelope;
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
    uses::STORAGE_LIST,
    uses::STORAGE_DELETE,
    uses::CONNECTIONS_OF_USER,
    uses::USER_CONNECTION_FORGET,
    uses::CONNECTION_FORGET,
    uses::ROOM_LEAVE,
    uses::SOCKET,
]);

/// Erases as much as there is time for.
pub async fn handler(sdk: Sdk, event: Event<Message<EraseTenant>, Worker>) -> Result<()> {
    let job = event.input.job;
    let left = sdk.erasure.tenant(event.caller.tenant, job.payload).await?;
    let Some((payload, wait)) = left else {
        return Ok(());
    };
    let rest = Envelope {
        id: job.id,
        kind: job.kind,
        version: job.version,
        tenant_id: job.tenant_id,
        payload,
    };
    sdk.queue.submit_later(&rest, wait).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
