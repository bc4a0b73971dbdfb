//! What has happened in a project, or to a task, as the log tells it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Millis;
use super::audit::Actor;
use super::log::LogEntry;
use crate::error::Error;
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// An event, as whoever may see its project is shown it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ActivityView {
    seq: u64,
    #[serde(rename = "type")]
    kind: String,
    at: Millis,
    actor: Option<Actor>,
    object: Option<String>,
    /// What is told of it: by its type.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Box<RawValue>,
}

impl TryFrom<LogEntry> for ActivityView {
    type Error = Error;

    fn try_from(entry: LogEntry) -> Result<Self, Error> {
        Ok(Self {
            seq: entry.seq,
            kind: entry.kind,
            at: entry.at,
            actor: entry.actor,
            object: entry.object,
            data: RawValue::from_string(entry.data).map_err(Error::internal)?,
        })
    }
}

/// A part of a project's log: `{"data": […], "meta": {"next_after", "has_more"}}`.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Stretch {
    data: Vec<ActivityView>,
    meta: StretchMeta,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct StretchMeta {
    /// What to ask for next, be it now or once there is more.
    next_after: u64,
    has_more: bool,
}

impl Stretch {
    /// The events behind `after`, in a log that has come as far as `until`.
    ///
    /// # Errors
    /// 500 if one of them can't be read.
    pub fn of(entries: Vec<LogEntry>, after: u64, until: u64) -> Result<Self, Error> {
        let next_after = entries.last().map_or(after, |last| last.seq);
        let data = entries.into_iter().map(ActivityView::try_from);
        Ok(Self {
            data: data.collect::<Result<_, _>>()?,
            meta: StretchMeta {
                next_after,
                has_more: next_after < until,
            },
        })
    }
}

/// The last number that an event may have: twelve digits are what a key has room for.
const LAST: u64 = 999_999_999_999;

/// Behind which event of a log somebody goes on: a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct After(u64);

impl After {
    /// The number.
    pub const fn seq(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for After {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number <= LAST);
        let message = "Must be the number of an event: 0 or more";
        number.map(Self).ok_or_else(|| Invalid(message.to_owned()))
    }
}

from_text!(After);

described! {
    After: { "type": "integer", "minimum": 0, "maximum": LAST, "default": 0 };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_log_goes_on_behind_a_whole_number(
            text in prop_oneof![any::<String>(), any::<u64>().prop_map(|seq| seq.to_string()), "[+-]?[0-9]{0,14}"],
        ) {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let good = digits && text.trim_start_matches('0').len() <= 12;
            let taken = After::try_from(text.clone()).ok();
            prop_assert_eq!(taken.is_some(), good, "{}", text);
        }
    }
}
