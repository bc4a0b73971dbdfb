//! Runs `verify-email` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(verify_email::function())
}
