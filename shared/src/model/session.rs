//! Sessions, and the refresh tokens that carry them on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{SessionId, TenantId, UserId};

/// How long a session lasts, however often it is carried on: 7 days.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a used refresh token still gives the same successor, if that has not been used: for whom the
/// answer got lost.
pub const REFRESH_GRACE: Duration = Duration::from_secs(30);

/// A log-in that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its id, the `sid` of its access tokens.
    pub id: SessionId,
    /// The tenant that it began in, whose log tells of its end.
    pub tenant_id: TenantId,
    /// The user's epoch when it began.
    #[serde(default)]
    pub epoch: u64,
    /// Whether it is good for that tenant alone: it began with the link of an invitation there, and not with what
    /// only its user knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confined: bool,
    /// Since when.
    pub created_at: Millis,
    /// When it was last carried on.
    pub last_used_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// The address that logged in.
    pub ip: String,
    /// What that client calls itself.
    pub user_agent: String,
    /// When it ends in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// A refresh token that was given out, found by its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshRecord {
    /// Whose.
    pub user_id: UserId,
    /// Which log-in it carries on.
    pub session_id: SessionId,
    /// The tenant of its access tokens.
    pub tenant_id: TenantId,
    /// When it was used; each can be once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Millis>,
    /// When the session ends, and all of its tokens with it.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

impl Session {
    /// Whether it has not ended: by itself, or with all others of a user whose epoch is another now.
    pub fn is_live(&self, epoch: u64, now: Millis) -> bool {
        self.epoch == epoch && self.expires_at > now
    }
}
