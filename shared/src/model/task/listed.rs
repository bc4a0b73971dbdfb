//! Lists of tasks: which ones, and in which order. Each is a stretch of one index, so that what a page costs does not
//! depend on how many tasks there are; what no index has is refused, and told what there is.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::{Priority, Status, Task};
use crate::error::{Detail, Error, Result};
use crate::input::{BadInput, Invalid, from_text};
use crate::model::audit::Moment;
use crate::model::due::DueDate;
use crate::model::id::{LabelId, ProjectId, TaskId, UserId};
use crate::page::sort::{Order, SORTED, Sort, pattern};
use crate::page::{Paging, detail, refuse, told};
use crate::schema::described;

/// In which order tasks of a project are listed; those that are equal by it in that of their ids, which is that in which
/// they were made.
#[derive(Debug, Clone)]
pub struct TaskSort(Sort);

/// In which order somebody's tasks are listed, whatever projects they are in; equal ones as in a project.
#[derive(Debug, Clone)]
pub struct AssignedSort(Sort);

/// An order in which there is an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum By {
    /// By their ids.
    Id,
    /// By status and place.
    Place,
    /// By when they are due, of those that are.
    Due,
    /// Of somebody's by when they are due, and behind them those that are not.
    Assignee,
    /// By how much they matter.
    Rank,
    /// By their last change.
    Change,
    /// By their ids, of those that have a label.
    Label,
    /// By their ids, of those beneath another.
    Parent,
    /// By their ids, of those that are deleted.
    Deleted,
}

/// A task in the list of whoever is to do it. All that it says stands in its key and its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Which.
    pub task_id: TaskId,
    /// In which project.
    pub project_id: ProjectId,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<DueDate>,
}

impl Assigned {
    /// A task in somebody's list, if anybody is to do it.
    pub(crate) fn of(task: &Task) -> Option<(UserId, Self)> {
        let row = Self {
            task_id: task.id,
            project_id: task.project_id,
            due_date: task.due_date,
        };
        task.assigned_to.map(|user_id| (user_id, row))
    }
}

/// A task in the list of those beneath another of its project. All that it says stands in its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subtask {
    /// Beneath which.
    pub parent_id: TaskId,
    /// Which.
    pub task_id: TaskId,
}

impl Subtask {
    /// A task in such a list, if it names a parent.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        let task_id = task.id;
        task.parent_id.map(|parent_id| Self { parent_id, task_id })
    }
}

/// Whose tasks: somebody's, or the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignee {
    /// The caller's own.
    Me,
    /// A user's.
    User(UserId),
}

impl Assignee {
    /// Who that is for a caller.
    pub const fn of(self, caller: UserId) -> UserId {
        match self {
            Self::Me => caller,
            Self::User(id) => id,
        }
    }
}

/// Which tasks: those that have all that is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Of this status.
    pub status: Option<Status>,
    /// Given to this user.
    pub assigned_to: Option<UserId>,
    /// That matter so much.
    pub priority: Option<Priority>,
    /// Due at that time or later.
    pub due_after: Option<Moment>,
    /// Due before that time.
    pub due_before: Option<Moment>,
    /// Last changed at that time or later.
    pub updated_after: Option<Moment>,
    /// With this label.
    pub label: Option<LabelId>,
    /// Right beneath this task.
    pub parent_id: Option<TaskId>,
    /// Whether those that are deleted and can be restored, in place of those that are there.
    pub deleted: bool,
}

/// What is listed, and which page of it.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub(crate) filter: Filter,
    pub(crate) by: By,
    /// Whether from the end to the beginning.
    pub(crate) is_down: bool,
    pub(crate) paging: Paging,
}

/// What tasks of a project can be sorted by.
const FIELDS: &[&str] = &[
    CREATED,
    "due_date",
    "priority",
    "updated_at",
    "status",
    "position",
    "title",
];

/// What somebody's tasks can be sorted by.
const FIELDS_OF_USER: &[&str] = &["due_date", CREATED, "title"];

/// The ids are of the time, finer than it is shown, and no two are equal: so it is what decides in the end.
const CREATED: &str = "created_at";

/// In which orders an index can list what has passed a filter. The first is the one for which nobody has to ask.
type Orders = &'static [Order<By>];

const OF_ALL: Orders = &[
    (&[CREATED], By::Id),
    (&["due_date", CREATED], By::Due),
    (&["priority", CREATED], By::Rank),
    (&["updated_at", CREATED], By::Change),
    (&["status", "position"], By::Place),
    // A place is one in its status.
    (&["position"], By::Place),
];

const OF_STATUS: Orders = &[(&["position"], By::Place)];

const OF_PRIORITY: Orders = &[(&[CREATED], By::Rank)];

const OF_DUE: Orders = &[(&["due_date", CREATED], By::Due)];

const OF_CHANGE: Orders = &[(&["updated_at", CREATED], By::Change)];

const OF_LABEL: Orders = &[(&[CREATED], By::Label)];

const OF_PARENT: Orders = &[(&[CREATED], By::Parent)];

const OF_DELETED: Orders = &[(&[CREATED], By::Deleted)];

const OF_ASSIGNEE: Orders = &[(&["due_date", CREATED], By::Assignee)];

const OF_USER: Orders = &[(&["due_date", CREATED], By::Assignee), (&[CREATED], By::Id)];

const ALONE: &str = "Can't be combined like that: assigned_to, due_after and due_before go together, \
                     and each other filter stands alone";

impl Wanted {
    /// Tasks of a project.
    ///
    /// # Errors
    /// 400 for all that no index can answer, which says what one can.
    pub fn in_project(
        filter: Filter,
        sort: Option<TaskSort>,
        paging: Result<Paging, Vec<Detail>>,
    ) -> Result<Self> {
        let sort = sort.map(|TaskSort(sort)| sort);
        Self::of(filter, sort, paging, filter.orders())
    }

    /// A user's tasks in whatever project.
    ///
    /// # Errors
    /// The same.
    pub fn of_user(
        filter: Filter,
        sort: Option<AssignedSort>,
        paging: Result<Paging, Vec<Detail>>,
    ) -> Result<Self> {
        let sort = sort.map(|AssignedSort(sort)| sort);
        let orders = if filter.is_of_due() {
            OF_ASSIGNEE
        } else {
            OF_USER
        };
        Self::of(filter, sort, paging, Ok(orders))
    }

    fn of(
        filter: Filter,
        sort: Option<Sort>,
        paging: Result<Paging, Vec<Detail>>,
        orders: Result<Orders, Vec<Detail>>,
    ) -> Result<Self> {
        let mut wrong = Vec::new();
        let orders = told(orders, &mut wrong);
        let range = filter.due_after.zip(filter.due_before);
        if range.is_some_and(|(after, before)| after >= before) {
            wrong.push(detail("due_before", "Must be later than due_after"));
        }
        let sort = sort.unwrap_or_default();
        let served = orders.map(|orders| sort.served_by(orders, |field| filter.fixes(field)));
        let order = served.and_then(|served| told(served, &mut wrong));
        let paging = told(paging, &mut wrong);
        refuse(wrong)?;
        let untold = || Error::internal("nobody has said what is wrong with a query");
        let ((by, is_down), paging) = order.zip(paging).ok_or_else(untold)?;
        Ok(Self {
            filter,
            by,
            is_down,
            paging,
        })
    }
}

impl Filter {
    /// Whether a task is one of those.
    pub(crate) fn has(&self, task: &Task) -> bool {
        let due = task.due_date.map(DueDate::at);
        let is_due = |within: &dyn Fn(i64) -> bool| due.is_some_and(within);
        self.status.is_none_or(|status| task.status == status)
            && self
                .assigned_to
                .is_none_or(|user| task.assigned_to == Some(user))
            && self
                .priority
                .is_none_or(|priority| task.priority == priority)
            && self
                .due_after
                .is_none_or(|after| is_due(&|due| due >= after.millis()))
            && self
                .due_before
                .is_none_or(|before| is_due(&|due| due < before.millis()))
            && self
                .updated_after
                .is_none_or(|after| task.updated_at >= after.millis())
            && self.label.is_none_or(|label| task.labels.has(label))
            && (self.parent_id.is_none() || task.parent_id == self.parent_id)
    }

    /// Whether it asks when they are due.
    pub(crate) const fn is_of_due(&self) -> bool {
        self.due_after.is_some() || self.due_before.is_some()
    }

    /// Whether it lets everything through.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all that pass it are equal by a field.
    fn fixes(&self, field: &str) -> bool {
        match field {
            "status" => self.status.is_some(),
            "priority" => self.priority.is_some(),
            _ => false,
        }
    }

    fn orders(&self) -> Result<Orders, Vec<Detail>> {
        let beside_due = |name: &&str| !name.starts_with("due_");
        let given: Vec<_> = self.given().filter(beside_due).collect();
        match (&given[..], self.is_of_due()) {
            ([], false) => Ok(OF_ALL),
            ([], true) => Ok(OF_DUE),
            (["assigned_to"], _) => Ok(OF_ASSIGNEE),
            (["status"], false) => Ok(OF_STATUS),
            (["priority"], false) => Ok(OF_PRIORITY),
            (["updated_after"], false) => Ok(OF_CHANGE),
            (["label"], false) => Ok(OF_LABEL),
            (["parent_id"], false) => Ok(OF_PARENT),
            (["deleted"], false) => Ok(OF_DELETED),
            _ => Err(self.given().map(|name| detail(name, ALONE)).collect()),
        }
    }

    /// The names of what it asks for.
    fn given(&self) -> impl Iterator<Item = &'static str> {
        let given = [
            ("status", self.status.is_some()),
            ("assigned_to", self.assigned_to.is_some()),
            ("priority", self.priority.is_some()),
            ("due_after", self.due_after.is_some()),
            ("due_before", self.due_before.is_some()),
            ("updated_after", self.updated_after.is_some()),
            ("label", self.label.is_some()),
            ("parent_id", self.parent_id.is_some()),
            ("deleted", self.deleted),
        ];
        let given = given.into_iter().filter(|(_, given)| *given);
        given.map(|(name, _)| name)
    }
}

impl TryFrom<String> for TaskSort {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Sort::read(&text, FIELDS).map(Self)
    }
}

impl TryFrom<String> for AssignedSort {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Sort::read(&text, FIELDS_OF_USER).map(Self)
    }
}

from_text!(TaskSort, AssignedSort);

described! {
    TaskSort: { "type": "string", "pattern": pattern(FIELDS), "description": SORTED };
    AssignedSort: { "type": "string", "pattern": pattern(FIELDS_OF_USER), "description": SORTED };
    Assignee: { "type": "string", "description": "`me`, or the id of a user." };
}

impl Deserr<BadInput> for Assignee {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, BadInput> {
        let text = String::deserialize_from_value(value, location)?;
        match text.as_str() {
            "me" => Ok(Self::Me),
            id => id.parse().map(Self::User).map_err(|_| {
                let message = "Must be an id of a user, or me";
                BadInput::at(location, Invalid(message.to_owned()))
            }),
        }
    }
}

#[cfg(test)]
mod tests;
