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
