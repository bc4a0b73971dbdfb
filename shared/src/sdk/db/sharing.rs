//! Whom a project is shared with. That stands in its row, so who is let in is read with the project itself, and each
//! change of it is decided by what is so at its number.

use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::{Db, access};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Row, Stored};
use crate::model::account::Role;
use crate::model::id::{ProjectId, UserId};
use crate::model::project::{
    MOST_MEMBERS, Project, ProjectMember, ProjectMemberView, ProjectShared, ProjectUnshared,
    SharedProject, Visibility,
};
use crate::model::tenant::Member;
use crate::reply::Reply;

impl Db {
    /// Whom a project is shared with, besides its owner: those who still belong to its tenant; and in which version of
    /// the project. Two reads.
    ///
    /// # Errors
    /// 404 if it is not there, or not for the caller.
    pub async fn project_members(
        &self,
        caller: &Principal,
        id: ProjectId,
    ) -> Result<(Vec<ProjectMemberView>, u64)> {
        let project = self.project(caller, id).await?;
        let version = project.version;
        if project.members.is_empty() {
            return Ok((Vec::new(), version));
        }
        let keys = project.members.iter();
        let keys = keys.map(|member| caller.tenant.member(member.user_id));
        let who = self.get_all(keys.collect()).await?;
        let shown = project.members.iter().filter_map(|member| {
            let who = who.iter().find(|who| who.user_id == member.user_id)?;
            (who.created_at == member.since).then(|| ProjectMemberView::of(member, who, version))
        });
        Ok((shown.collect(), version))
    }

    /// One of them; two reads at once.
    ///
    /// # Errors
    /// 404 if the project is not there, or not for the caller, or not shared with the user.
    pub async fn project_member(
        &self,
        caller: &Principal,
        (id, user_id): (ProjectId, UserId),
    ) -> Result<ProjectMemberView> {
        let (project, who) = futures::join!(
            self.project(caller, id),
            self.get(caller.tenant.member(user_id)),
        );
        let (project, who) = (project?, who?);
        let both = project.member(user_id).zip(who.as_ref());
        both.filter(|(member, who)| member.since == who.created_at)
            .map(|(member, who)| ProjectMemberView::of(member, who, project.version))
            .ok_or_else(|| Error::not_found(Member::MISSING))
    }

    /// Shares a project with a member of its tenant, or gives them another role in it. Returns what `answer` makes of it;
    /// nothing is written if it is so already. Two reads at once and one transaction.
    ///
    /// # Errors
    /// 404 if the project is not for the caller, or there is no such member of the tenant; 403 if the caller does not
    /// manage it; 412 if the project is not what the client has seen; 409 for its owner, or if it has [`MOST_MEMBERS`];
    /// 503 if too many change it at once.
    pub async fn share_project<T: Serialize>(
        &self,
        caller: &Principal,
        (id, if_match): (ProjectId, &IfMatch),
        (user_id, role): (UserId, Role),
        answer: impl Fn(ProjectMemberView) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let (before, who) = futures::join!(
                self.managed(caller, id),
                self.load(caller.tenant.member(user_id)),
            );
            let (before, who) = (before?, who?);
            if_match.require(before.version)?;
            let mut change = Change::of(self.dynamo.clone(), before.clone(), caller);
            let now = change.at();
            let mut project = before.clone().into_inner();
            let shared = shared(&mut project, &who, role, now)?;
            if before.member(user_id) == Some(&shared) {
                let view = ProjectMemberView::of(&shared, &who, before.version);
                return Ok(answer(view));
            }
            project.version += 1;
            project.updated_at = now;
            self.shows(caller, &project);
            let view = ProjectMemberView::of(&shared, &who, project.version);
            let found_by = SharedProject {
                project_id: id,
                deleted: false,
            };
            change.replace(&before.shared_with(user_id), &found_by);
            change.emit(&ProjectShared { user_id, role });
            change.says(project);
            if let Some(reply) = change.commit_as_read_with(answer(view)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Ends that, from the next request on: who manages the project anybody's, and a member their own. One read and one
    /// transaction.
    ///
    /// # Errors
    /// 404 if the project is not for the caller, or not shared with the user; 403 if they may not; 412 if the project
    /// is not what the client has seen; 503 if too many change it at once.
    pub async fn unshare_project(
        &self,
        caller: &Principal,
        (id, if_match): (ProjectId, &IfMatch),
        user_id: UserId,
    ) -> Result<Reply<()>> {
        let mut backoff = Backoff::default();
        loop {
            let before = if user_id == caller.user_id {
                self.project(caller, id).await?
            } else {
                self.managed(caller, id).await?
            };
            if before.member(user_id).is_none() {
                return Err(Error::not_found(Member::MISSING));
            }
            if_match.require(before.version)?;
            let mut change = Change::of(self.dynamo.clone(), before.clone(), caller);
            let mut project = before.clone().into_inner();
            project.members.retain(|member| member.user_id != user_id);
            project.version += 1;
            project.updated_at = change.at();
            change.remove(&before.shared_with(user_id));
            change.emit(&ProjectUnshared { user_id });
            change.says(project);
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    async fn managed(&self, caller: &Principal, id: ProjectId) -> Result<Stored<Project>> {
        let project = self.project(caller, id).await?;
        access::require_managed(caller, &project)?;
        Ok(project)
    }
}

impl Change {
    /// Makes a private project be found by its owner's list of all projects.
    pub fn found_by_its_owner(&mut self, project: &Project) {
        if project.visibility == Visibility::Private {
            let key = crate::keys::Key::shared_project(self.tenant(), project.user_id, project.id);
            let found_by = SharedProject {
                project_id: project.id,
                deleted: false,
            };
            self.create(&key, &found_by);
        }
    }
}

/// The owner's list of all finds what is private by a row of their own, and all else by the tenant's.
pub(super) fn share_with_owner(change: &mut Change, before: &Stored<Project>, now: &Project) {
    find_by(change, before, now, before.user_id);
}

/// The lists of those who may restore a project find it among what is deleted, or as before it was.
pub(super) fn found_by_restorers(change: &mut Change, before: &Stored<Project>, now: &Project) {
    for user_id in before.finders() {
        find_by(change, before, now, user_id);
    }
}

fn find_by(change: &mut Change, before: &Stored<Project>, now: &Project, user_id: UserId) {
    let key = before.shared_with(user_id);
    let deleted = now.deleted_at.is_some();
    if deleted || now.visibility == Visibility::Private {
        let project_id = now.id;
        change.replace(
            &key,
            &SharedProject {
                project_id,
                deleted,
            },
        );
    } else {
        change.remove(&key);
    }
}

/// Writes a member into a project, in place of what they were before there.
fn shared(project: &mut Project, who: &Member, role: Role, now: i64) -> Result<ProjectMember> {
    if who.user_id == project.user_id {
        return Err(Error::conflict("A project's owner may do all in it"));
    }
    let before = project.member(who.user_id).copied();
    let before = before.filter(|before| before.since == who.created_at);
    let member = ProjectMember {
        user_id: who.user_id,
        role,
        since: who.created_at,
        added_at: before.map_or(now, |before| before.added_at),
    };
    project
        .members
        .retain(|member| member.user_id != who.user_id);
    if project.members.len() >= MOST_MEMBERS {
        let message = format!("A project is shared with at most {MOST_MEMBERS}");
        return Err(Error::conflict(message));
    }
    project.members.push(member);
    Ok(member)
}
