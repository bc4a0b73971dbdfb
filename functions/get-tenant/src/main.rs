//! Runs `get-tenant` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_tenant::function())
}
