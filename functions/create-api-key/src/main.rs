//! Runs `create-api-key` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_api_key::function())
}
