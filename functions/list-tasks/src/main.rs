//! Runs `list-tasks` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_tasks::function())
}
