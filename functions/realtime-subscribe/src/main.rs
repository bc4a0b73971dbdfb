//! Runs `realtime-subscribe` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(realtime_subscribe::function())
}
