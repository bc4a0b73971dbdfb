//! Runs `get-audit-log` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(get_audit_log::function())
}
