//! Runs `list-members` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_members::function())
}
