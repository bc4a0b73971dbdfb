//! Runs `get-project` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_project::function())
}
