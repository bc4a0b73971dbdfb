//! Runs `sweep-projects` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(sweep_projects::function())
}
