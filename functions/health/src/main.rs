//! Runs `health` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(health::function())
}
