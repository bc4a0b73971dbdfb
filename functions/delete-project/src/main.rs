//! Runs `delete-project` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_project::function())
}
