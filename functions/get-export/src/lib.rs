//! `GET /api/tenants/{id}/exports/{export_id}`: how far an export is, and a link to its archive.

use shared::model::export::ExportView;
use shared::model::id::ExportId;
use shared::prelude::*;
use shared::reply::Data;

/// The tenant's admins in person. The audit log tells to whom a link was given.
pub const ENDPOINT: Endpoint =
    Endpoint::http("get-export", "GET", "/api/tenants/{id}/exports/{export_id}")
        .called_by(uses::MEMBER_IN_PERSON)
        .uses(&[uses::DB_GET, uses::STORAGE_LINK]);

/// Which one.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    export_id: ExportId,
}

/// Shows it. Nobody keeps the answer, for who has the link has the archive.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, InPerson<Admin>>,
) -> Result<Reply<Data<ExportView>>> {
    let export = sdk
        .exports
        .show(&event.caller, event.input.export_id)
        .await?;
    let reply = Reply::ok(export.into()).not_kept();
    Ok(reply.tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
