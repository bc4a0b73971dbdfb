//! Runs `erase` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(erase::function())
}
