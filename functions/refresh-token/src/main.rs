//! Runs `refresh-token` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(refresh_token::function())
}
