//! Runs `sweep-log` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(sweep_log::function())
}
