//! Runs `create-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_task::function())
}
