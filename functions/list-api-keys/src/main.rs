//! Runs `list-api-keys` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_api_keys::function())
}
