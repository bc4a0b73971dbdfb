//! What goes over the WebSocket: rooms, and the events in them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Millis;
use super::id::{ProjectId, SessionId, TaskId, TenantId, UserId};
use super::log::{Job, JobQueue, LogEntry, jobs};
use super::task::Task;
use super::text::TaskTitle;
use crate::error::{Error, Result};
use crate::event::caller::{Credential, Standing};
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// An event that clients in a room are told of.
pub trait RealtimeEvent: Serialize {
    /// Its `type`.
    const TYPE: &'static str;

    /// What the audit log calls it, if not that.
    fn action(&self) -> Option<&'static str> {
        None
    }

    /// What it is about, if not the scope: `task/{id}`.
    fn object(&self) -> Option<String> {
        None
    }
}

/// A project was made.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectCreated<'a> {
    /// Which.
    pub id: ProjectId,
    /// Its name.
    pub name: &'a str,
}

impl RealtimeEvent for ProjectCreated<'_> {
    const TYPE: &'static str = "project:created";
}

/// A task was made.
#[derive(Debug, Clone, Serialize)]
pub struct TaskCreated<'a> {
    /// Which.
    pub id: TaskId,
    /// Its project.
    #[serde(rename = "projectId")]
    pub project_id: ProjectId,
    /// What it is.
    pub title: &'a TaskTitle,
}

impl<'a> TaskCreated<'a> {
    /// What a new task's room is told.
    pub fn of(task: &'a Task) -> Self {
        Self {
            id: task.id,
            project_id: task.project_id,
            title: &task.title,
        }
    }
}

impl RealtimeEvent for TaskCreated<'_> {
    const TYPE: &'static str = "task:created";

    fn object(&self) -> Option<String> {
        Some(format!("task/{}", self.id))
    }
}

/// Log-ins have ended.
#[derive(Debug, Clone, Serialize)]
pub struct SessionsEnded<'a> {
    /// Which; none by name where all have.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub ids: &'a [SessionId],
    /// Whether they had to, because a refresh token was used twice.
    #[serde(skip)]
    pub stolen: bool,
}

impl RealtimeEvent for SessionsEnded<'_> {
    const TYPE: &'static str = "sessions:ended";

    fn action(&self) -> Option<&'static str> {
        self.stolen.then_some("refresh_token:reused")
    }

    fn object(&self) -> Option<String> {
        match self.ids {
            [id] => Some(format!("session/{id}")),
            _ => None,
        }
    }
}

/// The message to a client, as the realtime queue carries it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Broadcast {
    /// Its `type`: `task:created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// In which room.
    pub room: String,
    /// Its number there: in order, and a repeat has the same.
    pub seq: u64,
    /// The event itself.
    pub data: Box<RawValue>,
}

impl Broadcast {
    /// The message as it is sent.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

/// An event of the log, as its room hears of it.
impl TryFrom<&LogEntry> for Broadcast {
    type Error = Error;

    fn try_from(entry: &LogEntry) -> Result<Self> {
        Ok(Self {
            kind: entry.kind.clone(),
            room: entry.room.clone(),
            seq: entry.seq,
            data: RawValue::from_string(entry.data.clone()).map_err(Error::internal)?,
        })
    }
}

impl Job for Broadcast {
    const TYPE: &'static str = "realtime:broadcast";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Realtime;
}

/// Some of a user's connections have lost what let them in: end them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CloseConnections {
    /// Whose.
    pub user_id: UserId,
    /// Which of them.
    pub which: Which,
}

/// Which of a user's connections have to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Which {
    /// Those that one of these has let in, in whatever tenant.
    LetInBy(Vec<Credential>),
    /// Those of log-ins that began in an epoch before this one, in whatever tenant, but for the one that has
    /// gone on.
    OfEpochsBefore(u64, Option<SessionId>),
    /// All, in whatever tenant.
    All,
    /// All in the job's tenant: what they may do there is no longer the same.
    InTenant,
}

impl Which {
    /// Whether a connection is one of them, where the job's tenant is `tenant`.
    pub fn includes(&self, connection: &UserConnection, tenant: TenantId) -> bool {
        match self {
            Self::LetInBy(credentials) => credentials.contains(&connection.credential),
            Self::OfEpochsBefore(epoch, but) => match connection.credential {
                Credential::Session(id) => connection.standing.epoch < *epoch && Some(id) != *but,
                Credential::Key(_) | Credential::External => false,
            },
            Self::All => true,
            Self::InTenant => connection.tenant_id == tenant,
        }
    }
}

impl Job for CloseConnections {
    const TYPE: &'static str = "connections:close";
    const VERSION: u32 = 2;
    const QUEUE: JobQueue = JobQueue::Realtime;
}

jobs! {
    /// What the realtime queue carries.
    RealtimeJob on Realtime {
        /// An event for a room.
        Broadcast(Broadcast),
        /// Connections that have to end.
        CloseConnections(CloseConnections),
    }
}

/// A room that a client can subscribe to: `project/{id}`; `user/{id}`, their own; or `tenant`, of all members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// A project's events.
    Project(ProjectId),
    /// What happens to a user's account and concerns nobody else.
    User(UserId),
    /// What concerns all of a tenant: its members and how it is set up.
    Tenant,
}

impl Room {
    /// What is said of a room that is not there, or not for whoever asks.
    pub const MISSING: &'static str = "Room not found or access denied";
}

impl TryFrom<String> for Room {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let (kind, id) = text.split_once('/').unwrap_or((&text, ""));
        match kind {
            "project" => id.parse().ok().map(Self::Project),
            "user" => id.parse().ok().map(Self::User),
            "tenant" if text == kind => Some(Self::Tenant),
            _ => None,
        }
        .ok_or_else(|| Invalid("Must be a room: project/{id}, user/{id} or tenant".to_owned()))
    }
}

from_text!(Room);

described! {
    Room: { "type": "string", "description": "`project/{id}`, `user/{id}` or `tenant`." };
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Project(id) => write!(f, "project/{id}"),
            Self::User(id) => write!(f, "user/{id}"),
            Self::Tenant => f.write_str("tenant"),
        }
    }
}

/// Who a ticket or a connection stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// In which tenant.
    pub tenant_id: TenantId,
    /// Who.
    pub user_id: UserId,
    /// By what.
    pub credential: Credential,
    /// As of when, and until when.
    #[serde(default)]
    pub standing: Standing,
}

/// A ticket: the right to open one connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// For whom.
    pub holder: Holder,
    /// Until when it can be used.
    pub expires_at: Millis,
    /// The same in seconds, for the table's own expiry.
    pub ttl: i64,
}

/// An open connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connection {
    /// For whom.
    pub holder: Holder,
    /// Since when.
    pub connected_at: Millis,
    /// When the gateway has surely ended it, in seconds.
    pub ttl: i64,
}

/// An open connection, among those of its user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserConnection {
    /// API Gateway's id of the connection.
    pub connection_id: String,
    /// In which tenant.
    pub tenant_id: TenantId,
    /// By what it was let in.
    pub credential: Credential,
    /// As of when.
    #[serde(default)]
    pub standing: Standing,
    /// When the gateway has surely ended it, in seconds.
    pub ttl: i64,
}

/// A connection in a room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subscription {
    /// API Gateway's id of the connection.
    pub connection_id: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The room's `seq` when it subscribed: what came later is owed to it.
    pub since: u64,
    /// When what let the connection in ends by itself, if ever: nothing is sent to it from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
    /// When the gateway has surely ended it, in seconds.
    pub ttl: i64,
}

/// How far a room's events have been sent.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct RoomCursor {
    /// The last event that every connection of the room was sent.
    pub sent: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_room_is_named_after_what_it_is_of(text in prop_oneof![
            any::<String>(),
            "tenants?/?",
            "(project/|user/|Project/|projects/|project//| project/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/|#)?",
        ]) {
            let room = Room::try_from(text.clone()).ok();
            let project = text.strip_prefix("project/").and_then(|id| id.parse().ok());
            let user = text.strip_prefix("user/").and_then(|id| id.parse().ok());
            let tenant = (text == "tenant").then_some(Room::Tenant);
            prop_assert_eq!(room, project.map(Room::Project).or(user.map(Room::User)).or(tenant));
            if let Some(room) = room {
                prop_assert_eq!(room.to_string(), text);
            }
        }
    }
}
