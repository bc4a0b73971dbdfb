//! Runs `update-comment` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_comment::function())
}
