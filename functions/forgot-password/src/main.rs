//! Runs `forgot-password` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(forgot_password::function())
}
