//! Runs `delete-api-key` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_api_key::function())
}
