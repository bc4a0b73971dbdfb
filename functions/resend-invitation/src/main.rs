//! Runs `resend-invitation` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(resend_invitation::function())
}
