//! How far a task is: a status that every tenant has, or one of the tenant's own.

use std::fmt;

use arrayvec::ArrayString;
use serde::{Deserialize, Serialize};

use crate::input::{Invalid, from_text};
use crate::schema::described;

/// The longest name of a tenant's own status, in characters.
const LONGEST: usize = 30;

const MALFORMED: &str = "Must be one of: todo, in_progress, done, or a status of this tenant: 1 to 30 of a-z, 0-9 and _";

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Status {
    /// Not begun.
    Todo,
    /// Begun.
    InProgress,
    /// Finished.
    Done,
    /// As its tenant has it.
    Own(OwnStatus),
}

impl Status {
    /// Those of every tenant, in their order on a board.
    pub const BUILT_IN: [Self; 3] = [Self::Todo, Self::InProgress, Self::Done];

    /// As it is called.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Todo => "todo",
            Self::InProgress => "in_progress",
            Self::Done => "done",
            Self::Own(own) => own.as_str(),
        }
    }

    fn built_in(name: &str) -> Option<Self> {
        let mut known = Self::BUILT_IN.into_iter();
        known.find(|status| status.as_str() == name)
    }
}

/// The name of a status that a tenant has beside those of all: 1 to 30 lower-case letters, digits and `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnStatus(ArrayString<LONGEST>);

impl OwnStatus {
    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    fn named(name: &str) -> Option<Self> {
        let is_well_formed = !name.is_empty()
            && name
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let name = ArrayString::from(name).ok();
        name.filter(|_| is_well_formed).map(Self)
    }
}

impl TryFrom<String> for Status {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let own = || OwnStatus::named(&text).map(Self::Own);
        Self::built_in(&text)
            .or_else(own)
            .ok_or_else(|| Invalid(MALFORMED.to_owned()))
    }
}

impl TryFrom<String> for OwnStatus {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if Status::built_in(&text).is_some() {
            let message = "Every tenant has this status already";
            return Err(Invalid(message.to_owned()));
        }
        Self::named(&text)
            .ok_or_else(|| Invalid(format!("Must be 1 to {LONGEST} of a-z, 0-9 and _")))
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.as_str().to_owned()
    }
}

impl From<OwnStatus> for String {
    fn from(own: OwnStatus) -> Self {
        own.as_str().to_owned()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

from_text!(Status, OwnStatus);

described! {
    OwnStatus: { "type": "string", "pattern": "^[a-z0-9_]{1,30}$", "examples": ["in_review"] };
}

impl schemars::JsonSchema for Status {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TaskStatus".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[a-z0-9_]{1,30}$",
            "description": "`todo`, `in_progress`, `done`, or one of the tenant's own statuses.",
            "examples": ["todo", "in_review"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::parse;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn status(name: &str) -> Option<Status> {
        parse(json!(name)).ok()
    }

    #[test]
    fn a_name_is_a_built_in_status_or_one_of_a_tenant_s_own() {
        assert_eq!(status("in_progress"), Some(Status::InProgress));
        let own = status("in_review").expect("it is well-formed");
        assert!(matches!(own, Status::Own(_)));
        assert_eq!(own.to_string(), "in_review");
        assert_eq!(serde_json::to_value(own).ok(), Some(json!("in_review")));
        for bad in ["", "In_review", "in review", "in-review", "todo#", "größe"] {
            assert_eq!(status(bad), None, "{bad}");
            assert!(parse::<OwnStatus>(json!(bad)).is_err(), "{bad}");
        }
        let long = |length| "a".repeat(length);
        assert!(status(&long(30)).is_some() && status(&long(31)).is_none());
    }

    #[test]
    fn no_tenant_s_own_status_is_called_as_a_built_in_one() {
        for status in Status::BUILT_IN {
            let refused = parse::<OwnStatus>(json!(status)).expect_err("it is built in");
            assert_eq!(refused.code().status(), 422);
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_called_it_is_stored_and_read_as_the_same(
            text in prop_oneof![any::<String>(), "[a-z0-9_]{0,33}", "todo|done|in_progress"],
        ) {
            let is_well_formed = (1..=30).contains(&text.len())
                && text.chars().all(|c| c == '_' || c.is_ascii_digit() || c.is_ascii_lowercase());
            let read = status(&text);
            prop_assert_eq!(read.is_some(), is_well_formed);
            if let Some(status) = read {
                let stored = serde_json::to_value(status).expect("it is a text");
                prop_assert_eq!(&stored, &Value::from(text.clone()));
                prop_assert_eq!(serde_json::from_value::<Status>(stored).ok(), Some(status));
            }
            let is_own = is_well_formed && Status::built_in(&text).is_none();
            prop_assert_eq!(parse::<OwnStatus>(json!(text)).is_ok(), is_own);
        }
    }
}
