//! `PUT /api/tenants/{id}/settings`: a tenant is named and set up, all at once.

use shared::model::account::Role;
use shared::model::settings::{
    AttachmentLimit, Digest, OwnStatuses, RateLimits, RetentionDays, SignUpDomains, TenantSettings,
};
use shared::model::tenant::TenantView;
use shared::model::text::TenantName;
use shared::prelude::*;
use shared::reply::Data;

/// Its admins.
pub const ENDPOINT: Endpoint = Endpoint::http(
    "update-tenant-settings",
    "PUT",
    "/api/tenants/{id}/settings",
)
.takes_if_match()
.called_by(uses::MEMBER)
.uses(&[
    uses::ACCOUNTS_GET,
    uses::ACCOUNTS_SET_UP,
    uses::TENANT_CHANGE,
    uses::CHANGE_NOTES,
    uses::IDEMPOTENCY,
]);

/// All of it: what is not named is as by default from then on.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: TenantName,
    #[deserr(default = TenantSettings::default().default_role)]
    default_role: Role,
    #[deserr(default)]
    attachment_limit_bytes: AttachmentLimit,
    #[deserr(default)]
    rate_limits: RateLimits,
    #[deserr(default)]
    digest: Digest,
    #[deserr(default)]
    sign_up_domains: SignUpDomains,
    #[deserr(default)]
    audit_retention_days: RetentionDays,
    #[deserr(default)]
    statuses: OwnStatuses,
}

/// Sets up the tenant that the path names, and so the caller acts in.
pub async fn replace_tenant_settings(
    sdk: Sdk,
    event: Event<Input, Admin>,
) -> Result<Reply<Data<TenantView>>> {
    let Event {
        input,
        caller,
        if_match,
        ..
    } = event;
    let (name, settings) = input.into_settings();
    sdk.accounts
        .set_up(&caller, &if_match, (&name, &settings), shown)
        .await
}

fn shown(tenant: TenantView) -> Reply<Data<TenantView>> {
    let version = tenant.version();
    Reply::ok(tenant.into()).version(version)
}

impl Input {
    fn into_settings(self) -> (TenantName, TenantSettings) {
        let settings = TenantSettings {
            default_role: self.default_role,
            attachment_limit_bytes: self.attachment_limit_bytes,
            rate_limits: self.rate_limits,
            digest: self.digest,
            sign_up_domains: self.sign_up_domains,
            audit_retention_days: self.audit_retention_days,
            statuses: self.statuses,
        };
        (self.name, settings)
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, replace_tenant_settings)
}
