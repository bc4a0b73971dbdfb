//! Runs `restore-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(restore_task::function())
}
