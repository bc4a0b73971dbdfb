//! Runs `realtime-unsubscribe` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(realtime_unsubscribe::function())
}
