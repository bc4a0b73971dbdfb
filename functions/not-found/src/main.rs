//! Runs `not-found` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(not_found::function())
}
