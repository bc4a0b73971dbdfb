//! What is erased, whatever it is: partitions as a whole, and what a report counts a row as.

use std::marker::PhantomData;

use super::data::{LOG_PARTITION, event};
use super::tasks::all_places;
use super::{Key, ObjectPath, Partition, Row, Table, is_append_only};
use crate::model::deletion::{Kind, TenantDeletion, Underway};
use crate::model::due::{DueDate, DueNote};
use crate::model::id::{ProjectId, TenantId, UserId};
use crate::model::month::Month;
use crate::model::realtime::Room;
use crate::tenant::Tenant;

impl Row for TenantDeletion {
    const MISSING: &'static str = "Tenant deletion not found";
}

impl Row for Underway {}

/// A row of which only the key matters.
#[derive(Debug)]
pub(crate) struct Any;

/// What is a tenant's own besides what its other keys name: partitions that are erased as they are.
const REST: [&str; 5] = ["EXPORTS", "INVITES", "KEYS", "MEMBERS", "USAGE"];

impl Key<TenantDeletion> {
    /// It is no tenant's: it is there when the tenant is not.
    pub(crate) fn tenant_deletion(id: TenantId) -> Self {
        Self::identity(format!("DELETION#{id}"), "DELETION".to_owned())
    }
}

impl Key<Underway> {
    pub(crate) fn underway(id: TenantId) -> Self {
        Self::identity(format!("DELETION#{id}"), "UNDERWAY".to_owned())
    }
}

impl<T> Key<T> {
    /// The same, whatever its row is.
    pub(crate) fn any(&self) -> Key<Any> {
        Key {
            table: self.table,
            pk: self.pk.clone(),
            sk: self.sk.clone(),
            tenant: self.tenant,
            row: PhantomData,
        }
    }

    /// The note of a task that is due then, whether there is one or not; none if its row is no task's.
    pub(crate) fn note_of_due(&self, due_date: DueDate) -> Option<Key<Any>> {
        let (tenant, project) = self.pk.strip_prefix("T#")?.split_once("#P#")?;
        let note = DueNote {
            tenant_id: tenant.parse().ok()?,
            project_id: project.parse().ok()?,
            task_id: self.sk.strip_prefix("TASK#")?.parse().ok()?,
            due_date,
            version: 0,
        };
        Some(Key::due_note(&note).any())
    }

    /// What a report counts its row as, besides as a row.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let begins = |prefix: &str| self.sk.starts_with(prefix);
        match self.table {
            Table::Data if is_append_only(&self.pk) => Some(Kind::AuditEntry),
            Table::Data if self.sk == "PROJECT" => Some(Kind::Project),
            Table::Data if begins("TASK#") => Some(Kind::Task),
            Table::Data if begins("COMMENT#") => Some(Kind::Comment),
            Table::Data if begins("LABEL#") => Some(Kind::Label),
            Table::Data if begins("NOTE#") => Some(Kind::Notification),
            Table::Data if begins("VECTOR#") => Some(Kind::Vector),
            Table::Data if begins("EVENT#") => Some(Kind::Event),
            Table::Data if begins("MEMBER#") => Some(Kind::Member),
            Table::Data if begins("INVITE#") => Some(Kind::Invitation),
            Table::Data if begins("KEY#") => Some(Kind::ApiKey),
            Table::Identity if begins("SESSION#") => Some(Kind::Session),
            _ => None,
        }
    }
}

impl Partition<Any> {
    /// A project's row and tasks.
    pub(crate) fn project(tenant: Tenant, id: ProjectId) -> Self {
        Self::of(Key::project(tenant, id))
    }

    /// What of a project stands in partitions of its own, besides its log: what adds one adds it here, and it goes
    /// with its project and with its tenant.
    pub(crate) fn of_project(tenant: Tenant, id: ProjectId) -> impl Iterator<Item = Self> {
        [
            Self::vectors(tenant, id),
            Self::comments(tenant, id),
            Self::labels(tenant, id),
        ]
        .into_iter()
    }

    /// The embeddings of a project's tasks.
    fn vectors(tenant: Tenant, id: ProjectId) -> Self {
        let mut vectors = Self::project(tenant, id);
        vectors.pk.push_str("#V");
        vectors
    }

    /// What is a user's in a tenant.
    pub(crate) fn user(tenant: Tenant, id: UserId) -> Self {
        Self::of(Key::user_log(tenant, id))
    }

    /// The log of a room that has come as far as `seq`.
    pub(crate) fn log(tenant: Tenant, room: Room, seq: u64) -> impl Iterator<Item = Self> {
        (0..=seq / LOG_PARTITION)
            .map(move |number| Self::of(event(tenant, room, number * LOG_PARTITION)))
    }

    /// A month of a tenant's audit log.
    pub(crate) fn audit(tenant: Tenant, month: Month) -> Self {
        Self::whole(super::audit::pk(tenant, month))
    }

    /// What else is a tenant's.
    pub(crate) fn rest(tenant: Tenant) -> impl Iterator<Item = Self> {
        let pk = move |name| format!("T#{}#{name}", tenant.id());
        let rest = REST.into_iter().map(pk).chain(all_places(tenant));
        rest.map(Self::whole)
    }

    /// A row of it.
    pub(crate) fn row(&self, sk: &str) -> Key<Any> {
        Key {
            table: self.table,
            pk: self.pk.clone(),
            sk: sk.to_owned(),
            tenant: None,
            row: PhantomData,
        }
    }

    fn of<T>(key: Key<T>) -> Self {
        Self::whole(key.pk)
    }

    const fn whole(pk: String) -> Self {
        Self {
            table: Table::Data,
            pk,
            prefix: "",
            row: PhantomData,
        }
    }
}

impl ObjectPath {
    /// What the paths of all of a tenant's objects begin with.
    pub(crate) fn all_of(tenant: Tenant) -> Self {
        Self(format!("tenants/{}/", tenant.id()))
    }

    /// What the paths of all of a project's files begin with.
    pub(crate) fn all_of_project(tenant: Tenant, id: ProjectId) -> Self {
        Self(format!("tenants/{}/tasks/{id}/", tenant.id()))
    }
}
