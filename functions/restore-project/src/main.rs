//! Runs `restore-project` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(restore_project::function())
}
