//! What tasks name, beside them: their projects have been read with them, and whom they are given to is read together.

use std::collections::BTreeMap;

use super::Db;
use crate::error::Result;
use crate::event::caller::Principal;
use crate::keys::Stored;
use crate::model::id::ProjectId;
use crate::model::project::Project;
use crate::model::task::Task;
use crate::model::task::expanded::{Beside, Expand, ExpandedTask};

impl Db {
    /// A task that the caller sees with what is wanted beside it. No call, or a read of who is to do it.
    ///
    /// # Errors
    /// 503 and 500 alone.
    pub async fn expanded(
        &self,
        caller: &Principal,
        (project, task): (Stored<Project>, Stored<Task>),
        expand: Expand,
    ) -> Result<ExpandedTask> {
        let task = task.into_inner();
        let mut found = Beside::of(BTreeMap::from([(project.id, project.into_inner())]));
        for id in expand.assignees([&task]) {
            let member = self.get(caller.tenant.member(id)).await?;
            found.meets(member.map(Stored::into_inner));
        }
        Ok(expand.of(task, &found))
    }

    /// The same of a page of tasks, which are in these projects. No call, or one for all whom they are given to.
    ///
    /// # Errors
    /// The same.
    pub(super) async fn all_expanded(
        &self,
        caller: &Principal,
        tasks: Vec<Task>,
        projects: BTreeMap<ProjectId, Project>,
        expand: Expand,
    ) -> Result<Vec<ExpandedTask>> {
        let mut found = Beside::of(projects);
        let assignees = expand.assignees(&tasks).into_iter();
        let keys: Vec<_> = assignees.map(|id| caller.tenant.member(id)).collect();
        if !keys.is_empty() {
            let members = self.get_all(keys).await?.into_iter();
            found.meets(members.map(Stored::into_inner));
        }
        let tasks = tasks.into_iter().map(|task| expand.of(task, &found));
        Ok(tasks.collect())
    }
}
