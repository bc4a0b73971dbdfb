//! Where projects are found in lists.

use serde::{Deserialize, Serialize};

use super::Project;
use crate::error::{Detail, Error, Result};
use crate::input::{Flag, Invalid, from_text};
use crate::model::Millis;
use crate::model::id::{ProjectId, UserId};
use crate::page::sort::{Order, SORTED, Sort, pattern};
use crate::page::{Paging, detail, refuse, told};
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
    /// Among those for all that can be restored.
    Deleted,
    /// Where nobody looks: it is private.
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

/// A project that somebody sees though it is private, or has been let into while it is not, or may restore: what their list of
/// all projects finds it by. It opens nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SharedProject {
    /// Which project.
    pub project_id: ProjectId,
    /// Whether it is deleted, and they may restore it.
    #[serde(default)]
    pub deleted: bool,
}

/// In which order projects are listed: by their ids, which is that in which they were made.
#[derive(Debug, Clone)]
pub struct ProjectSort(Sort);

/// What projects can be sorted by.
const FIELDS: &[&str] = &["created_at", "name"];

const ORDERS: &[Order<()>] = &[(&["created_at"], ())];

/// Which of all projects that somebody sees are listed, and which page of them.
#[derive(Debug, Clone)]
pub struct WantedProjects {
    pub(crate) standing: Standing,
    /// Whether the newest come first.
    pub(crate) is_down: bool,
    pub(crate) paging: Paging,
}

impl WantedProjects {
    /// Those that are archived, those that are deleted, or the others; the newest first, unless another order is asked for.
    ///
    /// # Errors
    /// 400 for all that is wrong.
    pub fn of(
        archived: Option<Flag>,
        deleted: Flag,
        sort: Option<ProjectSort>,
        paging: Result<Paging, Vec<Detail>>,
    ) -> Result<Self> {
        let mut wrong = Vec::new();
        if deleted.0 && archived.is_some() {
            let message = "Can't be combined: archived or not, what is deleted is one list";
            wrong.extend(["archived", "deleted"].map(|field| detail(field, message)));
        }
        let standing = match (deleted, archived.unwrap_or_default()) {
            (Flag(true), _) => Standing::Deleted,
            (Flag(false), Flag(true)) => Standing::Archived,
            (Flag(false), Flag(false)) => Standing::Open,
        };
        let is_down = sort.map_or(Ok(true), |ProjectSort(sort)| {
            sort.served_by(ORDERS, |_| false)
                .map(|((), is_down)| is_down)
        });
        let (is_down, paging) = (told(is_down, &mut wrong), told(paging, &mut wrong));
        refuse(wrong)?;
        let untold = || Error::internal("nobody has said what is wrong with a query");
        let (is_down, paging) = is_down.zip(paging).ok_or_else(untold)?;
        Ok(Self {
            standing,
            is_down,
            paging,
        })
    }
}

impl TryFrom<String> for ProjectSort {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Sort::read(&text, FIELDS).map(Self)
    }
}

from_text!(ProjectSort);

described! {
    ProjectSort: { "type": "string", "pattern": pattern(FIELDS), "description": SORTED };
}

/// A project's place in its creator's list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listing {
    /// Which project.
    pub project_id: ProjectId,
    /// When anything in it last changed: the list's order.
    pub updated_at: Millis,
}
