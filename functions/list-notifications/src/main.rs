//! Runs `list-notifications` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_notifications::function())
}
