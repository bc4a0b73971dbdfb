//! Runs `accept-invitation` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(accept_invitation::function())
}
