//! `DELETE /api/tenants/{id}`: a tenant goes, with all that it has.

use shared::model::deletion::{DeletionBegun, TenantDeletion};
use shared::model::text::TenantName;
use shared::prelude::*;
use shared::reply::Data;

/// Its admins, in person.
pub const ENDPOINT: Endpoint = Endpoint::http("delete-tenant", "DELETE", "/api/tenants/{id}")
    .takes_if_match()
    .called_by(uses::MEMBER_IN_PERSON)
    .uses(&[
        uses::ACCOUNTS_DELETE_TENANT,
        uses::TENANT_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// Its name, so that nobody deletes another by mistake.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: TenantName,
}

/// Deletes the tenant that the path names: it is there for nobody from here on.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, InPerson<Admin>>,
) -> Result<Reply<Data<DeletionBegun>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let answer = |deletion: TenantDeletion| {
        let location = format!("/api/tenant-deletions/{}", deletion.id);
        Reply::accepted(DeletionBegun::from(deletion).into(), location)
    };
    sdk.accounts
        .delete_tenant(&caller, &if_match, &input.name, answer)
        .await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
