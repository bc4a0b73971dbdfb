//! Runs `update-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(update_task::function())
}
