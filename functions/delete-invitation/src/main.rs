//! Runs `delete-invitation` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_invitation::function())
}
