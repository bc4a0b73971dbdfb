//! Runs `realtime-disconnect` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(realtime_disconnect::function())
}
