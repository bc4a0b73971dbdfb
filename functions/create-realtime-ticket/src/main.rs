//! Runs `create-realtime-ticket` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_realtime_ticket::function())
}
