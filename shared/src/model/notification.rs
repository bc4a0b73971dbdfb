//! Notifications: what somebody is told because it concerns them, in a list of their own and by email.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::Millis;
use super::comment::Comment;
use super::due::DueDate;
use super::id::{CommentId, NotificationId, ProjectId, TaskId, UserId};
use super::log::{Job, JobQueue};
use super::realtime::RealtimeEvent;
use super::task::Task;
use super::text::TaskTitle;
use crate::input::{BadInput, Invalid};
use crate::page::Cursor;

/// For how long a notification is kept once it has been read, in milliseconds: 90 days. One that has not stays.
pub const KEPT: Millis = 90 * 24 * 60 * 60 * 1000;

/// How many one call marks as read: what a transaction has room for, with the count of them.
pub const AT_ONCE: usize = 90;

/// Something that somebody is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// Its id.
    pub id: NotificationId,
    /// Of what.
    pub kind: Kind,
    /// In which project.
    pub project_id: ProjectId,
    /// Of which task.
    pub task_id: TaskId,
    /// In which comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_id: Option<CommentId>,
    /// What the task was called.
    pub title: TaskTitle,
    /// By whose doing, if anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<UserId>,
    /// When.
    pub created_at: Millis,
    /// When it was read, if it has been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Millis>,
    /// When it goes, in seconds, once it has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

/// What somebody is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotificationKind")]
pub enum Kind {
    /// They were given a task.
    Assigned,
    /// A comment mentions them.
    Mentioned,
    /// A task that they are to do is due within 24 hours.
    DueSoon,
}

impl Notification {
    /// Of a task, or of a comment on it, by somebody's doing.
    pub fn new(task: &Task, comment: Option<CommentId>, actor: UserId, now: Millis) -> Self {
        let kind = match comment {
            Some(_) => Kind::Mentioned,
            None => Kind::Assigned,
        };
        Self {
            comment_id: comment,
            actor: Some(actor),
            ..Self::of(kind, task, now)
        }
    }

    /// That a task is due soon, which is nobody's doing.
    pub fn due_soon(task: &Task, now: Millis) -> Self {
        Self::of(Kind::DueSoon, task, now)
    }

    fn of(kind: Kind, task: &Task, now: Millis) -> Self {
        Self {
            id: NotificationId::new(),
            kind,
            project_id: task.project_id,
            task_id: task.id,
            comment_id: None,
            title: task.title.clone(),
            actor: None,
            created_at: now,
            read_at: None,
            ttl: None,
        }
    }

    /// The same, read now.
    #[must_use]
    pub fn read(self, now: Millis) -> Self {
        Self {
            read_at: Some(now),
            ttl: Some((now + KEPT) / 1000),
            ..self
        }
    }

    /// Whether it is still kept: the table removes what has expired later.
    pub fn is_live(&self, now: Millis) -> bool {
        self.ttl.is_none_or(|ttl| now / 1000 < ttl)
    }
}

/// That somebody has been told that a task is due soon: nobody is told twice of the same task and time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueTold {
    /// When it goes, in seconds: when no job of it can come again.
    pub ttl: i64,
}

impl DueTold {
    /// For how long it stays, in milliseconds: longer than a queue keeps a message, dead ones included.
    const KEPT: Millis = 30 * 24 * 60 * 60 * 1000;

    /// Told now.
    pub(crate) const fn new(now: Millis) -> Self {
        Self {
            ttl: (now + Self::KEPT) / 1000,
        }
    }
}

/// What a user keeps of their notifications in a tenant: how many they have not read, and of what they are told by
/// email. Who has no row has read all there was, and is told of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// How many have not been read.
    #[serde(default)]
    pub unread: i64,
    /// Of what they are told by email.
    #[serde(default)]
    pub email: ByEmail,
    /// How often they have chosen that.
    #[serde(default)]
    pub version: u64,
}

/// Of what somebody is told by email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct ByEmail {
    /// That they were given a task.
    pub assigned: bool,
    /// That a comment mentions them.
    pub mentioned: bool,
    /// That a task of theirs is due soon.
    pub due_soon: bool,
}

impl Default for ByEmail {
    fn default() -> Self {
        Self {
            assigned: true,
            mentioned: true,
            due_soon: true,
        }
    }
}

impl ByEmail {
    /// Whether they are told of something of this kind.
    pub const fn tells(self, kind: Kind) -> bool {
        match kind {
            Kind::Assigned => self.assigned,
            Kind::Mentioned => self.mentioned,
            Kind::DueSoon => self.due_soon,
        }
    }
}

/// Of what somebody is told, as the API shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ChoiceView {
    email: ByEmail,
}

impl From<Inbox> for ChoiceView {
    fn from(inbox: Inbox) -> Self {
        Self { email: inbox.email }
    }
}

/// A notification, as the API shows it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct NotificationView {
    id: NotificationId,
    kind: Kind,
    project_id: ProjectId,
    task_id: TaskId,
    comment_id: Option<CommentId>,
    /// What the task was called; null where its project is no longer there for them.
    title: Option<TaskTitle>,
    /// By whose doing; null where it is nobody's.
    actor: Option<UserId>,
    created_at: Millis,
    read_at: Option<Millis>,
}

impl NotificationView {
    /// One of a project that is there for its reader, or no longer is.
    pub fn of(notification: Notification, is_there: bool) -> Self {
        Self {
            id: notification.id,
            kind: notification.kind,
            project_id: notification.project_id,
            task_id: notification.task_id,
            comment_id: notification.comment_id,
            title: is_there.then_some(notification.title),
            actor: notification.actor,
            created_at: notification.created_at,
            read_at: notification.read_at,
        }
    }
}

/// A part of somebody's list: `{"data": […], "meta": {"next_cursor", "has_more", "unread"}}`.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct NotificationPage {
    data: Vec<NotificationView>,
    meta: NotificationMeta,
}

#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct NotificationMeta {
    next_cursor: Option<Cursor>,
    has_more: bool,
    unread: i64,
}

impl NotificationPage {
    /// A page, where the next one begins, and how many of all have not been read.
    pub fn of(data: Vec<NotificationView>, next_cursor: Option<Cursor>, unread: i64) -> Self {
        Self {
            data,
            meta: NotificationMeta {
                has_more: next_cursor.is_some(),
                next_cursor,
                unread,
            },
        }
    }
}

/// Which notifications have been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// These.
    These(Vec<NotificationId>),
    /// This one and all before it.
    Until(NotificationId),
}

/// Ids of notifications: 1 to 90, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationIds(pub Vec<NotificationId>);

impl Deserr<BadInput> for NotificationIds {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        let mut ids: Vec<NotificationId> = Vec::deserialize_from_value(value, location)?;
        ids.sort_unstable();
        ids.dedup();
        if (1..=AT_ONCE).contains(&ids.len()) {
            return Ok(Self(ids));
        }
        let message = format!("Must be 1 to {AT_ONCE} ids");
        Err(BadInput::at(location, Invalid(message)))
    }
}

impl schemars::JsonSchema for NotificationIds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NotificationIds".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let id = generator.subschema_for::<NotificationId>();
        schemars::json_schema!({ "type": "array", "items": id, "minItems": 1, "maxItems": AT_ONCE })
    }
}

/// What has become of somebody's notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct ReadView {
    /// How many were marked as read.
    pub read: usize,
    /// How many are left that have not been.
    pub unread: i64,
    /// Whether some that were asked for are left: ask again.
    pub has_more: bool,
}

/// Somebody has read notifications of theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationsRead {
    /// Which.
    pub ids: Vec<NotificationId>,
}

impl RealtimeEvent for NotificationsRead {
    const TYPE: &'static str = "notifications:read";
}

/// Somebody has chosen of what they are told by email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationsChosen {
    /// Of what from now on.
    pub email: ByEmail,
}

impl RealtimeEvent for NotificationsChosen {
    const TYPE: &'static str = "notifications:chosen";
}

/// A comment mentions somebody: tell them by email.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mentioned {
    /// On which task.
    pub task_id: TaskId,
    /// In which comment.
    pub comment_id: CommentId,
    /// Whom.
    pub user_id: UserId,
    /// What the task is.
    pub title: TaskTitle,
}

impl Mentioned {
    /// What a comment asks for.
    pub fn of(task: &Task, comment: &Comment, user_id: UserId) -> Self {
        Self {
            task_id: task.id,
            comment_id: comment.id,
            user_id,
            title: task.title.clone(),
        }
    }
}

impl Job for Mentioned {
    const TYPE: &'static str = "comment:mentioned";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Email;
}

/// A task is due soon: tell whoever is to do it by email.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DueSoon {
    /// Which task.
    pub task_id: TaskId,
    /// Whom.
    pub user_id: UserId,
    /// By when it is to be done.
    pub due_date: DueDate,
    /// What it is.
    pub title: TaskTitle,
}

impl Job for DueSoon {
    const TYPE: &'static str = "task:due_soon";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Email;
}
