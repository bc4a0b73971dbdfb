//! What an archive says of each thing: the names and the form that the API gives it, and no more. A field that a
//! row gets is exported when it gets one here.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Millis;
use super::audit::Actor;
use super::comment::Comment;
use super::due::DueDate;
use super::export::Contents;
use super::id::{CommentId, ExportId, LabelId, ProjectId, TaskId, TenantId, UserId};
use super::label::{Color, Label, LabelIds};
use super::log::LogEntry;
use super::position::Position;
use super::project::{Project, ProjectMember, Visibility};
use super::task::{Priority, Status, Task};
use super::tenant::{Slug, TenantProfile, TenantSettings};
use super::text::{
    CommentText, LabelName, ProjectDescription, ProjectName, TaskDescription, TaskTitle, TenantName,
};
use crate::error::{Error, Result};

/// The archive's form; raised when what a field means or where a file stands changes.
pub const FORMAT_VERSION: u32 = 1;

/// The longest name of a file in an archive, in bytes: what tar keeps without an extension.
const LONGEST_NAME: usize = 100;

/// The tenant itself: `tenant.json`.
#[derive(Debug, Serialize)]
pub struct ExportedTenant {
    id: TenantId,
    name: TenantName,
    slug: Option<Slug>,
    created_at: Millis,
    settings: TenantSettings,
}

impl From<TenantProfile> for ExportedTenant {
    fn from(profile: TenantProfile) -> Self {
        Self {
            id: profile.id,
            name: profile.name,
            slug: profile.slug,
            created_at: profile.created_at,
            settings: profile.settings,
        }
    }
}

/// A project. Its tasks are at least those that the first `seq` events of its log tell of.
#[derive(Debug, Serialize)]
pub struct ExportedProject {
    id: ProjectId,
    user_id: UserId,
    name: ProjectName,
    description: Option<ProjectDescription>,
    created_at: Millis,
    updated_at: Millis,
    task_count: u64,
    visibility: Visibility,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<ProjectMember>,
    archived_at: Option<Millis>,
    seq: u64,
}

impl From<Project> for ExportedProject {
    fn from(project: Project) -> Self {
        Self {
            id: project.id,
            user_id: project.user_id,
            name: project.name,
            description: project.description,
            created_at: project.created_at,
            updated_at: project.updated_at,
            task_count: project.task_count,
            visibility: project.visibility,
            members: project.members,
            archived_at: project.archived_at,
            seq: project.seq,
        }
    }
}

/// A task.
#[derive(Debug, Serialize)]
pub struct ExportedTask {
    id: TaskId,
    project_id: ProjectId,
    title: TaskTitle,
    description: Option<TaskDescription>,
    status: Status,
    position: Position,
    priority: Priority,
    assigned_to: Option<UserId>,
    start_date: Option<DueDate>,
    due_date: Option<DueDate>,
    parent_id: Option<TaskId>,
    labels: LabelIds,
    /// Where in the archive its file is.
    attachment: Option<String>,
    created_by: UserId,
    created_at: Millis,
    updated_at: Millis,
    completed_at: Option<Millis>,
}

impl From<Task> for ExportedTask {
    fn from(task: Task) -> Self {
        Self {
            attachment: file_path(&task),
            id: task.id,
            project_id: task.project_id,
            title: task.title,
            description: task.description,
            status: task.status,
            position: task.position,
            priority: task.priority,
            assigned_to: task.assigned_to,
            start_date: task.start_date,
            due_date: task.due_date,
            parent_id: task.parent_id,
            labels: task.labels,
            created_by: task.created_by,
            created_at: task.created_at,
            updated_at: task.updated_at,
            completed_at: task.completed_at,
        }
    }
}

/// A label of a project.
#[derive(Debug, Serialize)]
pub struct ExportedLabel {
    id: LabelId,
    project_id: ProjectId,
    name: LabelName,
    color: Color,
}

impl From<Label> for ExportedLabel {
    fn from(label: Label) -> Self {
        Self {
            id: label.id,
            project_id: label.project_id,
            name: label.name,
            color: label.color,
        }
    }
}

/// A comment on a task.
#[derive(Debug, Serialize)]
pub struct ExportedComment {
    id: CommentId,
    task_id: TaskId,
    project_id: ProjectId,
    text: CommentText,
    mentions: Vec<UserId>,
    created_by: UserId,
    created_at: Millis,
    updated_at: Millis,
}

impl From<Comment> for ExportedComment {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            task_id: comment.task_id,
            project_id: comment.project_id,
            text: comment.text,
            mentions: comment.mentions,
            created_by: comment.created_by,
            created_at: comment.created_at,
            updated_at: comment.updated_at,
        }
    }
}

/// An event, as its room has heard of it, with who did it and when. What it has asked for is no part of it.
#[derive(Debug, Serialize)]
pub struct ExportedEvent {
    room: String,
    seq: u64,
    #[serde(rename = "type")]
    kind: String,
    at: Millis,
    actor: Option<Actor>,
    object: Option<String>,
    data: Box<RawValue>,
}

impl TryFrom<LogEntry> for ExportedEvent {
    type Error = Error;

    fn try_from(entry: LogEntry) -> Result<Self> {
        Ok(Self {
            room: entry.room,
            seq: entry.seq,
            kind: entry.kind,
            at: entry.at,
            actor: entry.actor,
            object: entry.object,
            data: RawValue::from_string(entry.data).map_err(Error::internal)?,
        })
    }
}

/// What an archive is: `manifest.json`, its last file. Without it the archive is not whole.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// `tenon-export`.
    pub format: &'static str,
    /// [`FORMAT_VERSION`].
    pub version: u32,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which export it is of.
    pub export_id: ExportId,
    /// Who has asked for it.
    pub requested_by: UserId,
    /// When: all that was there then, and was not removed meanwhile, is in it.
    pub requested_at: Millis,
    /// When it was complete.
    pub exported_at: Millis,
    /// How many there are of each kind.
    pub contents: Contents,
}

/// Where in an archive a task's file is, if it has one: below its project and itself, by a name that leads
/// nowhere else.
pub fn file_path(task: &Task) -> Option<String> {
    let object = task.attachment.as_deref()?;
    let name = file_name(object);
    Some(format!("files/{}/{}/{name}", task.project_id, task.id))
}

/// The last part of an object's path, without the time that it begins with, in plain characters.
pub(crate) fn file_name(object: &str) -> String {
    let last = object.rsplit('/').next().unwrap_or_default();
    let named = match last.split_once('_') {
        Some((time, name)) if time.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => last,
    };
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = named.chars().map(plain).collect();
    // The end of a name says of which type it is.
    let name = &name[name.len().saturating_sub(LONGEST_NAME)..];
    if name.bytes().all(|byte| byte == b'.') {
        return "file".to_owned();
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_keeps_the_name_that_it_came_with() {
        assert_eq!(
            file_name("tenants/t/tasks/p/1794907815123_plan.pdf"),
            "plan.pdf"
        );
        assert_eq!(file_name("tenants/t/tasks/p/1_a_b.pdf"), "a_b.pdf");
        assert_eq!(file_name("x/y_z.png"), "y_z.png");
        for nothing in ["", "/", "1_", "1_..", "a/..", "a/."] {
            assert_eq!(file_name(nothing), "file", "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn a_file_s_path_leads_nowhere_but_below_its_task(
            object in prop_oneof![
                any::<String>(),
                r"(tenants|\.\.|/|\\|[0-9]{0,13}_|\.|~|C:|[a-z]{0,120}|\x00|é){0,9}",
            ],
        ) {
            let title = TaskTitle::try_from("A".to_owned()).expect("it is a title");
            let mut task = Task::new(ProjectId::new(), UserId::new(), title, 1);
            task.attachment = Some(object);
            let path = file_path(&task).expect("it has a file");
            let parts: Vec<_> = Path::new(&path).components().collect();
            prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))), "{}", path);
            prop_assert_eq!(parts.len(), 4);
            let below = format!("files/{}/{}/", task.project_id, task.id);
            prop_assert!(path.starts_with(&below));
            prop_assert!(path.rsplit('/').next().is_some_and(|name| (1..=100).contains(&name.len())));
            prop_assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b':'));
        }
    }
}
