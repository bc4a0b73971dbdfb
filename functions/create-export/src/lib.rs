//! `POST /api/tenants/{id}/exports`: a copy of all that is the tenant's.

use shared::model::export::{Export, RequestedExport};
use shared::prelude::*;
use shared::reply::Data;

/// Its admins in person: a key that was found must not fetch everything at once.
pub const ENDPOINT: Endpoint = Endpoint::http("create-export", "POST", "/api/tenants/{id}/exports")
    .rate(Rate::File)
    .called_by(uses::MEMBER_IN_PERSON)
    .uses(&[
        uses::DB_LIST,
        uses::TENANT_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// Asks for it; the log has it made.
pub async fn handler(
    sdk: Sdk,
    event: Event<Nothing, InPerson<Admin>>,
) -> Result<Reply<Data<RequestedExport>>> {
    let tenant_id = event.caller.tenant.id();
    let answer = |export: Export| {
        let location = format!("/api/tenants/{tenant_id}/exports/{}", export.id);
        Reply::accepted(RequestedExport::from(&export).into(), location)
    };
    sdk.exports.request(&event.caller, answer).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
