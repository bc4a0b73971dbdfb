//! Runs `reset-password` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(reset_password::function())
}
