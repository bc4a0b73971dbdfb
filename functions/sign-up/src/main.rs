//! Runs `sign-up` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(sign_up::function())
}
