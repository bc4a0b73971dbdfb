//! Runs `docs` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(docs::function())
}
