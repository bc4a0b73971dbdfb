//! Runs `index-task` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(index_task::function())
}
