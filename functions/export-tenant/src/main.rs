//! Runs `export-tenant` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(export_tenant::function())
}
