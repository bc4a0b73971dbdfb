//! The table `Data`: tenants' rows, and their logs.

use std::marker::PhantomData;
use std::time::Duration;

use super::{CacheKey, Key, ObjectPath, Partition, RoomKey, Row, Stored, Table, digest, sortable};
use crate::model::Millis;
use crate::model::account::Email;
use crate::model::api_key::ListedKey;
use crate::model::export::Export;
use crate::model::id::{ApiKeyId, ExportId, InvitationId, ProjectId, TaskId, UserId};
use crate::model::invitation::{Invitation, InvitedAddress};
use crate::model::log::{LogEntry, UserLog};
use crate::model::project::{ListedProject, Listing, Project, SharedProject, Standing};
use crate::model::realtime::Room;
use crate::model::search::{Hit, Vector};
use crate::model::tenant::{Member, TenantLog};
use crate::model::text::SearchQuery;
use crate::tenant::Tenant;

/// How many events one partition of a log holds.
pub(super) const LOG_PARTITION: u64 = 65_536;

impl Row for Project {
    const MISSING: &'static str = "Project not found or access denied";
}

impl Row for Listing {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![(
            "l1",
            format!("{}#{}", sortable(self.updated_at), self.project_id),
        )]
    }
}

impl Row for ListedProject {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        let place = listed_place(self.standing, Some(self.project_id));
        place.into_iter().map(|place| ("l1", place)).collect()
    }
}

impl Row for SharedProject {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        let place = self.deleted.then(|| deleted_place(Some(self.project_id)));
        place.into_iter().map(|place| ("l2", place)).collect()
    }
}

impl Row for Vector {}

impl Row for UserLog {}

impl Row for TenantLog {}

impl Row for Member {
    const MISSING: &'static str = "Member not found";

    fn indexes(&self) -> Vec<(&'static str, String)> {
        vec![("l1", format!("{}#{}", self.role, self.user_id))]
    }
}

impl Row for ListedKey {
    const MISSING: &'static str = "API key not found";
}

impl Row for Invitation {
    const MISSING: &'static str = "Invitation not found";
}

impl Row for InvitedAddress {}

impl Row for Export {
    const MISSING: &'static str = "Export not found";
}

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

    /// Its place in its tenant's list.
    pub(crate) fn listed(&self) -> Key<ListedProject> {
        Key::listed_project(self.tenant(), self.id)
    }

    /// Where somebody's list finds it whom it is shared with.
    pub(crate) fn shared_with(&self, user_id: UserId) -> Key<SharedProject> {
        Key::shared_project(self.tenant(), user_id, self.id)
    }

    /// An event of its log.
    pub fn event(&self, seq: u64) -> Key<LogEntry> {
        event(self.tenant(), self.room(), seq)
    }

    /// The room that hears of its changes.
    pub fn room(&self) -> Room {
        Room::Project(self.id)
    }

    /// A search in it, as of its last change, cached for 600 s.
    pub fn cached_search(&self, query: &SearchQuery) -> CacheKey<Vec<Hit>> {
        let query = digest(&normalised(query.as_str()));
        CacheKey::new(
            self.tenant(),
            &format!(
                "SEARCH#{}#{}#{}#{query}",
                self.id,
                self.seq,
                self.indexed_late_at.unwrap_or(0)
            ),
            Duration::from_secs(600),
        )
    }

    /// Where a task's attachment is kept.
    pub fn attachment(&self, at: Millis, safe_name: &str) -> ObjectPath {
        ObjectPath(format!(
            "tenants/{}/tasks/{}/{at}_{safe_name}",
            self.tenant().id(),
            self.id,
        ))
    }

    /// What a search in it is confined to: the index's partition and filter.
    pub(crate) fn search_scope(&self) -> (String, String) {
        (self.tenant().id().to_string(), self.id.to_string())
    }
}

impl Key<Export> {
    pub(crate) fn export(tenant: Tenant, id: ExportId) -> Self {
        Self::data(tenant, exports_pk(tenant), format!("EXPORT#{id}"))
    }
}

impl Partition<Export> {
    pub(crate) fn exports(tenant: Tenant) -> Self {
        Self {
            table: Table::Data,
            pk: exports_pk(tenant),
            prefix: "EXPORT#",
            row: PhantomData,
        }
    }
}

impl Stored<Export> {
    /// Where the archive is kept, once there is one.
    pub(crate) fn whole(&self) -> ObjectPath {
        let begun = self.work.upload.as_ref();
        self.archive(begun.map_or(self.run, |upload| upload.run))
    }

    /// Where the archive is kept that a run has begun.
    pub(crate) fn archive(&self, run: u32) -> ObjectPath {
        self.object(&format!("{run}.tar.gz"))
    }

    /// Where the bytes are kept that a run has left, too few for a part.
    pub(crate) fn tail(&self, run: u32) -> ObjectPath {
        self.object(&format!("{run}.tail"))
    }

    fn object(&self, name: &str) -> ObjectPath {
        let tenant = self.key.tenant.map(|tenant| tenant.id().to_string());
        let tenant = tenant.expect("an export's key is minted by a tenant");
        ObjectPath(format!("tenants/{tenant}/exports/{}/{name}", self.id))
    }
}

impl Key<UserLog> {
    pub(crate) fn user_log(tenant: Tenant, id: UserId) -> Self {
        Self::data(tenant, user_pk(tenant, id), "LOG".to_owned())
    }
}

impl Key<TenantLog> {
    pub(crate) fn tenant_log(tenant: Tenant) -> Self {
        Self::data(tenant, tenant_pk(tenant), "LOG".to_owned())
    }
}

impl Key<Member> {
    pub(crate) fn member(tenant: Tenant, user_id: UserId) -> Self {
        Self::data(tenant, members_pk(tenant), format!("MEMBER#{user_id}"))
    }
}

impl Partition<Member> {
    pub(crate) fn members(tenant: Tenant) -> Self {
        Self {
            table: Table::Data,
            pk: members_pk(tenant),
            prefix: "MEMBER#",
            row: PhantomData,
        }
    }
}

impl Key<ListedKey> {
    pub(crate) fn listed_key(tenant: Tenant, id: ApiKeyId) -> Self {
        Self::data(tenant, api_keys_pk(tenant), format!("KEY#{id}"))
    }
}

impl Partition<ListedKey> {
    pub(crate) fn listed_keys(tenant: Tenant) -> Self {
        Self {
            table: Table::Data,
            pk: api_keys_pk(tenant),
            prefix: "KEY#",
            row: PhantomData,
        }
    }
}

impl Key<Invitation> {
    pub(crate) fn invitation(tenant: Tenant, id: InvitationId) -> Self {
        Self::data(tenant, invitations_pk(tenant), format!("INVITE#{id}"))
    }
}

impl Key<InvitedAddress> {
    pub(crate) fn invited_address(tenant: Tenant, email: &Email) -> Self {
        let sk = format!("EMAIL#{}", email.as_str());
        Self::data(tenant, invitations_pk(tenant), sk)
    }
}

impl Partition<Invitation> {
    pub(crate) fn invitations(tenant: Tenant) -> Self {
        Self {
            table: Table::Data,
            pk: invitations_pk(tenant),
            prefix: "INVITE#",
            row: PhantomData,
        }
    }
}

impl Key<ListedProject> {
    pub(crate) fn listed_project(tenant: Tenant, id: ProjectId) -> Self {
        Self::data(tenant, projects_pk(tenant), format!("PROJECT#{id}"))
    }
}

impl Partition<ListedProject> {
    pub(crate) fn listed_projects(tenant: Tenant) -> Self {
        Self {
            table: Table::Data,
            pk: projects_pk(tenant),
            prefix: "PROJECT#",
            row: PhantomData,
        }
    }
}

impl Key<SharedProject> {
    pub(crate) fn shared_project(tenant: Tenant, user_id: UserId, id: ProjectId) -> Self {
        Self::data(tenant, user_pk(tenant, user_id), format!("SHARED#{id}"))
    }
}

impl Partition<SharedProject> {
    pub(crate) fn shared_projects(tenant: Tenant, user_id: UserId) -> Self {
        Self {
            table: Table::Data,
            pk: user_pk(tenant, user_id),
            prefix: "SHARED#",
            row: PhantomData,
        }
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

/// Where a project of a standing is in its tenant's list, or where those begin; nowhere if it is hidden.
pub(crate) fn listed_place(standing: Standing, id: Option<ProjectId>) -> Option<String> {
    let kind = match standing {
        Standing::Open => "open",
        Standing::Archived => "archived",
        Standing::Deleted => "deleted",
        Standing::Hidden => return None,
    };
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    Some(format!("{kind}#{id}"))
}

/// Where a deleted project is in the list of somebody who may restore it, or where those begin.
pub(crate) fn deleted_place(id: Option<ProjectId>) -> String {
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    format!("DELETED#{id}")
}

/// Where the events after `after`, up to and with `until`, stand: partition, first and last sort key.
pub(crate) fn events(
    room: &RoomKey,
    after: u64,
    until: u64,
) -> impl Iterator<Item = (String, String, String)> {
    let (tenant, room) = (room.tenant, room.room);
    (after.saturating_add(1) / LOG_PARTITION..=until / LOG_PARTITION)
        .filter(move |_| after < until)
        .map(move |partition| {
            let first = (after + 1).max(partition * LOG_PARTITION);
            let last = until.min(partition * LOG_PARTITION + (LOG_PARTITION - 1));
            let first = event(tenant, room, first);
            let last = event(tenant, room, last);
            (first.pk, first.sk, last.sk)
        })
}

/// An event of a scope's log.
pub(crate) fn event(tenant: Tenant, room: Room, seq: u64) -> Key<LogEntry> {
    let scope = match room {
        Room::Project(id) => project_pk(tenant, id),
        Room::User(id) => user_pk(tenant, id),
        Room::Tenant => tenant_pk(tenant),
    };
    Key::data(
        tenant,
        format!("{scope}#LOG#{}", seq / LOG_PARTITION),
        format!("EVENT#{seq:012}"),
    )
}

/// What queries that ask for the same have in common: the words, whatever their case.
pub(super) fn normalised(query: &str) -> String {
    let words: Vec<_> = query.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

fn tenant_pk(tenant: Tenant) -> String {
    format!("T#{}", tenant.id())
}

fn projects_pk(tenant: Tenant) -> String {
    format!("T#{}#PROJECTS", tenant.id())
}

fn members_pk(tenant: Tenant) -> String {
    format!("T#{}#MEMBERS", tenant.id())
}

fn api_keys_pk(tenant: Tenant) -> String {
    format!("T#{}#KEYS", tenant.id())
}

fn exports_pk(tenant: Tenant) -> String {
    format!("T#{}#EXPORTS", tenant.id())
}

fn invitations_pk(tenant: Tenant) -> String {
    format!("T#{}#INVITES", tenant.id())
}

pub(super) fn project_pk(tenant: Tenant, id: ProjectId) -> String {
    format!("T#{}#P#{id}", tenant.id())
}

pub(super) fn user_pk(tenant: Tenant, id: UserId) -> String {
    format!("T#{}#U#{id}", tenant.id())
}
