//! When something is due, and what is told of it before that.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{ProjectId, TaskId, TenantId};
use super::log::{Envelope, Job, JobQueue};
use super::task::Task;
use crate::input::{BadInput, Invalid};
use crate::schema::described;

/// How long before a task is due whoever is to do it is told so, in milliseconds: 24 hours.
pub const DUE_SOON: Millis = 24 * 60 * 60 * 1000;

/// The end of the year 9999, in epoch milliseconds.
const LATEST: Millis = 253_402_300_799_999;

/// A time by which something is to be done: epoch milliseconds, from 1970 to the end of 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DueDate(Millis);

impl DueDate {
    /// The time.
    pub fn at(self) -> Millis {
        self.0
    }
}

described! {
    DueDate: {
        "type": "integer", "format": "int64", "minimum": 0, "maximum": LATEST,
        "description": "Epoch milliseconds, UTC."
    };
}

impl Deserr<BadInput> for DueDate {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        match Millis::deserialize_from_value(value, location)? {
            at @ 0..=LATEST => Ok(Self(at)),
            _ => Err(BadInput::at(
                location,
                Invalid("Must be a time in epoch milliseconds, up to the year 9999".to_owned()),
            )),
        }
    }
}

/// By when a task is to be done that somebody is to do and that is not done: they are told when that is soon. Of any
/// other there is nothing to tell.
pub fn due_date_of(task: &Task) -> Option<DueDate> {
    let is_to_be_done = task.assigned_to.is_some() && task.completed_at.is_none();
    task.due_date.filter(|_| is_to_be_done)
}

/// The note that whoever is to do a task has to be told that it is due soon, from a time on. Who that is, the task says
/// when they are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueNote {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// In which project.
    pub project_id: ProjectId,
    /// Which task.
    pub task_id: TaskId,
    /// By when it is to be done.
    pub due_date: DueDate,
    /// The task's version when this was written: what is written anew meanwhile stays.
    pub version: u64,
}

/// What a change of a task makes of its note.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NoteChange {
    /// The one that goes.
    pub(crate) left: Option<DueNote>,
    /// The one that is written, over what stood there.
    pub(crate) noted: Option<DueNote>,
}

impl DueNote {
    /// The note of a task, if it has one: see [`due_date_of`].
    pub(crate) fn of(tenant_id: TenantId, task: &Task) -> Option<Self> {
        due_date_of(task).map(|due_date| Self {
            tenant_id,
            project_id: task.project_id,
            task_id: task.id,
            due_date,
            version: task.version,
        })
    }

    /// What becomes of the note where a task is something else from now on, or new, or gone. Who is given a task that
    /// is noted already is told as well, so that the note is written anew. What is past is not told, and one whose time
    /// has come is left to the sweep, which finds out by the task.
    pub(crate) fn change(
        tenant_id: TenantId,
        (before, after): (Option<&Task>, Option<&Task>),
        now: Millis,
    ) -> NoteChange {
        let note = |task: Option<&Task>| task.and_then(|task| Self::of(tenant_id, task));
        let whom = |task: Option<&Task>| task.and_then(|task| task.assigned_to);
        let (left, noted) = (note(before), note(after));
        let stays = left.as_ref().map(Self::place) == noted.as_ref().map(Self::place);
        if stays && whom(before) == whom(after) {
            return NoteChange::default();
        }
        NoteChange {
            left: left.filter(|left| !stays && left.from() > now),
            noted: noted.filter(|noted| noted.due_date.at() > now),
        }
    }

    /// From when on they are to be told.
    pub(crate) fn from(&self) -> Millis {
        (self.due_date.at() - DUE_SOON).max(0)
    }

    /// What is to be done.
    pub(crate) fn job(&self) -> Envelope<TellDue> {
        let (tenant_id, task, due) = (self.tenant_id, self.task_id, self.due_date.at());
        Envelope {
            id: format!("{tenant_id}/task/{task}/due/{due}/{}", self.version),
            kind: TellDue::TYPE.to_owned(),
            version: TellDue::VERSION,
            tenant_id,
            payload: TellDue {
                project_id: self.project_id,
                task_id: self.task_id,
                due_date: self.due_date,
            },
        }
    }

    fn place(&self) -> (ProjectId, TaskId, DueDate) {
        (self.project_id, self.task_id, self.due_date)
    }
}

/// A task is due soon: tell whoever is to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TellDue {
    /// In which project.
    pub project_id: ProjectId,
    /// Which.
    pub task_id: TaskId,
    /// By when, as it was noted.
    pub due_date: DueDate,
}

impl Job for TellDue {
    const TYPE: &'static str = "task:tell_due";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Embeddings;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::parse;
    use crate::model::id::UserId;
    use crate::model::task::Status;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: Millis = 1_794_907_815_123;

    /// A task that is to be done in so many hours, by somebody, and is not done.
    fn task(hours: i64) -> Task {
        let title = "Count down".to_owned().try_into().expect("it is one");
        Task {
            assigned_to: Some(UserId::new()),
            due_date: Some(DueDate(NOW + hours * 60 * 60 * 1000)),
            ..Task::new(ProjectId::new(), UserId::new(), title, NOW)
        }
    }

    fn done(task: &Task) -> Task {
        let mut done = Task {
            status: Status::Done,
            ..task.clone()
        };
        done.written(NOW);
        done
    }

    /// Whether a note goes, and whether one is written.
    fn changed(before: Option<&Task>, after: Option<&Task>) -> (bool, bool) {
        let tenant = "01900000-0000-7000-8000-000000000001".to_owned();
        let tenant = tenant.try_into().expect("it is an id");
        let NoteChange { left, noted } = DueNote::change(tenant, (before, after), NOW);
        let of = |note: &Option<DueNote>, task: Option<&Task>| {
            let expected = task.and_then(|task| DueNote::of(tenant, task));
            assert!(note.is_none() || *note == expected);
            note.is_some()
        };
        (of(&left, before), of(&noted, after))
    }

    #[test]
    fn what_somebody_is_to_do_by_a_time_is_noted_until_it_is_done() {
        let open = task(48);
        assert_eq!(changed(None, Some(&open)), (false, true));
        assert_eq!(changed(Some(&open), None), (true, false));
        let renamed = Task {
            title: "Count up".to_owned().try_into().expect("it is one"),
            version: 2,
            ..open.clone()
        };
        assert_eq!(changed(Some(&open), Some(&renamed)), (false, false));
        for other in [
            done(&open),
            Task {
                assigned_to: None,
                ..open.clone()
            },
            Task {
                due_date: None,
                ..open.clone()
            },
        ] {
            assert_eq!(due_date_of(&other), None);
            assert_eq!(changed(None, Some(&other)), (false, false));
            assert_eq!(changed(Some(&open), Some(&other)), (true, false));
            assert_eq!(changed(Some(&other), Some(&open)), (false, true));
        }
    }

    #[test]
    fn what_is_due_at_another_time_or_in_another_project_is_noted_there_alone() {
        let open = task(48);
        let later = Task {
            due_date: task(72).due_date,
            ..open.clone()
        };
        let elsewhere = Task {
            project_id: ProjectId::new(),
            ..open.clone()
        };
        for other in [later, elsewhere] {
            assert_eq!(changed(Some(&open), Some(&other)), (true, true));
        }
    }

    #[test]
    fn who_is_given_what_is_noted_is_told_as_well() {
        let open = task(1);
        let other = Task {
            assigned_to: Some(UserId::new()),
            ..open.clone()
        };
        assert_eq!(changed(Some(&open), Some(&other)), (false, true));
    }

    #[test]
    fn what_is_past_is_not_noted_and_what_is_soon_is_left_to_the_sweep() {
        let (past, soon) = (task(-1), task(1));
        assert_eq!(changed(None, Some(&past)), (false, false));
        assert_eq!(changed(None, Some(&soon)), (false, true));
        assert_eq!(changed(Some(&done(&past)), Some(&past)), (false, false));
        for open in [past, soon] {
            assert_eq!(changed(Some(&open), Some(&done(&open))), (false, false));
            assert_eq!(changed(Some(&open), None), (false, false));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_whole_number_of_milliseconds_up_to_the_year_9999(
            value in prop_oneof![
                any::<i64>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                (-2..3_i64).prop_map(|off| json!(LATEST + off)),
                (-2..3_i64).prop_map(Value::from),
                (0..LATEST).prop_map(Value::from),
                any::<String>().prop_map(Value::from),
            ],
        ) {
            let good = value.as_i64().filter(|at| (0..=LATEST).contains(at));
            let taken = parse::<DueDate>(value);
            prop_assert_eq!(taken.ok().map(|due| due.0), good);
        }
    }
}
