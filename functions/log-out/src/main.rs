//! Runs `log-out` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(log_out::function())
}
