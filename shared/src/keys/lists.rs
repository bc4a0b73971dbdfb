//! Lists that are stretches of an index: of a project's tasks, and of a user's.

use super::data::{project_pk, user_pk};
use super::labels::{self, LABELLED, labelled_with};
use super::subtasks::{BENEATH, beneath};
use super::tasks::{DELETED, first_place, last_place, task};
use super::{Key, Row, Table, sortable};
use crate::model::id::{LabelId, ProjectId, TaskId, UserId};
use crate::model::project::Project;
use crate::model::task::Task;
use crate::model::task::listed::{Assigned, By, Filter};
use crate::tenant::Tenant;

impl Row for Assigned {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        let due = self.due_date.map(|due| sortable(due.at()));
        let due = due.as_deref().unwrap_or(NEVER);
        let (id, project_id) = (self.task_id, self.project_id);
        vec![("l2", format!("{ASSIGNED}{due}#{id}#{project_id}"))]
    }
}

impl Key<Assigned> {
    /// A task in a user's list: its key tells where the task is.
    pub(crate) fn assigned(tenant: Tenant, user_id: UserId, row: &Assigned) -> Self {
        let sk = format!("{ASSIGNED}{}#{}", row.task_id, row.project_id);
        Self::data(tenant, user_pk(tenant, user_id), sk)
    }
}

impl Key<Task> {
    /// A task in a user's list.
    pub(crate) fn listed(tenant: Tenant, (id, project_id): (TaskId, ProjectId)) -> Self {
        task(tenant, project_pk(tenant, project_id), id)
    }
}

/// A stretch of a partition in the order of one of its attributes. What a row has there ends as its sort key does, and so
/// no two have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) table: Table,
    pub(crate) pk: String,
    /// Nothing for the rows themselves.
    pub(crate) index: Option<&'static str>,
    /// What they are in the order of.
    pub(crate) attribute: &'static str,
    /// The first that it may be, and the last.
    pub(crate) within: (String, String),
    /// What their sort keys begin with.
    prefix: &'static str,
}

impl Span {
    /// The tasks of a project that pass a filter, in an order that goes with it.
    pub(crate) fn of_project(project: &Key<Project>, by: By, filter: &Filter) -> Self {
        let due = || due(filter);
        let (index, attribute, within) = match by {
            By::Id => (None, "sk", all_behind(TASK)),
            By::Deleted => (None, "sk", all_behind(DELETED)),
            By::Place => (
                Some("lsi1"),
                "l1",
                match filter.status {
                    Some(status) => (first_place(status), last_place(status)),
                    None => (LEAST.to_owned(), MOST.to_owned()),
                },
            ),
            By::Due => (Some("lsi2"), "l2", due()),
            By::Assignee => (Some("lsi3"), "l3", {
                let user = filter.assigned_to.map(|id| id.to_string());
                let user = user.unwrap_or_default();
                if filter.is_of_due() {
                    let (first, last) = due();
                    (format!("{user}#{first}"), format!("{user}#{last}"))
                } else {
                    all_behind(&format!("{user}#"))
                }
            }),
            By::Rank => (
                Some("lsi4"),
                "l4",
                match filter.priority {
                    Some(priority) => all_behind(&format!("{}#", priority.rank())),
                    None => (LEAST.to_owned(), MOST.to_owned()),
                },
            ),
            By::Label => (None, "sk", {
                let label = filter.label.map(labelled_with);
                all_behind(label.as_deref().unwrap_or(LABELLED))
            }),
            By::Parent => (None, "sk", {
                let parent = filter.parent_id.map(beneath);
                all_behind(parent.as_deref().unwrap_or(BENEATH))
            }),
            By::Change => (Some("lsi5"), "l5", {
                let after = filter.updated_after;
                let first = after.map(|after| format!("{}#", sortable(after.millis())));
                (first.unwrap_or_else(|| LEAST.to_owned()), MOST.to_owned())
            }),
        };
        let (pk, prefix) = match by {
            By::Label => (labels::of(project), LABELLED),
            By::Parent => (labels::of(project), BENEATH),
            By::Deleted => (project.pk().to_owned(), DELETED),
            _ => (project.pk().to_owned(), TASK),
        };
        Self {
            table: Table::Data,
            pk,
            index,
            attribute,
            within,
            prefix,
        }
    }

    /// The tasks of a user, by when they are due or by their ids.
    pub(crate) fn of_user(tenant: Tenant, user_id: UserId, by: By, filter: &Filter) -> Self {
        let (index, attribute, within) = match by {
            By::Id => (None, "sk", all_behind(ASSIGNED)),
            _ if filter.is_of_due() => {
                let (first, last) = due(filter);
                let within = (format!("{ASSIGNED}{first}"), format!("{ASSIGNED}{last}"));
                (Some("lsi2"), "l2", within)
            }
            _ => (Some("lsi2"), "l2", all_behind(ASSIGNED)),
        };
        Self {
            table: Table::Data,
            pk: user_pk(tenant, user_id),
            index,
            attribute,
            within,
            prefix: ASSIGNED,
        }
    }

    /// The sort key of the row that stands at a place of it; nothing if none can.
    pub(crate) fn row_at(&self, place: &str) -> Option<String> {
        let (first, last) = &self.within;
        if place < first.as_str() || last.as_str() < place {
            return None;
        }
        let ids = match self.prefix {
            TASK | DELETED => 1,
            _ => 2,
        };
        let start = place.rmatch_indices('#').nth(ids - 1)?.0;
        let sk = format!("{}{}", self.prefix, &place[start + 1..]);
        let is_row = self.index.is_some() || sk == place;
        (is_row && self.task(&sk).is_some()).then_some(sk)
    }

    /// Which task a row is of, by its sort key.
    pub(crate) fn task(&self, sk: &str) -> Option<TaskId> {
        match self.prefix {
            prefix @ (TASK | DELETED) => sk.strip_prefix(prefix)?.parse().ok(),
            LABELLED => {
                let (label, id) = sk.strip_prefix(LABELLED)?.split_once('#')?;
                label.parse::<LabelId>().ok()?;
                id.parse().ok()
            }
            BENEATH => {
                let (parent, id) = sk.strip_prefix(BENEATH)?.split_once('#')?;
                parent.parse::<TaskId>().ok()?;
                id.parse().ok()
            }
            _ => self.task_and_project(sk).map(|(id, _)| id),
        }
    }

    /// The same of a user's list, which tells its project too.
    pub(crate) fn task_and_project(&self, sk: &str) -> Option<(TaskId, ProjectId)> {
        let (id, project_id) = sk.strip_prefix(self.prefix)?.split_once('#')?;
        Some((id.parse().ok()?, project_id.parse().ok()?))
    }
}

const TASK: &str = "TASK#";
const ASSIGNED: &str = "ASSIGNED#";

/// What stands for no time, behind all of them.
const NEVER: &str = "~";

/// Before all that an attribute begins with, and behind it.
const LEAST: &str = "!";
const MOST: &str = "~~";

/// Behind all times, and before what stands for none.
const NO_TIME: &str = ":";

/// All that begins like this, with `#` at its end.
pub(super) fn all_behind(prefix: &str) -> (String, String) {
    (
        prefix.to_owned(),
        format!("{}$", prefix.trim_end_matches('#')),
    )
}

/// Which times of those that are due.
fn due(filter: &Filter) -> (String, String) {
    let from = filter
        .due_after
        .map(|after| format!("{}#", sortable(after.millis())));
    let to = filter
        .due_before
        .map(|before| format!("{}#", sortable(before.millis())));
    (
        from.unwrap_or_else(|| "0".to_owned()),
        to.unwrap_or_else(|| NO_TIME.to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::TenantId;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    fn spans() -> Vec<Span> {
        let tenant = Tenant::verified(ID.parse::<TenantId>().expect("it is an id"));
        let project = tenant.project(ID.parse().expect("it is an id"));
        let user = ID.parse().expect("it is an id");
        let all = Filter::default();
        let orders = [
            By::Id,
            By::Place,
            By::Due,
            By::Assignee,
            By::Rank,
            By::Change,
            By::Parent,
            By::Deleted,
            By::Label,
        ];
        let of_project = orders.map(|by| Span::of_project(&project, by, &all));
        let of_user = [By::Id, By::Assignee].map(|by| Span::of_user(tenant, user, by, &all));
        of_project.into_iter().chain(of_user).collect()
    }

    #[test]
    fn a_place_tells_the_row_that_stands_there() {
        let row = |span: &Span, place: &str| span.row_at(&place.replace("{id}", ID));
        let spans = spans();
        let [id, place, .., parent, deleted, label, user, due] = &spans[..] else {
            panic!("there are more")
        };
        let task = format!("TASK#{ID}");
        assert_eq!(row(id, "TASK#{id}"), Some(task.clone()));
        assert_eq!(row(place, "todo#i7#{id}"), Some(task));
        let assigned = format!("ASSIGNED#{ID}#{ID}");
        assert_eq!(row(user, "ASSIGNED#{id}#{id}"), Some(assigned.clone()));
        assert_eq!(row(due, "ASSIGNED#~#{id}#{id}"), Some(assigned));
        let beneath = format!("BENEATH#{ID}#{ID}");
        assert_eq!(row(parent, &beneath), Some(beneath.clone()));
        let put_aside = format!("DELETED#{ID}");
        assert_eq!(row(deleted, &put_aside), Some(put_aside.clone()));
        let labelled = format!("LABELLED#{ID}#{ID}");
        assert_eq!(row(label, &labelled), Some(labelled.clone()));
        for (span, other) in [
            (id, "TASK#x#{id}"),
            (label, "LABELLED#{id}"),
            (parent, "BENEATH#{id}"),
            (parent, "LABELLED#{id}#{id}"),
            (label, "LABELLED#x#{id}"),
            (label, "LABEL#{id}#{id}"),
            (id, "DELETED#{id}"),
            (deleted, "TASK#{id}"),
            (deleted, "DELETED#x"),
            (place, "{id}"),
            (place, "todo#i7#"),
            (user, "ASSIGNED#{id}"),
            (due, "TASK#{id}#{id}"),
        ] {
            assert_eq!(row(span, other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_place_that_is_none_is_no_row(text in prop_oneof![any::<String>(), "[A-Z#~$0-9]{0,40}"]) {
            for span in spans() {
                prop_assert_eq!(span.row_at(&text), None);
            }
        }
    }
}
