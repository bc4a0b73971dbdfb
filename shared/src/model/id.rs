//! Ids: time-ordered UUIDs (version 7), one type for each noun.

use super::Millis;
use crate::input::{Invalid, from_text};
use crate::schema::described;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(Uuid);

            impl $name {
                /// A new one, later than all before it.
                #[expect(clippy::new_without_default, reason = "a default id would be a new one each time")]
                pub fn new() -> Self {
                    Self(Uuid::now_v7())
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    self.0.hyphenated().fmt(f)
                }
            }

            impl std::str::FromStr for $name {
                type Err = Invalid;

                fn from_str(text: &str) -> Result<Self, Invalid> {
                    parse(text).map(Self)
                }
            }

            from_text!($name);

            described! {
                $name: { "type": "string", "format": "uuid" };
            }

            impl TryFrom<String> for $name {
                type Error = Invalid;

                fn try_from(text: String) -> Result<Self, Invalid> {
                    parse(&text).map(Self)
                }
            }
        )+
    };
}

ids! {
    /// A tenant: an organisation that shares nothing with any other.
    TenantId,
    /// A user, who can belong to several tenants.
    UserId,
    /// A log-in that has not ended.
    SessionId,
    /// An API key.
    ApiKeyId,
    /// A link that was emailed.
    LinkId,
    /// An invitation into a tenant.
    InvitationId,
    /// An entry of the audit log.
    AuditId,
    /// A copy of all that is a tenant's.
    ExportId,
    /// A project.
    ProjectId,
    /// A task.
    TaskId,
    /// A comment on a task.
    CommentId,
    /// A label of a project.
    LabelId,
    /// Something that somebody was told.
    NotificationId,
}

impl TaskId {
    /// Its 32 digits.
    pub(crate) fn simple(self) -> impl std::fmt::Display {
        self.0.simple()
    }

    /// Which of so many equal parts it falls into.
    pub(crate) fn shard(self, of: u8) -> u8 {
        let [.., last] = self.0.into_bytes();
        last % of
    }
}

impl AuditId {
    /// Of what happened at that time; `what` tells it from all else. The same each time it is made.
    pub fn of(at: Millis, what: &str) -> Self {
        let mut rest = [0; 10];
        rest.copy_from_slice(&Sha256::digest(what)[..10]);
        let at = u64::try_from(at).unwrap_or_default();
        Self(Builder::from_unix_timestamp_millis(at, &rest).into_uuid())
    }

    /// Less than all others.
    pub(crate) const fn least() -> Self {
        Self(Uuid::nil())
    }

    /// The greatest of those that are less; none if there are none.
    pub(crate) fn previous(self) -> Option<Self> {
        let number = self.0.as_u128().checked_sub(1)?;
        Some(Self(Uuid::from_u128(number)))
    }
}

/// One spelling alone: what differs in case or form would be another key for the same thing.
fn parse(text: &str) -> Result<Uuid, Invalid> {
    Uuid::try_parse(text)
        .ok()
        .filter(|id| id.hyphenated().to_string() == text)
        .ok_or_else(|| Invalid("Must be an id: a UUID in lower case".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_has_one_spelling(number in any::<u128>()) {
            let id = Uuid::from_u128(number);
            let text = id.hyphenated().to_string();
            prop_assert_eq!(text.parse().map(|id: TaskId| id.to_string()), Ok(text.clone()));
            for other in [
                text.to_uppercase(),
                id.simple().to_string(),
                id.braced().to_string(),
                id.urn().to_string(),
                format!(" {text}"),
            ] {
                let same = other == text;
                prop_assert_eq!(other.parse::<TaskId>().is_ok(), same, "{}", other);
            }
        }

        #[test]
        fn no_other_text_is_an_id(text in prop_oneof![any::<String>(), "[0-9a-f-]{30,40}", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-g]{12}"]) {
            let taken = TaskId::try_from(text.clone());
            prop_assert_eq!(taken.is_ok(), Uuid::try_parse(&text).is_ok_and(|id| id.to_string() == text));
        }
    }

    proptest! {
        #[test]
        fn the_id_of_what_happened_is_the_same_each_time_and_in_the_order_of_time(
            one in 0..1_i64 << 47,
            other in 0..1_i64 << 47,
            what in any::<String>(),
            else_ in any::<String>(),
        ) {
            let id = AuditId::of(one, &what);
            prop_assert_eq!(id, AuditId::of(one, &what));
            prop_assert_eq!(id == AuditId::of(one, &else_), what == else_);
            if one != other {
                let later = AuditId::of(other, &else_);
                prop_assert_eq!(id < later, one < other);
                prop_assert_eq!(id.to_string() < later.to_string(), one < other);
            }
            prop_assert_eq!(id.0.get_version_num(), 7);
            prop_assert!(id.previous().is_some_and(|previous| previous < id));
        }
    }

    #[test]
    fn a_new_id_is_later_than_all_before_it() {
        let ids: Vec<_> = (0..100).map(|_| TaskId::new()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().map(ToString::to_string).is_sorted());
    }
}
