//! Runs `remove-member` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(remove_member::function())
}
