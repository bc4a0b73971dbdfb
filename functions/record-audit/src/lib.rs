//! Adds to the audit log what the log tells of changes, and what was told outside of it.

use shared::lambda::queue::Message;
use shared::model::audit::RecordAudit;
use shared::prelude::*;

/// One entry a job, and the same entry however often it comes.
pub const ENDPOINT: Endpoint = Endpoint::queue("record-audit").uses(&[
    uses::CONSUME_AUDIT,
    uses::ACCOUNTS_GET,
    uses::AUDIT_APPEND,
]);

/// Adds the entry to its tenant's log, unless it is of nobody's.
pub async fn handler(sdk: Sdk, event: Event<Message<RecordAudit>, Worker>) -> Result<()> {
    let RecordAudit { entry, nobody_s } = event.input.job.payload;
    if nobody_s {
        return Ok(());
    }
    sdk.audit.record(&event.caller.tenant, entry).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
