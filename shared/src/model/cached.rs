//! Cached values, as they are stored.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Millis;

/// How long a generation outlives its value: longer than any function runs.
pub(crate) const GENERATION_LIFETIME: Millis = 3_600_000;

/// What the cache holds under a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) generation: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    pub(crate) expires_at: Millis,
    pub(crate) ttl: i64,
}

impl Entry {
    /// What a change leaves in place of the value that it made stale.
    pub(crate) fn stale(now: Millis) -> Self {
        Self {
            generation: Some(Uuid::new_v4()),
            value: None,
            expires_at: now,
            ttl: (now + GENERATION_LIFETIME) / 1000,
        }
    }
}
