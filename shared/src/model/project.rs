//! Projects.

mod gone;
mod listed;
mod shared;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use deserr::Deserr;

pub use self::gone::{ProjectDeleted, ProjectRestored, Purge, PurgeProject, RESTORABLE};
pub use self::listed::{
    ListedProject, Listing, ProjectSort, SharedProject, Standing, WantedProjects,
};
pub use self::shared::{ProjectMember, ProjectMemberView, ProjectShared, ProjectUnshared};
use super::Millis;
use super::account::{Permission, Role};
use super::id::{ProjectId, UserId};
use super::realtime::RealtimeEvent;
use super::task::{OwnStatus, TaskCounts};
use super::text::{ProjectDescription, ProjectName};
use crate::error::{Error, Result};
use crate::input::BadInput;

/// The most members that a project has besides its owner: they stand in its row, which is read with each request for
/// it and written with each change.
pub const MOST_MEMBERS: usize = 100;

/// For how many of those who may restore a private project their own lists find it once it is deleted: each has a row in the
/// transaction that deletes it, which has room for 100.
const MOST_FINDERS: usize = 80;

/// A project: a scope of the log, so it carries `seq` and the counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Who made it.
    pub user_id: UserId,
    /// Its name.
    pub name: ProjectName,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<ProjectDescription>,
    /// When it was made.
    pub created_at: Millis,
    /// When anything in it last changed.
    pub updated_at: Millis,
    /// When a task of it was last indexed that should have been long before: what was found until then
    /// may lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_late_at: Option<Millis>,
    /// The number of its last event; without gaps, from 1.
    pub seq: u64,
    /// How many tasks it has.
    pub task_count: u64,
    /// How many of them have not been begun.
    pub todo_count: i64,
    /// How many have been begun.
    pub in_progress_count: i64,
    /// How many are finished.
    pub done_count: i64,
    /// How many there are of its tenant's own statuses, of those that there are any of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_counts: BTreeMap<OwnStatus, i64>,
    /// How many bytes the files of its tasks have.
    #[serde(default)]
    pub file_bytes: i64,
    /// How often what it says of itself has been written: 1 as it was made.
    pub version: u64,
    /// Whom it is for.
    #[serde(default)]
    pub visibility: Visibility,
    /// Who has been let in by name, at most [`MOST_MEMBERS`]. It matters while it is private.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ProjectMember>,
    /// Since when it is closed, and only read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Millis>,
    /// Since when it is there for nobody, though it can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Millis>,
}

/// Whom a project is for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Deserr, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[deserr(error = BadInput, rename_all = lowercase)]
pub enum Visibility {
    /// For all members of its tenant.
    #[default]
    Tenant,
    /// For its owner and those whom it has been shared with, and for no admin of the tenant.
    Private,
}

impl Project {
    /// What somebody may do in it who may do so much in its tenant, since then; nothing if they may not even see it.
    pub fn role_of(&self, user_id: UserId, since: Millis, role: Role) -> Option<Role> {
        match self.visibility {
            _ if self.deleted_at.is_some() => None,
            Visibility::Tenant => Some(role),
            Visibility::Private if user_id == self.user_id => Some(role),
            Visibility::Private => {
                let member = self.member(user_id);
                let member = member.filter(|member| member.since == since);
                member.map(|member| role.min(member.role))
            }
        }
    }

    /// Whether somebody who may do so much in its tenant may say whom it is for, and delete and restore it: who made
    /// it may, and its admins; where it is for all, those are the tenant's.
    pub fn is_managed_by(&self, user_id: UserId, since: Millis, role: Role) -> bool {
        let is_admin = match self.visibility {
            Visibility::Tenant => role == Role::Admin,
            Visibility::Private => self
                .member(user_id)
                .is_some_and(|member| member.since == since && member.role == Role::Admin),
        };
        role >= Role::Editor && (user_id == self.user_id || is_admin)
    }

    /// All of that together: what somebody may do with it and with what is in it, if they see it.
    pub fn permission_of(&self, user_id: UserId, since: Millis, role: Role) -> Option<Permission> {
        let here = self.role_of(user_id, since, role)?;
        Some(Permission {
            role: here,
            manages: self.is_managed_by(user_id, since, role),
        })
    }

    /// Whether a member of its tenant sees it.
    pub fn is_seen_by(&self, user_id: UserId) -> bool {
        let is_let_in = user_id == self.user_id || self.member(user_id).is_some();
        self.deleted_at.is_none() && (self.visibility == Visibility::Tenant || is_let_in)
    }

    /// That whoever is to hear of it sees it.
    ///
    /// # Errors
    /// 422 of this field if one of them does not.
    pub fn require_seen_by(
        &self,
        users: impl IntoIterator<Item = UserId>,
        field: &str,
    ) -> Result<()> {
        if users.into_iter().all(|user_id| self.is_seen_by(user_id)) {
            return Ok(());
        }
        let message = "Must be a member of this private project";
        Err(Error::invalid(field, message))
    }

    /// Somebody whom it has been shared with.
    pub fn member(&self, user_id: UserId) -> Option<&ProjectMember> {
        self.members.iter().find(|member| member.user_id == user_id)
    }

    /// Whether it is closed.
    pub fn is_archived(&self) -> bool {
        self.archived_at.is_some()
    }

    /// Where it stands in its tenant's list.
    pub fn standing(&self) -> Standing {
        if self.visibility == Visibility::Private {
            Standing::Hidden
        } else if self.deleted_at.is_some() {
            Standing::Deleted
        } else if self.is_archived() {
            Standing::Archived
        } else {
            Standing::Open
        }
    }

    /// Whose own lists find it while it is deleted: its owner's, and its admins' if it is private. If it is for all, those of the
    /// tenant find it in the tenant's.
    pub(crate) fn finders(&self) -> impl Iterator<Item = UserId> {
        let is_private = self.visibility == Visibility::Private;
        let admins = self.members.iter();
        let admins = admins.filter(move |member| is_private && member.role == Role::Admin);
        let finders = std::iter::once(self.user_id).chain(admins.map(|member| member.user_id));
        finders.take(MOST_FINDERS)
    }

    /// Whether its owner finds it in their own list.
    pub(crate) fn is_listed(&self) -> bool {
        self.deleted_at.is_none() && !self.is_archived()
    }

    /// Until when it can be restored, if it is deleted.
    pub(crate) fn restorable_until(&self) -> Option<Millis> {
        self.deleted_at.map(|deleted_at| deleted_at + RESTORABLE)
    }

    /// Opens or closes it, as of now.
    pub fn archive(&mut self, archived: bool, now: Millis) {
        self.archived_at = archived.then(|| self.archived_at.unwrap_or(now));
    }

    /// The names of what can be changed of it and differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differ = [
            ("name", self.name != other.name),
            ("description", self.description != other.description),
            ("visibility", self.visibility != other.visibility),
            ("archived", self.is_archived() != other.is_archived()),
        ];
        let differing = differ.into_iter().filter(|(_, differ)| *differ);
        differing.map(|(name, _)| name).collect()
    }

    /// How many tasks it has of each status.
    pub fn task_counts(&self) -> TaskCounts {
        TaskCounts {
            todo: self.todo_count,
            in_progress: self.in_progress_count,
            done: self.done_count,
            own: self.own_counts.clone(),
        }
    }

    /// Since when searches in it have found the same.
    pub fn searchable_since(&self) -> Millis {
        self.indexed_late_at.unwrap_or(0).max(self.updated_at)
    }

    /// A new one, with its founding as its first event.
    pub fn new(
        user_id: UserId,
        name: ProjectName,
        description: Option<ProjectDescription>,
        now: Millis,
    ) -> Self {
        Self {
            id: ProjectId::new(),
            user_id,
            name,
            description,
            created_at: now,
            updated_at: now,
            indexed_late_at: None,
            seq: 1,
            task_count: 0,
            todo_count: 0,
            in_progress_count: 0,
            done_count: 0,
            own_counts: BTreeMap::new(),
            file_bytes: 0,
            version: 1,
            visibility: Visibility::default(),
            members: Vec::new(),
            archived_at: None,
            deleted_at: None,
        }
    }
}

/// A project, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ProjectView {
    id: ProjectId,
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    visibility: Visibility,
    task_count: u64,
    task_counts: TaskCounts,
    created_at: Millis,
    updated_at: Millis,
    archived_at: Option<Millis>,
    /// Until when it can be restored; there if it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Millis")]
    restorable_until: Option<Millis>,
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        Self {
            task_counts: project.task_counts(),
            restorable_until: project.restorable_until(),
            id: project.id,
            user_id: project.user_id,
            name: project.name,
            description: project.description,
            visibility: project.visibility,
            task_count: project.task_count,
            created_at: project.created_at,
            updated_at: project.updated_at,
            archived_at: project.archived_at,
        }
    }
}

/// A project says something else of itself. What that is, is for its readers to ask.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectUpdated {
    /// Which.
    pub id: ProjectId,
    /// Its version from now on.
    pub version: u64,
    /// The names of what is not what it was.
    pub fields: Vec<&'static str>,
}

impl RealtimeEvent for ProjectUpdated {
    const TYPE: &'static str = "project:updated";
}
