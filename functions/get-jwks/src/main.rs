//! Runs `get-jwks` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_jwks::function())
}
