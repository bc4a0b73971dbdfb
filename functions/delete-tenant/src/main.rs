//! Runs `delete-tenant` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_tenant::function())
}
