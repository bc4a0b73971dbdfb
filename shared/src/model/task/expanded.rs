//! `?expand=`: what a task names, shown beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Task, TaskView};
use crate::input::{Invalid, from_text, names};
use crate::model::Millis;
use crate::model::account::Email;
use crate::model::id::{ProjectId, UserId};
use crate::model::project::{Project, Visibility};
use crate::model::tenant::Member;
use crate::model::text::{PersonName, ProjectName};
use crate::schema::described;

const PROJECT: &str = "project";
const ASSIGNEE: &str = "assignee";

/// What is wanted beside a task: nothing, unless it is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expand {
    project: bool,
    assignee: bool,
}

/// A task, and beside it what has been asked for.
#[expect(
    clippy::option_option,
    reason = "what was not asked for is left out, and nobody is null"
)]
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct ExpandedTask {
    #[serde(flatten)]
    task: TaskView,
    /// The project that it is in; there if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProjectBeside")]
    project: Option<ProjectBeside>,
    /// Who is to do it; there if it is asked for. Null if nobody is, or somebody who does not belong to the tenant any
    /// more.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<Option<Person>>,
    /// Until when it can be restored; there if it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Millis")]
    restorable_until: Option<Millis>,
}

/// A project, in short.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct ProjectBeside {
    id: ProjectId,
    name: ProjectName,
    visibility: Visibility,
    archived_at: Option<Millis>,
}

/// A member, in short.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[schemars(rename = "MemberBeside")]
struct Person {
    id: UserId,
    name: PersonName,
    email: Email,
}

/// What was found of all that is wanted.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    projects: BTreeMap<ProjectId, Project>,
    members: BTreeMap<UserId, Member>,
}

impl Beside {
    /// The projects, as far as the caller sees them.
    pub(crate) fn of(projects: BTreeMap<ProjectId, Project>) -> Self {
        Self {
            projects,
            ..Self::default()
        }
    }

    /// And members.
    pub(crate) fn meets(&mut self, members: impl IntoIterator<Item = Member>) {
        let members = members.into_iter().map(|member| (member.user_id, member));
        self.members.extend(members);
    }
}

impl Expand {
    /// Whom these tasks are given to, if that is wanted.
    pub(crate) fn assignees<'a>(
        self,
        tasks: impl IntoIterator<Item = &'a Task>,
    ) -> BTreeSet<UserId> {
        let wanted = tasks.into_iter().filter(|_| self.assignee);
        wanted.filter_map(|task| task.assigned_to).collect()
    }

    /// The task with what is wanted of what was found.
    pub(crate) fn of(self, task: Task, found: &Beside) -> ExpandedTask {
        let project = found.projects.get(&task.project_id);
        let assignee = task.assigned_to.and_then(|id| found.members.get(&id));
        ExpandedTask {
            project: project.filter(|_| self.project).map(ProjectBeside::from),
            assignee: self.assignee.then(|| assignee.map(Person::from)),
            restorable_until: None,
            task: task.into(),
        }
    }
}

impl ExpandedTask {
    /// The same of a task that is deleted, and can be restored until then.
    pub(crate) fn deleted(mut self, restorable_until: Millis) -> Self {
        self.restorable_until = Some(restorable_until);
        self
    }
}

impl TryFrom<String> for Expand {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let names = names::of(&text, &[PROJECT, ASSIGNEE])?;
        Ok(Self {
            project: names.contains(&PROJECT),
            assignee: names.contains(&ASSIGNEE),
        })
    }
}

from_text!(Expand);

described! {
    Expand: {
        "type": "string",
        "pattern": names::pattern(&[PROJECT, ASSIGNEE]),
        "description": "What is shown beside each task of what it names."
    };
}

impl From<&Project> for ProjectBeside {
    fn from(project: &Project) -> Self {
        Self {
            id: project.id,
            name: project.name.clone(),
            visibility: project.visibility,
            archived_at: project.archived_at,
        }
    }
}

impl From<&Member> for Person {
    fn from(member: &Member) -> Self {
        Self {
            id: member.user_id,
            name: member.name.clone(),
            email: member.email.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::refusals;
    use serde_json::{Value, json};

    fn expand(text: &str) -> Option<Expand> {
        Expand::try_from(text.to_owned()).ok()
    }

    fn task() -> Task {
        let title = serde_json::from_value(json!("Count down")).expect("it is one");
        let mut task = Task::new(ProjectId::new(), UserId::new(), title, 7);
        task.assigned_to = Some(task.created_by);
        task
    }

    #[test]
    fn what_can_be_beside_a_task_is_named_in_any_order() {
        let both = Some(Expand {
            project: true,
            assignee: true,
        });
        assert_eq!(expand("project,assignee"), both);
        assert_eq!(expand("assignee,project,assignee"), both);
        assert_eq!(
            expand("assignee"),
            Some(Expand {
                project: false,
                assignee: true
            })
        );
        let refused = refusals::<Expand>(json!("labels"));
        assert_eq!(
            refused[0].message,
            "Must be some of these, with commas between them: project, assignee"
        );
        assert_eq!(expand(""), None);
    }

    #[test]
    fn nothing_is_beside_a_task_that_was_not_asked_for() {
        let shown = |expand: Expand| {
            let shown = expand.of(task(), &Beside::default());
            serde_json::to_value(shown).expect("it is JSON")
        };
        let plain = shown(Expand::default());
        assert_eq!(
            (&plain["project"], &plain["assignee"]),
            (&Value::Null, &Value::Null)
        );
        assert!(plain.get("assignee").is_none(), "it is not there at all");
        let gone = shown(Expand {
            project: false,
            assignee: true,
        });
        assert_eq!(gone.get("assignee"), Some(&Value::Null));
        assert_eq!(gone["title"], "Count down");
    }

    #[test]
    fn whoever_is_named_is_asked_for_once() {
        let expand = Expand {
            project: false,
            assignee: true,
        };
        let one = task();
        let several = [one.clone(), one.clone(), task()];
        assert_eq!(expand.assignees(&several).len(), 2);
        assert_eq!(Expand::default().assignees(&several).len(), 0);
    }
}
