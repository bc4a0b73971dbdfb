//! Runs `sweep-due` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(sweep_due::function())
}
