//! Runs `send-email` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(send_email::function())
}
