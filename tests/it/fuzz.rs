//! No input gives a 5xx: arbitrary bodies, headers, paths, queries, tokens, frames, messages and records at
//! every function, and nothing is written for what is refused.
//!
//! Each run throws the same. `PROPTEST_CASES` asks every test for another number of cases, and
//! `PROPTEST_RNG_SEED` for others.

mod answers;
mod arena;
mod bodies;
mod events;
mod frames;
mod http;
mod lists;
mod messages;
mod records;
mod requests;
mod tokens;
mod values;
mod wire;
