//! Runs `search-tasks` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(search_tasks::function())
}
