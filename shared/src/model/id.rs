//! Ids: time-ordered UUIDs (version 7), one type for each noun.

use crate::input::{Invalid, from_text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// A project.
    ProjectId,
    /// A task.
    TaskId,
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

    #[test]
    fn a_new_id_is_later_than_all_before_it() {
        let ids: Vec<_> = (0..100).map(|_| TaskId::new()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().map(ToString::to_string).is_sorted());
    }
}
