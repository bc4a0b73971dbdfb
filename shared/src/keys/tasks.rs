//! Tasks: in their projects, where each is found by its id alone, and for how long a deleted one stays.

use std::marker::PhantomData;

use super::{Key, ObjectPath, Partition, Row, Stored, Table, sortable};
use crate::model::id::TaskId;
use crate::model::project::Project;
use crate::model::task::{DeletedTask, Status, Task, TaskPlace};
use crate::tenant::Tenant;

/// How many partitions a tenant's tasks are looked up in, by their ids: so that none is written for all of them, and
/// all can be gone through.
const SHARDS: u8 = 4;

/// What the sort keys of deleted ones begin with.
pub(super) const DELETED: &str = "DELETED#";

impl Row for Task {
    const MISSING: &'static str = "Task not found or access denied";

    fn indexes(&self) -> Vec<(&'static str, String)> {
        let id = self.id;
        let due = self.due_date.map(|due| sortable(due.at()));
        let mut indexes = vec![
            ("l1", place(self)),
            ("l4", format!("{}#{id}", self.priority.rank())),
            ("l5", format!("{}#{id}", sortable(self.updated_at))),
        ];
        indexes.extend(due.iter().map(|due| ("l2", format!("{due}#{id}"))));
        // Those without a date come last.
        let due = due.as_deref().unwrap_or("~");
        let assigned = self.assigned_to.iter();
        indexes.extend(assigned.map(|user| ("l3", format!("{user}#{due}#{id}"))));
        indexes
    }
}

impl Row for TaskPlace {
    const MISSING: &'static str = Task::MISSING;
}

impl Row for DeletedTask {
    const MISSING: &'static str = Task::MISSING;
}

impl Key<TaskPlace> {
    pub(crate) fn task_place(tenant: Tenant, id: TaskId) -> Self {
        let pk = places_pk(tenant, id.shard(SHARDS));
        Self::data(tenant, pk, format!("PLACE#{id}"))
    }
}

impl Stored<TaskPlace> {
    /// The project that the task is in.
    pub(crate) fn project(&self) -> Key<Project> {
        Key::project(self.tenant(), self.project_id)
    }

    /// The task.
    pub(crate) fn task(&self) -> Key<Task> {
        self.beside(self.task_id)
    }

    /// Another task of the same project.
    pub(crate) fn beside(&self, id: TaskId) -> Key<Task> {
        task(self.tenant(), self.project().pk, id)
    }

    /// The task, if it is deleted.
    pub(crate) fn deleted(&self) -> Key<DeletedTask> {
        deleted(self.tenant(), self.project().pk, self.task_id)
    }

    fn tenant(&self) -> Tenant {
        self.key
            .tenant
            .expect("a task's place is minted by a tenant")
    }
}

impl Stored<Project> {
    /// A task of this project.
    pub fn task(&self, id: TaskId) -> Key<Task> {
        task(self.tenant(), self.key.pk.clone(), id)
    }

    /// Where a task of this project is found.
    pub(crate) fn place(&self, id: TaskId) -> Key<TaskPlace> {
        Key::task_place(self.tenant(), id)
    }

    /// A deleted task of this project.
    pub(crate) fn deleted_task(&self, id: TaskId) -> Key<DeletedTask> {
        deleted(self.tenant(), self.key.pk.clone(), id)
    }

    /// Its tasks.
    pub fn tasks(&self) -> Partition<Task> {
        Partition {
            table: Table::Data,
            pk: self.key.pk.clone(),
            prefix: "TASK#",
            row: PhantomData,
        }
    }

    /// Where a task's file is kept, if it has one.
    pub fn file(&self, task: &Task) -> Option<ObjectPath> {
        task.attachment.clone().map(ObjectPath)
    }
}

/// Where the tasks of one status begin in the order of their places.
pub(crate) fn first_place(status: Status) -> String {
    format!("{status}#")
}

/// Behind all of them.
pub(crate) fn last_place(status: Status) -> String {
    format!("{status}$")
}

/// Where a task stands in that order.
pub(crate) fn place(task: &Task) -> String {
    let (status, position) = (task.status, task.position.as_str());
    format!("{status}#{position}#{}", task.id)
}

/// All partitions that a tenant's tasks are looked up in.
pub(super) fn all_places(tenant: Tenant) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| places_pk(tenant, shard))
}

fn places_pk(tenant: Tenant, shard: u8) -> String {
    format!("T#{}#TASKS#{shard}", tenant.id())
}

pub(super) fn task(tenant: Tenant, pk: String, id: TaskId) -> Key<Task> {
    Key::data(tenant, pk, format!("TASK#{id}"))
}

fn deleted(tenant: Tenant, pk: String, id: TaskId) -> Key<DeletedTask> {
    Key::data(tenant, pk, format!("{DELETED}{id}"))
}
