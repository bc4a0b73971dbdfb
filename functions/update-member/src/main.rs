//! Runs `update-member` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_member::function())
}
