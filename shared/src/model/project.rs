//! Projects.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{ProjectId, UserId};
use super::realtime::RealtimeEvent;
use super::text::{ProjectDescription, ProjectName};

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
    /// How often what it says of itself has been written: 1 as it was made.
    pub version: u64,
}

impl Project {
    /// The names of what can be changed of it and differs.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differ = [
            ("name", self.name != other.name),
            ("description", self.description != other.description),
        ];
        let differing = differ.into_iter().filter(|(_, differ)| *differ);
        differing.map(|(name, _)| name).collect()
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
            version: 1,
        }
    }
}

/// A project, as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectView {
    id: ProjectId,
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    task_count: u64,
    created_at: Millis,
    updated_at: Millis,
}

impl From<Project> for ProjectView {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            user_id: project.user_id,
            name: project.name,
            description: project.description,
            task_count: project.task_count,
            created_at: project.created_at,
            updated_at: project.updated_at,
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

/// A project in its tenant's list: what does not change with each task, so that changes in many projects never
/// write the same partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedProject {
    /// Which project.
    pub project_id: ProjectId,
    /// Who made it.
    pub user_id: UserId,
    /// When it was made.
    pub created_at: Millis,
}

impl From<&Project> for ListedProject {
    fn from(project: &Project) -> Self {
        Self {
            project_id: project.id,
            user_id: project.user_id,
            created_at: project.created_at,
        }
    }
}

/// A project's place in its creator's list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listing {
    /// Which project.
    pub project_id: ProjectId,
    /// When anything in it last changed: the list's order.
    pub updated_at: Millis,
}
