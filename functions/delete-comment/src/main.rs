//! Runs `delete-comment` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_comment::function())
}
