//! Runs `delete-session` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_session::function())
}
