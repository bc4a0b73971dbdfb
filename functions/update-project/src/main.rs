//! Runs `update-project` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_project::function())
}
