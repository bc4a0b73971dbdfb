//! Runs `realtime-connect` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(realtime_connect::function())
}
