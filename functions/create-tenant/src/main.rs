//! Runs `create-tenant` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_tenant::function())
}
