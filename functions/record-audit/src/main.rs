//! Runs `record-audit` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(record_audit::function())
}
