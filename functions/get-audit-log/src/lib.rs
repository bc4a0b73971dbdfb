//! `GET /api/audit-log`: who did what in the tenant, the newest first.

use shared::model::audit::{AuditEntry, Moment, Term, Wanted};
use shared::page::{Cursor, Limit, Page};
use shared::prelude::*;

/// Admins look; a query for each month on the way, and where it goes by an index, the rows that it names.
pub const ENDPOINT: Endpoint = Endpoint::http("get-audit-log", "GET", "/api/audit-log")
    .called_by(uses::MEMBER)
    .uses(&[
        uses::AUDIT_READ,
        uses::AUDIT_BY_ACTOR,
        uses::AUDIT_BY_OBJECT,
        uses::AUDIT_BY_ACTION,
    ]);

/// What is to be listed, and how much of it.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    #[deserr(default)]
    actor: Option<Term>,
    #[deserr(default)]
    action: Option<Term>,
    #[deserr(default)]
    object: Option<Term>,
    #[deserr(default)]
    from: Option<Moment>,
    #[deserr(default)]
    to: Option<Moment>,
    #[deserr(default)]
    limit: Limit,
    #[deserr(default)]
    cursor: Option<Cursor>,
}

/// Lists entries that have all that was asked for.
pub async fn handler(sdk: Sdk, event: Event<Input, Admin>) -> Result<Reply<Page<AuditEntry>>> {
    let Event { input, caller, .. } = event;
    let wanted = Wanted {
        actor: input.actor,
        action: input.action,
        object: input.object,
        from: input.from,
        to: input.to,
    };
    let page = sdk
        .audit
        .list(&caller, &wanted, input.limit, input.cursor.as_ref())
        .await?;
    Ok(Reply::ok(page))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
