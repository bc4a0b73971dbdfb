//! Runs `update-notifications` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_notifications::function())
}
