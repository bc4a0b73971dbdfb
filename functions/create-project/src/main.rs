//! Runs `create-project` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_project::function())
}
