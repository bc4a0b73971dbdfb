//! Which tasks stand beneath which: beside the labels of their project, where all that erases it finds them.

use super::{Key, Row, Stored, labels};
use crate::model::id::TaskId;
use crate::model::project::Project;
use crate::model::task::listed::Subtask;

impl Row for Subtask {}

impl Stored<Project> {
    /// That a task of this project stands beneath another.
    pub(crate) fn subtask(&self, row: Subtask) -> Key<Subtask> {
        let sk = format!("{}{}", beneath(row.parent_id), row.task_id);
        Key::data(self.tenant(), labels::of(self.key()), sk)
    }
}

/// What the sort keys begin with that say of tasks that they stand beneath another; then comes that.
pub(super) const BENEATH: &str = "BENEATH#";

/// The same of one task; then comes the one beneath it, and so the time.
pub(super) fn beneath(parent: TaskId) -> String {
    format!("{BENEATH}{parent}#")
}
