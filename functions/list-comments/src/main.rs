//! Runs `list-comments` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_comments::function())
}
