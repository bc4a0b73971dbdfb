//! Runs `get-tenant-usage` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_tenant_usage::function())
}
