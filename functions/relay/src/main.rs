//! Runs `relay` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(relay::function())
}
