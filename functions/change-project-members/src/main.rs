//! Runs `change-project-members` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(change_project_members::function())
}
