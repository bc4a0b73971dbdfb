//! Labels: beside their project, in a partition of their own, and with them which tasks have which.

use std::marker::PhantomData;

use super::erased::Any;
use super::{Key, Partition, Row, Stored, Table};
use crate::model::id::{LabelId, ProjectId, TaskId};
use crate::model::label::{Label, Labelled};
use crate::model::project::Project;
use crate::tenant::Tenant;

impl Row for Label {
    const MISSING: &'static str = "Label not found or access denied";
}

impl Row for Labelled {}

impl Stored<Project> {
    /// A label of this project.
    pub(crate) fn label(&self, id: LabelId) -> Key<Label> {
        Key::label(self.tenant(), self.id, id)
    }

    /// All its labels.
    pub fn labels(&self) -> Partition<Label> {
        Partition::labels_in(self.tenant(), self.id)
    }

    /// That a task of this project has a label.
    pub(crate) fn labelled(&self, label: LabelId, task: TaskId) -> Key<Labelled> {
        let sk = format!("{}{task}", labelled_with(label));
        Key::data(self.tenant(), of(self.key()), sk)
    }

    /// Which tasks have a label: the partition, and the first and the last sort key that there can be.
    pub(crate) fn all_labelled(&self, label: LabelId) -> (String, String, String) {
        let (first, last) = super::lists::all_behind(&labelled_with(label));
        (of(self.key()), first, last)
    }
}

impl Key<Label> {
    /// A label of a project.
    pub(crate) fn label(tenant: Tenant, project: ProjectId, id: LabelId) -> Self {
        let sk = format!("{LABEL}{id}");
        Self::data(tenant, of(&Key::project(tenant, project)), sk)
    }
}

impl Partition<Label> {
    /// All labels of a project.
    pub(crate) fn labels_in(tenant: Tenant, id: ProjectId) -> Self {
        Self {
            table: Table::Data,
            pk: of(&Key::project(tenant, id)),
            prefix: LABEL,
            row: PhantomData,
        }
    }
}

impl Partition<Any> {
    /// A project's labels, and which tasks have which.
    pub(crate) fn labels(tenant: Tenant, id: ProjectId) -> Self {
        Self {
            prefix: "",
            row: PhantomData,
            table: Table::Data,
            pk: of(&Key::project(tenant, id)),
        }
    }
}

const LABEL: &str = "LABEL#";

/// What the sort keys begin with that say of tasks that they have a label; then comes the label.
pub(super) const LABELLED: &str = "LABELLED#";

/// The same of one label; then comes the task, and so the time.
pub(super) fn labelled_with(label: LabelId) -> String {
    format!("{LABELLED}{label}#")
}

pub(super) fn of(project: &Key<Project>) -> String {
    format!("{}#L", project.pk)
}
