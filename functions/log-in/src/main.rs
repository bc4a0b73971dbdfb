//! Runs `log-in` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(log_in::function())
}
