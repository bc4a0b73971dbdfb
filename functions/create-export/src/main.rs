//! Runs `create-export` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(create_export::function())
}
