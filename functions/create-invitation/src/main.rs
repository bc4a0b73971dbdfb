//! Runs `create-invitation` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_invitation::function())
}
