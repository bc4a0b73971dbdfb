//! Runs `list-sessions` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_sessions::function())
}
