//! The table `Ephemeral`: what expires, and what is noted until it is done.

use std::marker::PhantomData;
use std::time::Duration;

use super::{
    CacheKey, Key, ObjectPath, Partition, RoomKey, Row, Table, data, digest, shard, sortable,
};
use crate::event::caller::Credential;
use crate::model::Millis;
use crate::model::cached::Entry;
use crate::model::due::DueNote;
use crate::model::id::{ProjectId, UserId};
use crate::model::idempotency::IdempotencyRecord;
use crate::model::log::LogEntry;
use crate::model::project::{Project, Purge};
use crate::model::realtime::{Connection, Room, RoomCursor, Subscription, Ticket, UserConnection};
use crate::model::upload::Upload;
use crate::model::window::Calls;
use crate::tenant::Tenant;

impl CacheKey<Vec<Project>> {
    pub(crate) fn projects(tenant: Tenant, user_id: UserId) -> Self {
        Self::new(
            tenant,
            &format!("PROJECTS#{user_id}"),
            Duration::from_secs(300),
        )
    }
}

impl Row for Entry {}
impl Row for IdempotencyRecord {}
impl Row for Ticket {}
impl Row for Connection {}
impl Row for UserConnection {}
impl Row for Subscription {}
impl Row for RoomCursor {}
impl Row for Upload {}
impl Row for Calls {}
impl Row for Purge {}
impl Row for DueNote {}

impl Key<IdempotencyRecord> {
    /// It is found by a hash of whose request it is, what it is for and what its client calls it.
    pub(crate) fn idempotency_record(tenant: Tenant, hash: &str) -> Self {
        Self::ephemeral(
            Some(tenant),
            format!("T#{}#IDEMPOTENCY#{hash}", tenant.id()),
            "ANSWER".to_owned(),
        )
    }

    /// The same of a person who asks in no tenant.
    pub(crate) fn personal_idempotency_record(user_id: UserId, hash: &str) -> Self {
        Self::ephemeral(
            None,
            format!("PERSON#{user_id}#IDEMPOTENCY#{hash}"),
            "ANSWER".to_owned(),
        )
    }
}

impl Key<Ticket> {
    /// A ticket is found by its hash: who reads the table can't use it.
    pub(crate) fn ticket(secret: &str) -> Self {
        Self::ephemeral(
            None,
            format!("TICKET#{}", digest(secret)),
            "TICKET".to_owned(),
        )
    }
}

impl Key<Connection> {
    pub(crate) fn connection(id: &str) -> Self {
        Self::ephemeral(None, connection_pk(id), "CONNECTION".to_owned())
    }
}

impl Key<UserConnection> {
    pub(crate) fn user_connection(user_id: UserId, connection_id: &str) -> Self {
        Self::ephemeral(
            None,
            user_connections_pk(user_id),
            format!("CONN#{connection_id}"),
        )
    }
}

impl Key<Calls> {
    /// A key's calls count apart from those of its maker, whose log-ins count together. Every function that knows its
    /// caller may write this row, and so nothing else stands in its partition.
    pub(crate) fn calls_of(user_id: UserId, credential: Credential) -> Self {
        let whose = match credential {
            Credential::Key(id) => format!("key/{id}"),
            Credential::Session(_) | Credential::External => format!("user/{user_id}"),
        };
        Self::ephemeral(None, format!("CALLS#{whose}"), "CALLS".to_owned())
    }
}

impl RoomKey {
    pub(crate) fn new(tenant: Tenant, room: Room) -> Self {
        Self { tenant, room }
    }

    /// Whose it is.
    pub fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// Which room.
    pub fn room(&self) -> Room {
        self.room
    }

    /// All that is known of the room: its cursor and its connections.
    pub(crate) fn pk(&self) -> String {
        format!("T#{}#ROOM#{}", self.tenant.id(), self.room)
    }

    pub(crate) fn cursor(&self) -> Key<RoomCursor> {
        Key::ephemeral(Some(self.tenant), self.pk(), "CURSOR".to_owned())
    }

    pub(crate) fn subscription(&self, connection_id: &str) -> Key<Subscription> {
        Key::ephemeral(
            Some(self.tenant),
            self.pk(),
            format!("CONN#{connection_id}"),
        )
    }

    /// The same subscription, as its connection knows it.
    pub(crate) fn of_connection(&self, connection_id: &str) -> Key<Subscription> {
        Key::ephemeral(
            Some(self.tenant),
            connection_pk(connection_id),
            format!("ROOM#{}", self.room),
        )
    }
}

impl Key<Upload> {
    pub(crate) fn upload(path: &ObjectPath) -> Self {
        Self::ephemeral(
            None,
            format!("UPLOADS#{}", shard(path.as_str())),
            path.as_str().to_owned(),
        )
    }
}

impl Partition<Upload> {
    pub(crate) fn uploads(shard: u8) -> Self {
        Self {
            table: Table::Ephemeral,
            pk: format!("UPLOADS#{shard}"),
            prefix: "",
            row: PhantomData,
        }
    }
}

impl Key<Purge> {
    pub(crate) fn purge(tenant: Tenant, id: ProjectId, due_at: Millis) -> Self {
        let project = id.to_string();
        Self::ephemeral(
            None,
            format!("PURGES#{}", shard(&project)),
            format!("{}#{}#{project}", sortable(due_at), tenant.id()),
        )
    }

    pub(crate) fn noted_purge(purge: &Purge) -> Self {
        let tenant = Tenant::verified(purge.tenant_id);
        Self::purge(tenant, purge.project_id, purge.due_at)
    }
}

/// Where the purges stand that were due before `at`: partition, and the end of the sort keys.
pub(crate) fn purges_until(shard: u8, at: Millis) -> (String, String) {
    (format!("PURGES#{shard}"), sortable(at))
}

impl Key<DueNote> {
    pub(crate) fn due_note(note: &DueNote) -> Self {
        let (task, from) = (note.task_id.to_string(), sortable(note.from()));
        Self::ephemeral(
            None,
            format!("DUE#{}", shard(&task)),
            format!("{from}#{}#{}#{task}", note.tenant_id, note.project_id),
        )
    }
}

/// Where the notes of tasks stand that were to be told before `at`: partition, and the end of the sort keys.
pub(crate) fn due_until(shard: u8, at: Millis) -> (String, String) {
    (format!("DUE#{shard}"), sortable(at))
}

/// The note that a change leaves until it has been relayed.
pub(crate) fn change_note(entry: &LogEntry) -> (String, String) {
    (
        change_notes(entry.note_shard),
        format!(
            "{}#{}#{}#{}",
            sortable(entry.at),
            entry.tenant_id,
            entry.room,
            entry.seq
        ),
    )
}

/// The event that a note is of.
pub(crate) fn noted_event(note: &str) -> Option<Key<LogEntry>> {
    let mut parts = note.splitn(4, '#').skip(1);
    let tenant = Tenant::verified(parts.next()?.parse().ok()?);
    let room = Room::try_from(parts.next()?.to_owned()).ok()?;
    let seq = parts.next()?.parse().ok()?;
    Some(data::event(tenant, room, seq))
}

pub(crate) fn change_notes(shard: u8) -> String {
    format!("CHANGES#{shard}")
}

/// The end of the notes that were left before `at`.
pub(crate) fn change_notes_until(at: Millis) -> String {
    sortable(at)
}

/// What has become of an email.
pub(crate) fn mail(tenant: Tenant, job_id: &str) -> (String, String) {
    (
        format!("T#{}#MAIL#{job_id}", tenant.id()),
        "MAIL".to_owned(),
    )
}

/// How often something was tried in a window of time. Whose it is stands there as a hash.
pub(crate) fn rate(limit: &str, of: &str, window: Millis) -> (String, String) {
    (
        format!("RATE#{limit}#{}", digest(of)),
        format!("WINDOW#{window}"),
    )
}

/// An address from which somebody has logged in to an account.
pub(crate) fn known_address(pair: &str) -> (String, String) {
    (format!("RATE#known#{}", digest(pair)), "KNOWN".to_owned())
}

/// A row that is never there: who asks for it learns that the table answers.
pub(crate) fn no_rate() -> (String, String) {
    ("RATE#health".to_owned(), "HEALTH".to_owned())
}

/// The partition of a user's connections, in whichever tenants.
pub(crate) fn user_connections_pk(user_id: UserId) -> String {
    format!("USER#{user_id}")
}

/// The partition of a connection and its rooms.
pub(crate) fn connection_pk(id: &str) -> String {
    format!("CONN#{id}")
}
