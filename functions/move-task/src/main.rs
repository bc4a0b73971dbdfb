//! Runs `move-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(move_task::function())
}
