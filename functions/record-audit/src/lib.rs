//! Adds to the audit log what the log tells of changes, and what was told outside of it, and keeps count of what
//! its tenants have.

use shared::lambda::queue::Message;
use shared::model::audit::RecordAudit;
use shared::prelude::*;

/// One entry a job, and the same entry however often it comes.
pub const ENDPOINT: Endpoint = Endpoint::queue("record-audit").uses(&[
    uses::CONSUME_AUDIT,
    uses::ACCOUNTS_GET,
    uses::AUDIT_APPEND,
    uses::USAGE_COUNT,
]);

/// Adds the entry to its tenant's log, and what it counts to what the tenant has, unless it is of nobody's.
pub async fn handler(sdk: Sdk, event: Event<Message<RecordAudit>, Worker>) -> Result<()> {
    let RecordAudit {
        entry,
        nobody_s,
        counts,
    } = event.input.job.payload;
    if nobody_s {
        return Ok(());
    }
    sdk.audit.record(&event.caller.tenant, entry, counts).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
