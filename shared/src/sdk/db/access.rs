//! The one door to a project: who may see it, and who may change what is in it.
//!
//! Keys of projects are minted in this crate alone, so a handler has no other way to one, nor to a task of it.

use std::ops::Deref;

use super::Db;
use crate::error::{Error, Result};
use crate::event::caller::{Principal, Worker};
use crate::keys::{Row, Stored};
use crate::model::account::Role;
use crate::model::id::{ProjectId, TaskId, UserId};
use crate::model::project::{Project, Visibility};
use crate::model::realtime::{Room, Subscription};
use crate::model::task::Task;
use crate::model::tenant::Member;
use crate::tenant::Tenant;

/// A project in which its reader may change things: the evidence that a change of it is begun with.
#[derive(Debug, Clone)]
pub struct OpenProject(Stored<Project>);

impl OpenProject {
    pub(crate) fn into_stored(self) -> Stored<Project> {
        self.0
    }
}

impl Deref for OpenProject {
    type Target = Stored<Project>;

    fn deref(&self) -> &Stored<Project> {
        &self.0
    }
}

impl Db {
    /// A project that the caller may see; one read.
    ///
    /// # Errors
    /// 404 if it is not there, or not for them.
    pub async fn project(&self, caller: &Principal, id: ProjectId) -> Result<Stored<Project>> {
        let project = self.get(caller.tenant.project(id)).await?;
        self.let_in(caller, project).ok_or_else(missing)
    }

    /// A project, if the caller may see it: what it shows from then on is seen by what they may do there.
    pub(super) fn let_in(
        &self,
        caller: &Principal,
        project: Option<Stored<Project>>,
    ) -> Option<Stored<Project>> {
        let project = seen(caller, project)?;
        self.shows(caller, &project);
        Some(project)
    }

    /// Has the entity tag of what the request shows be of what the caller may do in this project.
    pub(super) fn shows(&self, caller: &Principal, project: &Project) {
        let permission = project.permission_of(caller.user_id, caller.since, caller.role);
        if let Some(permission) = permission {
            self.dynamo.request().permit(permission);
        }
    }

    /// A project in which the caller may change things; one read.
    ///
    /// # Errors
    /// 404 if it is not there, or not for them; 403 if they may only read; 409 if it is archived.
    pub async fn open_project(&self, caller: &Principal, id: ProjectId) -> Result<OpenProject> {
        open(caller, self.project(caller, id).await?)
    }

    /// A project that a job is about, if it is still there, whoever may see it; one read.
    pub async fn project_of_job(
        &self,
        worker: &Worker,
        id: ProjectId,
    ) -> Result<Option<Stored<Project>>> {
        let project = self.project_to_index(worker, id).await?;
        Ok(project.filter(|project| project.deleted_at.is_none()))
    }

    /// The same, though it may be deleted: what is indexed of it is found once it is restored.
    pub async fn project_to_index(
        &self,
        worker: &Worker,
        id: ProjectId,
    ) -> Result<Option<Stored<Project>>> {
        self.get(worker.tenant.project(id)).await
    }

    /// Those of at most [`super::BATCH`] projects that are there, for a job that goes through all; one call.
    pub async fn projects_of_job(
        &self,
        worker: &Worker,
        ids: impl IntoIterator<Item = ProjectId>,
    ) -> Result<Vec<Stored<Project>>> {
        let keys = ids.into_iter().map(|id| worker.tenant.project(id));
        let mut projects = self.get_all(keys.collect()).await?;
        projects.retain(|project| project.deleted_at.is_none());
        Ok(projects)
    }

    /// A member of a project's tenant, if they see the project; one read.
    pub(super) async fn member_who_sees(
        &self,
        project: &Stored<Project>,
        user_id: UserId,
    ) -> Result<Option<Stored<Member>>> {
        let member = self.get(project.tenant().member(user_id)).await?;
        Ok(member.filter(|member| is_seen_by(project, member)))
    }

    /// A task of which somebody is to be told by a job, wherever it is now, if it is there and they see it; one read, and
    /// three at once.
    pub async fn task_to_tell(
        &self,
        tenant: &Tenant,
        id: TaskId,
        user_id: UserId,
    ) -> Result<Option<Stored<Task>>> {
        let Some(place) = self.get(tenant.task(id)).await? else {
            return Ok(None);
        };
        let (project, task, member) = futures::try_join!(
            Box::pin(self.get(place.project())),
            Box::pin(self.get(place.task())),
            Box::pin(self.get(tenant.member(user_id))),
        )?;
        let seen = project.zip(member);
        let seen = seen.is_some_and(|(project, member)| is_seen_by(&project, &member));
        Ok(task.filter(|_| seen))
    }

    /// Those of a room's connections whose users still see what it tells of. Who is shut out of a private project
    /// hears nothing that happens in it from then on; one read, or none for another room.
    pub async fn still_let_in(
        &self,
        worker: &Worker,
        room: Room,
        mut connections: Vec<Subscription>,
    ) -> Result<Vec<Subscription>> {
        let Room::Project(id) = room else {
            return Ok(connections);
        };
        let project = self.project_to_index(worker, id).await?;
        let private = project.filter(|project| project.visibility == Visibility::Private);
        if let Some(project) = private {
            let sees =
                |user_id: UserId| user_id == project.user_id || project.member(user_id).is_some();
            connections.retain(|connection| connection.user_id.is_some_and(sees));
        }
        Ok(connections)
    }
}

/// A project, if the caller may see it.
pub(crate) fn seen(
    caller: &Principal,
    project: Option<Stored<Project>>,
) -> Option<Stored<Project>> {
    project.filter(|project| is_seen(caller, project))
}

/// Whether the caller may see a project.
pub(super) fn is_seen(caller: &Principal, project: &Project) -> bool {
    role(caller, project).is_some()
}

/// A project that the caller sees, if they may change what is in it.
///
/// # Errors
/// 403 if they may only read, 409 if it is archived.
pub(crate) fn open(caller: &Principal, project: Stored<Project>) -> Result<OpenProject> {
    let project = edited(caller, project)?;
    if project.is_archived() {
        return Err(Error::conflict("This project is archived"));
    }
    Ok(OpenProject(project))
}

/// A project that the caller sees, if they may change what it says of itself, archived or not.
///
/// # Errors
/// 403 if they may only read.
pub(super) fn edited(caller: &Principal, project: Stored<Project>) -> Result<Stored<Project>> {
    if role(caller, &project) < Some(Role::Editor) {
        return Err(forbidden());
    }
    Ok(project)
}

/// That the caller may say who sees a project, and delete and restore it.
///
/// # Errors
/// 403 if they may not.
pub(super) fn require_managed(caller: &Principal, project: &Project) -> Result<()> {
    if project.is_managed_by(caller.user_id, caller.since, caller.role) {
        Ok(())
    } else {
        Err(forbidden())
    }
}

fn is_seen_by(project: &Project, member: &Member) -> bool {
    let role = project.role_of(member.user_id, member.created_at, member.role);
    role.is_some()
}

fn role(caller: &Principal, project: &Project) -> Option<Role> {
    project.role_of(caller.user_id, caller.since, caller.role)
}

fn forbidden() -> Error {
    Error::forbidden("Your role in this project does not allow this")
}

pub(crate) fn missing() -> Error {
    Error::not_found(Project::MISSING)
}
