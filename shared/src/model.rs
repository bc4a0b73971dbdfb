//! The nouns: ids, texts with their limits, and the rows that hold them. Pure.

pub mod account;
pub mod attachment;
pub mod due;
pub mod id;
pub mod log;
pub mod project;
pub mod realtime;
pub mod search;
pub mod task;
pub mod text;
pub mod upload;

pub use crate::sdk::clock::Millis;
