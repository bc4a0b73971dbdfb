//! Comments: beside their project, in a partition of their own, by the task that they are on.

use std::marker::PhantomData;

use super::erased::Any;
use super::{Key, Partition, Row, Stored, Table};
use crate::model::comment::Comment;
use crate::model::id::{CommentId, ProjectId, TaskId};
use crate::model::project::Project;
use crate::tenant::Tenant;

impl Row for Comment {
    const MISSING: &'static str = "Comment not found or access denied";
}

impl Stored<Project> {
    /// A comment on a task of this project.
    pub fn comment(&self, task: TaskId, id: CommentId) -> Key<Comment> {
        Key::comment(self.tenant(), self.id, task, id)
    }

    /// All comments on its tasks.
    pub fn comments(&self) -> Partition<Comment> {
        Partition::<Comment>::comments_in(self.tenant(), self.id)
    }
}

impl Key<Comment> {
    /// A comment that stands among those of a project.
    pub(crate) fn comment(tenant: Tenant, project: ProjectId, task: TaskId, id: CommentId) -> Self {
        let sk = format!("{}{id}", comments_on(task));
        Self::data(tenant, of(&Key::project(tenant, project)), sk)
    }
}

impl Partition<Comment> {
    /// All comments on a project's tasks.
    pub(crate) fn comments_in(tenant: Tenant, id: ProjectId) -> Self {
        Self {
            table: Table::Data,
            pk: of(&Key::project(tenant, id)),
            prefix: "COMMENT#",
            row: PhantomData,
        }
    }
}

impl Partition<Any> {
    /// The comments on a project's tasks.
    pub(crate) fn comments(tenant: Tenant, id: ProjectId) -> Self {
        Self {
            table: Table::Data,
            pk: of(&Key::project(tenant, id)),
            prefix: "",
            row: PhantomData,
        }
    }
}

/// What the sort keys of a task's comments begin with; then comes the id, and so the time.
pub(crate) fn comments_on(task: TaskId) -> String {
    format!("COMMENT#{task}#")
}

fn of(project: &Key<Project>) -> String {
    format!("{}#C", project.pk)
}
