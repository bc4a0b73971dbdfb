//! Runs `sweep-uploads` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(sweep_uploads::function())
}
