//! Runs `change-labels` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(change_labels::function())
}
