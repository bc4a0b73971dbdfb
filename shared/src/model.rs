//! The nouns: ids, texts with their limits, and the rows that hold them. Pure.

pub mod account;
pub mod activity;
pub mod api_key;
pub mod attachment;
pub mod audit;
pub mod cached;
pub mod comment;
pub mod deletion;
pub mod due;
pub mod export;
pub mod exported;
pub mod id;
pub mod idempotency;
pub mod invitation;
pub mod label;
pub mod link;
pub mod log;
pub mod month;
pub mod notification;
pub mod position;
pub mod project;
pub mod realtime;
pub mod search;
pub mod secret;
pub mod session;
pub mod settings;
pub mod task;
pub mod tenant;
pub mod text;
pub mod upload;
pub mod usage;
pub mod window;

/// Epoch milliseconds, UTC: the one unit of time in rows, tokens' lives, events and answers.
pub type Millis = i64;
