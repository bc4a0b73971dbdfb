//! Runs `read-notifications` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(read_notifications::function())
}
