//! The process that `cargo run` starts: what it prints, what it refuses, how it ends, and what is there when
//! it starts again.

mod contract;
mod killed;
mod program;
mod refusals;
mod user;
