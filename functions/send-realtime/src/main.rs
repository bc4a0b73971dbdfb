//! Runs `send-realtime` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(send_realtime::function())
}
