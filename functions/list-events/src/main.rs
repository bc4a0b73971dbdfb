//! Runs `list-events` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_events::function())
}
