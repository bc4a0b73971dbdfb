//! Runs `get-me` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_me::function())
}
