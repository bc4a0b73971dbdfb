//! Runs `delete-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(delete_task::function())
}
