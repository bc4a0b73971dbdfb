//! Runs `update-tenant-settings` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_tenant_settings::function())
}
