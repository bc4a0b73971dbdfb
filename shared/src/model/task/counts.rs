//! How many tasks a project has.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{OwnStatus, Status};
use crate::error::{Error, Result};

/// How many tasks there are of each status, or by how much a change makes that more or less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TaskCounts {
    /// Not begun.
    pub todo: i64,
    /// Begun.
    pub in_progress: i64,
    /// Finished.
    pub done: i64,
    /// Of its tenant's own statuses, those that there are any of.
    #[serde(flatten)]
    pub own: BTreeMap<OwnStatus, i64>,
}

impl TaskCounts {
    /// Of how many of its tenant's own statuses a project's tasks may be, with those that have been taken out of the
    /// settings: the counts stand in its row, which is read with each request for it.
    pub(crate) const MOST_OWN: usize = 100;

    /// So many more of a status.
    pub(crate) fn add(&mut self, status: Status, by: i64) {
        match status {
            Status::Todo => self.todo += by,
            Status::InProgress => self.in_progress += by,
            Status::Done => self.done += by,
            Status::Own(own) => *self.own.entry(own).or_default() += by,
        }
    }

    /// Of one status.
    pub(crate) fn of(&self, status: Status) -> i64 {
        match status {
            Status::Todo => self.todo,
            Status::InProgress => self.in_progress,
            Status::Done => self.done,
            Status::Own(own) => self.own.get(&own).copied().unwrap_or(0),
        }
    }

    /// Of whatever status.
    pub(crate) fn total(&self) -> i64 {
        self.todo + self.in_progress + self.done + self.own.values().sum::<i64>()
    }

    /// Those of a tenant's own statuses once so many more are there; nothing if they stay the same.
    ///
    /// # Errors
    /// 409 if there would be one more than [`Self::MOST_OWN`].
    pub(crate) fn own_with(&self, more: &Self) -> Result<Option<BTreeMap<OwnStatus, i64>>> {
        if more.own.values().all(|by| *by == 0) {
            return Ok(None);
        }
        let mut own = self.own.clone();
        for (status, by) in &more.own {
            *own.entry(*status).or_default() += by;
        }
        own.retain(|_, count| *count != 0);
        if own.len() > Self::MOST_OWN.max(self.own.len()) {
            let most = Self::MOST_OWN;
            let message = format!("This project's tasks have {most} further statuses already");
            return Err(Error::conflict(message));
        }
        Ok(Some(own))
    }
}

impl schemars::JsonSchema for TaskCounts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TaskCounts".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "How many tasks there are of each status; of a tenant's own ones, those that there are any of.",
            "properties": {
                "todo": { "type": "integer", "format": "int64" },
                "in_progress": { "type": "integer", "format": "int64" },
                "done": { "type": "integer", "format": "int64" },
            },
            "required": ["todo", "in_progress", "done"],
            "additionalProperties": { "type": "integer", "format": "int64" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn own(name: &str) -> Status {
        Status::try_from(name.to_owned()).expect("it is a status")
    }

    #[test]
    fn built_in_statuses_are_always_told_and_others_where_there_are_any() {
        let mut counts = TaskCounts::default();
        let told = |counts: &TaskCounts| serde_json::to_value(counts).expect("it is JSON");
        assert_eq!(
            told(&counts),
            json!({ "todo": 0, "in_progress": 0, "done": 0 })
        );
        counts.add(Status::Done, 1);
        counts.add(own("in_review"), 2);
        assert_eq!(
            told(&counts),
            json!({ "todo": 0, "in_progress": 0, "done": 1, "in_review": 2 })
        );
        assert_eq!((counts.total(), counts.of(own("in_review"))), (3, 2));
        assert_eq!(counts.of(own("parked")), 0);
    }

    #[test]
    fn what_has_become_none_is_not_kept() {
        let mut before = TaskCounts::default();
        before.add(own("in_review"), 1);
        let mut change = TaskCounts::default();
        change.add(Status::Todo, 1);
        let with = |change: &TaskCounts| before.own_with(change).expect("there are few");
        assert_eq!(with(&change), None);
        change.add(own("in_review"), -1);
        change.add(own("parked"), 1);
        let after = with(&change).expect("it changes");
        assert_eq!(after.len(), 1);
        assert!(after.keys().all(|status| status.as_str() == "parked"));
    }

    #[test]
    fn a_project_has_tasks_of_at_most_100_further_statuses() {
        let change = |name: &str, by| {
            let mut change = TaskCounts::default();
            change.add(own(name), by);
            change
        };
        let mut counts = TaskCounts::default();
        for at in 0..TaskCounts::MOST_OWN {
            let more = change(&format!("s{at}"), 1);
            counts.own = counts
                .own_with(&more)
                .expect("there is room")
                .expect("it changes");
        }
        assert!(counts.own_with(&change("s0", 1)).is_ok());
        let refused = counts.own_with(&change("more", 1));
        assert_eq!(refused.expect_err("it is full").code().status(), 409);
        let mut instead = change("more", 1);
        instead.add(own("s0"), -1);
        assert!(counts.own_with(&instead).is_ok());
    }
}
