//! What a tenant uses: what it has, and what it does month by month.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::month::Month;

/// How many months are shown: this one, and those of a year before it.
const MONTHS: usize = 13;

/// What a tenant has, or by how much a change makes that more or less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Levels {
    /// Projects.
    #[serde(skip_serializing_if = "is_zero")]
    pub projects: i64,
    /// Tasks.
    #[serde(skip_serializing_if = "is_zero")]
    pub tasks: i64,
    /// Bytes of the files that belong to tasks.
    #[serde(skip_serializing_if = "is_zero")]
    pub bytes: i64,
}

/// A row of what a tenant uses: what it has stands in one; of each month its calls stand in another, and its
/// emails in a third. So calls, which are counted without a transaction, are never in the way of one.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageRow {
    /// Projects, as far as the log has been read.
    pub projects: i64,
    /// Tasks, the same.
    pub tasks: i64,
    /// Bytes of the files that belong to tasks, the same.
    pub bytes: i64,
    /// Requests that were served in the month.
    pub calls: u64,
    /// Those of them that asked for a search.
    pub searches: u64,
    /// Emails that were sent in the month.
    pub emails: u64,
}

/// What a tenant uses, as its admins see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Usage {
    /// Projects.
    pub projects: i64,
    /// Tasks.
    pub tasks: i64,
    /// Members.
    pub members: i64,
    /// Bytes of the files that belong to tasks.
    pub bytes_stored: i64,
    /// What was done in this month and in those before it, the latest first.
    pub months: Vec<MonthUsage>,
}

/// What was done in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct MonthUsage {
    /// Which, in UTC.
    pub month: Month,
    /// Requests that were served.
    pub calls: u64,
    /// Emails that were sent.
    pub emails: u64,
    /// Calls that asked for a search.
    pub searches: u64,
}

impl Levels {
    /// Whether nothing is more or less.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Each by the name of its attribute.
    pub(crate) const fn named(self) -> [(&'static str, i64); 3] {
        let Self {
            projects,
            tasks,
            bytes,
        } = self;
        [("projects", projects), ("tasks", tasks), ("bytes", bytes)]
    }
}

impl MonthUsage {
    /// What a month's two rows say; one that is not there says nothing was done.
    pub(crate) fn of(month: Month, calls: UsageRow, emails: UsageRow) -> Self {
        Self {
            month,
            calls: calls.calls,
            emails: emails.emails,
            searches: calls.searches,
        }
    }
}

/// The months that are shown now of a tenant that was made then: the latest first, and always this one.
pub(crate) fn months(now: Millis, made_at: Millis) -> Vec<Month> {
    let (this, first) = (Month::of(now), Month::of(made_at));
    let back = std::iter::successors(Some(this), |month| Some(month.previous()));
    back.take(MONTHS)
        .take_while(|month| *month >= first.min(this))
        .collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_zero(count: &i64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_neither_more_nor_less_is_left_out() {
        let of = |levels: Levels| serde_json::to_value(levels).expect("it is JSON");
        assert_eq!(of(Levels::default()), json!({}));
        let less = Levels {
            tasks: -1,
            ..Levels::default()
        };
        assert_eq!(of(less), json!({ "tasks": -1 }));
        assert!(Levels::default().is_none() && !less.is_none());
    }

    proptest! {
        #[test]
        fn a_year_is_shown_and_this_month_and_none_before_the_tenant_was_made(
            now in 1_700_000_000_000..4_000_000_000_000_i64,
            age in prop_oneof![-100_000_000..100_000_000_000_i64, 0..3_000_000_000_i64],
        ) {
            let made_at = now - age;
            let months = months(now, made_at);
            prop_assert_eq!(months[0], Month::of(now));
            prop_assert!(months.len() <= MONTHS);
            prop_assert!(months.windows(2).all(|pair| pair[0].previous() == pair[1]));
            let last = months[months.len() - 1];
            prop_assert!(last >= Month::of(made_at.min(now)));
            prop_assert!(months.len() == MONTHS || last == Month::of(made_at.min(now)));
        }
    }
}
