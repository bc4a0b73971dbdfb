//! The queues as their clients see them: through the AWS SDK over HTTP, on a clock that the tests move.

#![expect(clippy::unwrap_used, reason = "a test fails by its panic")]

mod durability;
mod fifo;
mod harness;
mod model;
mod protocol;
mod redrive;
mod standard;
mod waiting;
