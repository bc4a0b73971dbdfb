//! Runs `create-comment` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_comment::function())
}
