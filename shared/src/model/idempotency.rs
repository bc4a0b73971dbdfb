//! What is kept of a request that may come again.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::Permission;

/// A request that has had its effect.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IdempotencyRecord {
    /// A hash of what was asked for.
    pub request: String,
    /// What was answered, unless it showed a secret, or has none as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<RecordedAnswer>,
    /// Whether it has its effect part by part, so that each of them has an answer of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
    /// Until when it counts.
    pub expires_at: Millis,
    /// The same in seconds, when it goes.
    pub ttl: i64,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedAnswer {
    /// The status.
    pub status: u16,
    /// The body, as JSON.
    pub body: String,
    /// Where what it made stands, if it made something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The version of the resource that it shows, if that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What whoever saw it might do there, if that was not told by their role in the tenant alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_as: Option<Permission>,
    /// The number of the event that it caused; 0 if it found nothing to change.
    pub event_seq: u64,
}
