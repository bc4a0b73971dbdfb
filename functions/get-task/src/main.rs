//! Runs `get-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_task::function())
}
