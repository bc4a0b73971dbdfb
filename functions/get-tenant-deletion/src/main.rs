//! Runs `get-tenant-deletion` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_tenant_deletion::function())
}
