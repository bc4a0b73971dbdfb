//! Runs `realtime-default` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(realtime_default::function())
}
