//! Runs `log-out-everywhere` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(log_out_everywhere::function())
}
