//! Sessions, and the refresh tokens that carry them on.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{SessionId, TenantId, UserId};
use crate::input::{Invalid, from_text};

/// How long a session lasts, however often it is carried on: 7 days.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long a used refresh token still gives the same successor, if that has not been used: for whom the
/// answer got lost.
pub const REFRESH_GRACE: Duration = Duration::from_secs(30);

/// What a refresh token begins with, so that scanners recognise one that leaked.
const PREFIX: &str = "tnr_";

/// A log-in that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Its id, the `sid` of its access tokens.
    pub id: SessionId,
    /// The tenant that it began in, whose log tells of its end.
    pub tenant_id: TenantId,
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

/// A refresh token: 256 bits. It is never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    /// The first of a session.
    pub(crate) fn random() -> Self {
        Self::of(&rand::random())
    }

    pub(crate) fn of(secret: &[u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(secret)))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RefreshToken {
    type Error = Invalid;

    /// Whatever has at most 128 characters: it is right or wrong.
    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.chars().count() {
            0..=128 => Ok(Self(text)),
            _ => Err(Invalid("Must have at most 128 characters".to_owned())),
        }
    }
}

from_text!(RefreshToken);

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl Session {
    /// Whether it has not ended by itself.
    pub fn is_live(&self, now: Millis) -> bool {
        self.expires_at > now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_refresh_token_is_recognised_and_never_shown() {
        let token = RefreshToken::random();
        assert_eq!(token.expose().len(), PREFIX.len() + 43);
        assert!(token.expose().starts_with(PREFIX));
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
        assert_ne!(token, RefreshToken::random());
    }

    proptest! {
        #[test]
        fn whatever_is_not_too_long_is_taken_as_it_is(text in prop_oneof![any::<String>(), ".{120,136}"]) {
            let taken = RefreshToken::try_from(text.clone());
            prop_assert_eq!(taken.is_ok(), text.chars().count() <= 128);
            if let Ok(token) = taken {
                prop_assert_eq!(token.expose(), text);
            }
        }
    }
}
