//! Where projects are found in lists.

use serde::{Deserialize, Serialize};

use super::Project;
use crate::input::{Invalid, from_text};
use crate::model::Millis;
use crate::model::id::{ProjectId, UserId};
use crate::schema::described;

/// Where a project stands in its tenant's list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Among those for all.
    #[default]
    Open,
    /// Among the archived ones for all.
    Archived,
    /// Where nobody looks: it is private, or deleted.
    Hidden,
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
    /// Whether it is shown there.
    #[serde(default)]
    pub standing: Standing,
}

impl From<&Project> for ListedProject {
    fn from(project: &Project) -> Self {
        Self {
            project_id: project.id,
            user_id: project.user_id,
            created_at: project.created_at,
            standing: project.standing(),
        }
    }
}

/// A project that somebody sees though it is private, or has been let into while it is not: what their list of all
/// projects finds it by. It opens nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SharedProject {
    /// Which project.
    pub project_id: ProjectId,
}

/// Whether archived projects are asked for, or the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Archived(pub bool);

impl TryFrom<String> for Archived {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.as_str() {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Invalid("Must be true or false".to_owned())),
        }
    }
}

from_text!(Archived);

described! {
    Archived: { "type": "boolean", "default": false };
}

/// A project's place in its creator's list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listing {
    /// Which project.
    pub project_id: ProjectId,
    /// When anything in it last changed: the list's order.
    pub updated_at: Millis,
}
