//! Runs `get-export` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_export::function())
}
