//! Runs `list-projects` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_projects::function())
}
