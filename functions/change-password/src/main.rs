//! Runs `change-password` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(change_password::function())
}
