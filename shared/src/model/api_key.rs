//! API keys, as they are stored: never the key itself.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::Role;
use super::id::{ApiKeyId, TenantId, UserId};

/// Whose a key is, found by the hash of the key. None of it ever changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyOwner {
    /// Its id.
    pub id: ApiKeyId,
    /// The one tenant that it acts in.
    pub tenant_id: TenantId,
    /// Who made it: it dies with their membership, and can never do more than they can.
    pub user_id: UserId,
}

/// A key that has not been revoked, found by its maker and id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Its id.
    pub id: ApiKeyId,
    /// The one tenant that it acts in.
    pub tenant_id: TenantId,
    /// What it may do, as long as its maker may.
    pub role: Role,
    /// When it expires, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
}

impl ApiKeyRecord {
    /// Whether it has not expired.
    pub fn is_live(&self, now: Millis) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}
