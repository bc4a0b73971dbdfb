//! Runs `change-tasks` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(change_tasks::function())
}
