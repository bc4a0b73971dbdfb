//! The embedded stack: all of Tenon and the AWS services under it, in one process.
//!
//! [`Stack::start`] is what `cargo run` and the tests share. What Tenon is made of (tables, queues,
//! routes, triggers, schedules) is read from `template.yaml`; the functions are the same code as on AWS,
//! called with the same payloads, and they reach the services through the real SDK.

pub mod data;
pub mod embeddings;
pub mod events;
pub mod front;
pub mod functions;
pub mod gateway;
pub mod lambda;
mod server;
pub mod stack;
pub mod template;
pub mod tour;
pub mod triggers;

pub use stack::{Options, Stack, StartError};
