//! Runs `send-verification` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(send_verification::function())
}
