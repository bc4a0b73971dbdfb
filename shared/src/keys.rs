//! Keys are minted, never formatted: the only place that spells them. `README.md` here has the table.

use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::model::Millis;
use crate::model::account::{Account, Email, Membership, Session, TenantProfile, User};
use crate::model::attachment::Attachment;
use crate::model::id::{ProjectId, SessionId, TaskId, TenantId, UserId};
use crate::model::log::LogEntry;
use crate::model::project::{Listing, Project};
use crate::model::realtime::{Connection, Room, RoomCursor, Subscription, Ticket};
use crate::model::search::Vector;
use crate::model::task::Task;
use crate::model::text::SearchQuery;
use crate::model::upload::Upload;
use crate::sdk::search::Hit;
use crate::tenant::Tenant;

/// How many events one partition of a log holds.
pub(crate) const LOG_PARTITION: u64 = 65_536;

/// How many partitions the notes of changes and of uploads are spread over.
pub(crate) const SHARDS: u8 = 16;

/// The three tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Tenants' rows.
    Data,
    /// Users, sessions, memberships.
    Identity,
    /// What expires, and what is noted until it is done.
    Ephemeral,
}

/// What is stored as an item.
pub trait Row: Serialize + DeserializeOwned + Send + Sync {
    /// What a caller is told when it is not there.
    const MISSING: &'static str = "Not found";

    /// The index attributes of its item.
    fn indexes(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// The key of a row of type `T`.
///
/// ```compile_fail
/// use shared::{keys::Key, model::project::Project};
/// let forged: Key<Project> = Key { table: todo!(), pk: "T#…".into(), sk: "PROJECT".into(), row: todo!() };
/// ```
///
/// A child's key comes from its loaded parent alone:
///
/// ```compile_fail
/// use shared::{model::id::{ProjectId, TaskId}, tenant::Tenant};
/// fn unchecked(tenant: &Tenant) {
///     tenant.project(ProjectId::new()).task(TaskId::new());
/// }
/// ```
#[derive(Debug)]
pub struct Key<T> {
    table: Table,
    pk: String,
    sk: String,
    tenant: Option<Tenant>,
    row: PhantomData<fn() -> T>,
}

/// The key of a partition of rows of type `T`.
#[derive(Debug)]
pub struct Partition<T> {
    table: Table,
    pk: String,
    prefix: &'static str,
    row: PhantomData<fn() -> T>,
}

/// A row, and the key that it was loaded with: the evidence that its children's keys are minted from.
#[derive(Debug, Clone)]
pub struct Stored<T> {
    key: Key<T>,
    row: T,
}

/// The key of a cached value of type `V`.
#[derive(Debug)]
pub struct CacheKey<V> {
    row: Key<crate::sdk::cache::Entry>,
    lifetime: Duration,
    value: PhantomData<fn() -> V>,
}

/// An object's path in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPath(String);

/// A room of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomKey {
    tenant: Tenant,
    room: Room,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        Self {
            table: self.table,
            pk: self.pk.clone(),
            sk: self.sk.clone(),
            tenant: self.tenant,
            row: PhantomData,
        }
    }
}

impl<T> Key<T> {
    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn pk(&self) -> &str {
        &self.pk
    }

    pub(crate) fn sk(&self) -> &str {
        &self.sk
    }

    pub(crate) fn stores(self, row: T) -> Stored<T> {
        Stored { key: self, row }
    }

    fn data(tenant: Tenant, pk: String, sk: String) -> Self {
        Self {
            table: Table::Data,
            pk,
            sk,
            tenant: Some(tenant),
            row: PhantomData,
        }
    }

    fn identity(pk: String, sk: String) -> Self {
        Self {
            table: Table::Identity,
            pk,
            sk,
            tenant: None,
            row: PhantomData,
        }
    }

    fn ephemeral(tenant: Option<Tenant>, pk: String, sk: String) -> Self {
        Self {
            table: Table::Ephemeral,
            pk,
            sk,
            tenant,
            row: PhantomData,
        }
    }
}

impl<T> Partition<T> {
    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn pk(&self) -> &str {
        &self.pk
    }

    /// What the sort keys of these rows begin with.
    pub(crate) const fn prefix(&self) -> &'static str {
        self.prefix
    }
}

impl<T> Stored<T> {
    /// Its key.
    pub fn key(&self) -> &Key<T> {
        &self.key
    }

    /// The row alone.
    pub fn into_inner(self) -> T {
        self.row
    }
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.row
    }
}

impl<V> CacheKey<V> {
    pub(crate) fn row(&self) -> &Key<crate::sdk::cache::Entry> {
        &self.row
    }

    /// How long a value is kept.
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The same key, with a value that is kept no longer than `lifetime`.
    #[must_use]
    pub fn at_most(mut self, lifetime: Duration) -> Self {
        self.lifetime = self.lifetime.min(lifetime);
        self
    }

    fn new(tenant: Tenant, name: &str, lifetime: Duration) -> Self {
        Self {
            row: Key::ephemeral(
                Some(tenant),
                format!("T#{}#CACHE#{name}", tenant.id()),
                "VALUE".to_owned(),
            ),
            lifetime,
            value: PhantomData,
        }
    }
}

impl ObjectPath {
    /// The path of an object that is on its way.
    pub(crate) fn noted(upload: &Upload) -> Self {
        Self(upload.path.clone())
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// ---- Data ----

impl Row for Project {
    const MISSING: &'static str = "Project not found or access denied";
}

impl Row for Task {
    const MISSING: &'static str = "Task not found or access denied";
}

impl Row for Listing {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(
            "l1",
            format!("{}#{}", sortable(self.updated_at), self.project_id),
        )]
    }
}

impl Row for Vector {}

impl Row for LogEntry {}

impl Key<Project> {
    pub(crate) fn project(tenant: Tenant, id: ProjectId) -> Self {
        Self::data(tenant, project_pk(tenant, id), "PROJECT".to_owned())
    }
}

impl Stored<Project> {
    /// Whose it is.
    pub fn tenant(&self) -> Tenant {
        self.key
            .tenant
            .expect("a project's key is minted by a tenant")
    }

    /// A task of this project.
    pub fn task(&self, id: TaskId) -> Key<Task> {
        Key::data(self.tenant(), self.key.pk.clone(), format!("TASK#{id}"))
    }

    /// A task's embedding.
    pub fn vector(&self, id: TaskId) -> Key<Vector> {
        Key::data(
            self.tenant(),
            format!("{}#V", self.key.pk),
            format!("VECTOR#{id}"),
        )
    }

    /// A task's embedding, as the index takes it.
    pub fn embedded(&self, id: TaskId, content_hash: String, embedding: Vec<f32>) -> Vector {
        let (vector_tenant, vector_project) = self.search_scope();
        Vector {
            task_id: id,
            content_hash,
            vector_tenant,
            vector_project,
            embedding,
        }
    }

    /// Its place in its creator's list.
    pub fn listing(&self) -> Key<Listing> {
        Key::data(
            self.tenant(),
            user_pk(self.tenant(), self.user_id),
            format!("PROJECT#{}", self.id),
        )
    }

    /// An event of its log.
    pub fn event(&self, seq: u64) -> Key<LogEntry> {
        event(self.tenant(), self.id, seq)
    }

    /// The room that hears of its changes.
    pub fn room(&self) -> Room {
        Room {
            project_id: self.id,
        }
    }

    /// A search in it, as of its last change, cached for 600 s.
    pub fn cached_search(&self, query: &SearchQuery) -> CacheKey<Vec<Hit>> {
        let normalised = query
            .as_str()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        CacheKey::new(
            self.tenant(),
            &format!("SEARCH#{}#{}#{}", self.id, self.seq, digest(&normalised)),
            Duration::from_secs(600),
        )
    }

    /// Where a task's attachment is kept.
    pub fn attachment(&self, at: Millis, attachment: &Attachment) -> ObjectPath {
        ObjectPath(format!(
            "tenants/{}/tasks/{}/{at}_{}",
            self.tenant().id(),
            self.id,
            attachment.safe_name()
        ))
    }

    /// What a search in it is confined to: the index's partition and filter.
    pub(crate) fn search_scope(&self) -> (String, String) {
        (self.tenant().id().to_string(), self.id.to_string())
    }
}

impl Stored<Task> {
    /// Where its attachment is kept.
    pub fn attachment_path(&self) -> Option<ObjectPath> {
        self.attachment.clone().map(ObjectPath)
    }
}

impl Partition<Listing> {
    pub(crate) fn listings(tenant: Tenant, user_id: UserId) -> Self {
        Self {
            table: Table::Data,
            pk: user_pk(tenant, user_id),
            prefix: "PROJECT#",
            row: PhantomData,
        }
    }
}

impl CacheKey<Vec<Project>> {
    pub(crate) fn projects(tenant: Tenant, user_id: UserId) -> Self {
        Self::new(
            tenant,
            &format!("PROJECTS#{user_id}"),
            Duration::from_secs(300),
        )
    }
}

// ---- Identity ----

impl Row for Account {}
impl Row for User {}
impl Row for Membership {}
impl Row for Session {}
impl Row for TenantProfile {}

impl Key<Account> {
    pub(crate) fn account(email: &Email) -> Self {
        Self::identity(format!("EMAIL#{}", email.as_str()), "ACCOUNT".to_owned())
    }
}

impl Key<User> {
    pub(crate) fn user(id: UserId) -> Self {
        Self::identity(format!("USER#{id}"), "USER".to_owned())
    }
}

impl Key<Membership> {
    pub(crate) fn membership(user_id: UserId, tenant_id: TenantId) -> Self {
        Self::identity(format!("USER#{user_id}"), format!("MEMBER#{tenant_id}"))
    }
}

impl Key<Session> {
    pub(crate) fn session(user_id: UserId, id: SessionId) -> Self {
        Self::identity(format!("USER#{user_id}"), format!("SESSION#{id}"))
    }
}

impl Key<TenantProfile> {
    pub(crate) fn tenant_profile(id: TenantId) -> Self {
        Self::identity(format!("TENANT#{id}"), "TENANT".to_owned())
    }
}

impl Partition<Membership> {
    pub(crate) fn memberships(user_id: UserId) -> Self {
        Self {
            table: Table::Identity,
            pk: format!("USER#{user_id}"),
            prefix: "MEMBER#",
            row: PhantomData,
        }
    }
}

// ---- Ephemeral ----

impl Row for Ticket {}
impl Row for Connection {}
impl Row for Subscription {}
impl Row for RoomCursor {}
impl Row for Upload {}

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
    Some(event(tenant, room.project_id, seq))
}

/// Where the events after `after`, up to and with `until`, stand: partition, first and last sort key.
pub(crate) fn events(
    room: &RoomKey,
    after: u64,
    until: u64,
) -> impl Iterator<Item = (String, String, String)> {
    let (tenant, project_id) = (room.tenant, room.room.project_id);
    (after.saturating_add(1) / LOG_PARTITION..=until / LOG_PARTITION)
        .filter(move |_| after < until)
        .map(move |partition| {
            let first = (after + 1).max(partition * LOG_PARTITION);
            let last = until.min((partition + 1) * LOG_PARTITION - 1);
            let first = event(tenant, project_id, first);
            let last = event(tenant, project_id, last);
            (first.pk, first.sk, last.sk)
        })
}

/// An event of a project's log.
pub(crate) fn event(tenant: Tenant, project_id: ProjectId, seq: u64) -> Key<LogEntry> {
    Key::data(
        tenant,
        format!(
            "{}#LOG#{}",
            project_pk(tenant, project_id),
            seq / LOG_PARTITION
        ),
        format!("EVENT#{seq:012}"),
    )
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

/// The partition of a connection and its rooms.
pub(crate) fn connection_pk(id: &str) -> String {
    format!("CONN#{id}")
}

// ---- spelling ----

/// Which of the shards a text falls in.
pub(crate) fn shard(text: &str) -> u8 {
    Sha256::digest(text)[0] % SHARDS
}

/// SHA-256, in hex.
pub(crate) fn digest(text: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(text)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn project_pk(tenant: Tenant, id: ProjectId) -> String {
    format!("T#{}#P#{id}", tenant.id())
}

fn user_pk(tenant: Tenant, id: UserId) -> String {
    format!("T#{}#U#{id}", tenant.id())
}

/// Times sort as text until the year 33658.
fn sortable(at: Millis) -> String {
    format!("{at:015}")
}
