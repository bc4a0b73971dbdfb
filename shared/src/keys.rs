//! Keys are minted, never formatted: the only place that spells them. `keys/README.md` has the table.

mod audit;
mod comments;
mod data;
mod ephemeral;
mod erased;
mod events;
mod identity;
mod labels;
mod lists;
mod notifications;
pub(crate) mod owner;
mod subtasks;
mod tasks;
#[cfg(test)]
mod tests;
mod usage;

use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::model::Millis;
use crate::model::cached::Entry;
use crate::model::realtime::Room;
use crate::model::upload::Upload;
use crate::tenant::Tenant;

pub(crate) use audit::{AuditStretch, audited, is_append_only};
pub(crate) use comments::comments_on;
pub(crate) use data::{deleted_place, event, events, listed_place};
pub(crate) use ephemeral::{
    change_note, change_notes, change_notes_until, connection_pk, due_until, known_address, mail,
    no_rate, noted_event, purges_until, rate, user_connections_pk,
};
pub(crate) use erased::Any;
pub(crate) use events::{events_of, log_partition_of, seq_of};
pub(crate) use identity::{api_key_hash, no_key_use};
pub(crate) use lists::Span;
pub(crate) use notifications::{notification_id, unread_place, unread_until};
pub(crate) use tasks::{first_place, last_place, place};
pub(crate) use usage::usage_since;

/// How many partitions the notes of each kind are spread over.
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
/// use shared::{keys::Key, model::{id::TaskId, project::Project}};
/// fn unchecked(project: &Key<Project>) {
///     project.task(TaskId::new());
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
    row: Key<Entry>,
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

impl<T> PartialEq for Key<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.table, &self.pk, &self.sk) == (other.table, &other.pk, &other.sk)
    }
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
    pub(crate) fn row(&self) -> &Key<Entry> {
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

/// Whether all that a partition says is that there was a call: against a limit, of a key, or in a tenant.
pub(crate) fn is_of_counts(pk: &str) -> bool {
    let of_somebody = ["CALLS#", "KEYUSE#"]
        .iter()
        .any(|begins| pk.starts_with(begins));
    of_somebody || pk.starts_with("T#") && pk.ends_with("#USAGE")
}

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

/// Times sort as text until the year 33658.
fn sortable(at: Millis) -> String {
    format!("{at:015}")
}
