//! Makes a tenant's archive, part by part; an invocation that has too little time left leaves the rest to the next.

mod archive;
mod users;
mod walk;

use std::time::Duration;

use shared::lambda::queue::Message;
use shared::model::export::ExportTenant;
use shared::prelude::*;
use shared::sdk::exports::TakenOver;

use self::walk::{End, Walk};

/// It reads all that is the tenant's, and changes nothing but the archive and how far that is.
pub const ENDPOINT: Endpoint = Endpoint::queue("export-tenant").uses(&[
    uses::CONSUME_EXPORTS,
    uses::SEND_TO_EXPORTS,
    uses::ACCOUNTS_GET,
    uses::KEY_USES_READ,
    uses::DB_GET,
    uses::DB_BATCH_GET,
    uses::DB_LIST,
    uses::DB_EVENTS,
    uses::STORAGE_READ,
    uses::ARCHIVE_WRITE,
    uses::EXPORT_PROGRESS,
]);

/// What is kept back of an invocation's time to store what there is by then.
const RESERVE: Duration = Duration::from_secs(90);

/// How often a job is delivered at most, as the queue's `maxReceiveCount` says. An export that fails so often in
/// one place is given up.
pub const DELIVERIES: u32 = 12;

/// Goes on with the export, unless it has ended. It may be delivered twice, late, and both at once.
pub async fn handler(sdk: Sdk, event: Event<Message<ExportTenant>, Worker>) -> Result<()> {
    let worker = event.caller;
    let tenant = worker.tenant;
    let Message { job, deliveries } = event.input;
    let Some(mut export) = sdk
        .exports
        .take_over(&tenant, job.payload.export_id)
        .await?
    else {
        return Ok(());
    };
    let outcome = go_on(&sdk, worker, &mut export).await;
    if outcome.is_err() && deliveries >= DELIVERIES {
        export.give_up().await?;
    }
    outcome
}

async fn go_on(sdk: &Sdk, worker: Worker, export: &mut TakenOver) -> Result<()> {
    let tenant = &worker.tenant;
    let Some(profile) = sdk.accounts.living_tenant(tenant).await? else {
        return export.give_up().await;
    };
    let mut walk = Walk::new(sdk, worker, profile, export, RESERVE).await?;
    match walk.run().await? {
        End::Whole(last, progress) => export.finish(last, &progress).await,
        End::TimeIsUp => export.go_on_later(tenant).await,
        End::NotOurs => Ok(()),
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
