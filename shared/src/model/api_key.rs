//! API keys, as they are stored: never the key itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::{Membership, Role};
use super::id::{ApiKeyId, TenantId, UserId};
use super::realtime::RealtimeEvent;
use super::text::ApiKeyName;

/// How many keys a member may have in a tenant: so many, with the membership itself, end in one transaction.
pub const KEYS_OF_A_MEMBER: usize = 20;

/// How long a key may last, unless it never expires: two years, leap days included.
pub const KEY_LIFETIME: Duration = Duration::from_secs(731 * 24 * 3600);

/// How often at most it is written down that a key is in use.
pub const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

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

/// A key as its tenant lists it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its maker calls it.
    pub name: ApiKeyName,
    /// What it may do, as long as its maker may.
    pub role: Role,
    /// Who made it.
    pub maker: UserId,
    /// How it begins, so that who has it can tell which one it is.
    pub prefix: String,
    /// Since when.
    pub created_at: Millis,
    /// When it expires, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Millis>,
    /// How often the maker's account had been recovered when it was made: it dies with the next time.
    #[serde(default)]
    pub recoveries: u64,
}

/// A key that has not been revoked, found by its maker, tenant and id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// What is listed of it.
    #[serde(flatten)]
    pub listed: ListedKey,
    /// When the membership began that it was made in: it dies with that one, and another does not wake it.
    pub since: Millis,
    /// The key's hash, by which its owner is found.
    pub hash: String,
}

/// When a key was last used, as far as that is written down.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ApiKeyUse {
    /// Up to [`USE_NOTED_EVERY`] before the last use.
    pub used_at: Millis,
}

impl ListedKey {
    /// Whether it goes on, as far as that is its own: it has not expired, and its maker's account has not been
    /// recovered since.
    pub fn is_live(&self, recoveries: u64, now: Millis) -> bool {
        self.recoveries == recoveries && self.expires_at.is_none_or(|at| at > now)
    }
}

impl ApiKeyRecord {
    /// Whether it goes on: it is live, and its maker is the member that they were.
    pub fn is_live(&self, membership: Option<&Membership>, recoveries: u64, now: Millis) -> bool {
        self.listed.is_live(recoveries, now)
            && membership.is_some_and(|membership| membership.created_at == self.since)
    }
}

impl ApiKeyUse {
    /// Whether it is time to write down that a key is in use.
    pub fn is_due(last: Option<&Self>, now: Millis) -> bool {
        let since = |last: &Self| u128::try_from(now - last.used_at).unwrap_or_default();
        last.is_none_or(|last| since(last) >= USE_NOTED_EVERY.as_millis())
    }
}

/// A key was made. All members hear of it, and only its maker and admins may know more.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyCreated {
    /// Which.
    pub id: ApiKeyId,
    /// Who has made it.
    pub maker: UserId,
}

impl RealtimeEvent for ApiKeyCreated {
    const TYPE: &'static str = "api-key:created";

    fn object(&self) -> Option<String> {
        Some(format!("api-key/{}", self.id))
    }
}

/// A key was revoked.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKeyRevoked {
    /// Which.
    pub id: ApiKeyId,
    /// Who had made it.
    pub maker: UserId,
}

impl RealtimeEvent for ApiKeyRevoked {
    const TYPE: &'static str = "api-key:revoked";

    fn object(&self) -> Option<String> {
        Some(format!("api-key/{}", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(since: Millis, expires_at: Option<Millis>) -> ApiKeyRecord {
        ApiKeyRecord {
            listed: ListedKey {
                id: ApiKeyId::new(),
                name: ApiKeyName::try_from("Robot".to_owned()).expect("it is a name"),
                role: Role::Editor,
                maker: UserId::new(),
                prefix: "tnn_AAAAAAAA".to_owned(),
                created_at: since,
                expires_at,
                recoveries: 1,
            },
            since,
            hash: "00".repeat(32),
        }
    }

    fn membership(created_at: Millis) -> Membership {
        Membership {
            tenant_id: TenantId::new(),
            role: Role::Admin,
            created_at,
        }
    }

    proptest! {
        #[test]
        fn a_key_goes_on_until_it_expires_and_in_the_membership_that_it_was_made_in(
            since in 0..4_i64,
            began in proptest::option::of(0..4_i64),
            expires in proptest::option::of(0..4_i64),
            now in 0..4_i64,
            recoveries in 0..3_u64,
        ) {
            let membership = began.map(membership);
            let live = record(since, expires).is_live(membership.as_ref(), recoveries, now);
            prop_assert_eq!(live, recoveries == 1 && began == Some(since) && expires.is_none_or(|at| now < at));
        }

        #[test]
        fn a_use_is_written_down_once_a_minute(used_at in 0..1_000_000_i64, later in -100_000..200_000_i64) {
            let last = ApiKeyUse { used_at };
            prop_assert_eq!(ApiKeyUse::is_due(Some(&last), used_at + later), later >= 60_000);
            prop_assert!(ApiKeyUse::is_due(None, used_at));
        }

        #[test]
        fn a_record_is_read_as_it_was_stored(since in any::<i64>(), expires in proptest::option::of(any::<i64>())) {
            let record = record(since, expires);
            let item: std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue> =
                serde_dynamo::to_item(&record).expect("it can be stored");
            let read: ApiKeyRecord = serde_dynamo::from_item(item).expect("it can be read");
            prop_assert_eq!(format!("{read:?}"), format!("{record:?}"));
        }
    }
}
