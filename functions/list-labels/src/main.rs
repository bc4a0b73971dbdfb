//! Runs `list-labels` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_labels::function())
}
