//! The tenant, who mints every key.

use crate::keys::{CacheKey, Key, Partition, RoomKey};
use crate::model::Millis;
use crate::model::account::Email;
use crate::model::api_key::ListedKey;
use crate::model::audit::AuditRow;
use crate::model::export::Export;
use crate::model::id::{
    ApiKeyId, AuditId, ExportId, InvitationId, NotificationId, ProjectId, TaskId, TenantId, UserId,
};
use crate::model::idempotency::IdempotencyRecord;
use crate::model::invitation::{Invitation, InvitedAddress};
use crate::model::log::UserLog;
use crate::model::month::Month;
use crate::model::notification::{Inbox, Notification};
use crate::model::project::{ListedProject, Listing, Project};
use crate::model::realtime::Room;
use crate::model::task::TaskPlace;
use crate::model::tenant::{Member, TenantLog};

/// Proof that a request acts for a tenant.
///
/// It has no public constructor: the adapters make one from a verified token and the caller's
/// membership, or from the envelope of a job. All that is a tenant's is reached through it.
///
/// ```compile_fail
/// use shared::tenant::Tenant;
/// let forged = Tenant { id: shared::model::id::TenantId::new() };
/// ```
///
/// ```compile_fail
/// let forged = shared::tenant::Tenant::verified(shared::model::id::TenantId::new());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tenant {
    id: TenantId,
}

impl Tenant {
    /// For the adapters, once they have verified it.
    pub(crate) const fn verified(id: TenantId) -> Self {
        Self { id }
    }

    /// Its id.
    pub const fn id(&self) -> TenantId {
        self.id
    }

    /// A project's row, which [`crate::sdk::db::Db::project`] alone is the way to.
    ///
    /// ```compile_fail
    /// use shared::{model::id::ProjectId, tenant::Tenant};
    /// fn past_the_door(tenant: &Tenant) {
    ///     tenant.project(ProjectId::new());
    /// }
    /// ```
    pub(crate) fn project(&self, id: ProjectId) -> Key<Project> {
        Key::project(*self, id)
    }

    /// Its projects.
    pub fn projects(&self) -> Partition<ListedProject> {
        Partition::listed_projects(*self)
    }

    /// A project in its list.
    pub fn listed_project(&self, id: ProjectId) -> Key<ListedProject> {
        Key::listed_project(*self, id)
    }

    /// A user's own projects, each with the time of its last change.
    pub fn listings(&self, user_id: UserId) -> Partition<Listing> {
        Partition::listings(*self, user_id)
    }

    /// Where a task is found by its id alone.
    pub(crate) fn task(&self, id: TaskId) -> Key<TaskPlace> {
        Key::task_place(*self, id)
    }

    /// One of its members.
    pub fn member(&self, user_id: UserId) -> Key<Member> {
        Key::member(*self, user_id)
    }

    /// Its members.
    pub fn members(&self) -> Partition<Member> {
        Partition::members(*self)
    }

    /// One of its members' API keys, as it lists them.
    pub(crate) fn api_key(&self, id: ApiKeyId) -> Key<ListedKey> {
        Key::listed_key(*self, id)
    }

    /// Its members' API keys.
    pub(crate) fn api_keys(&self) -> Partition<ListedKey> {
        Partition::listed_keys(*self)
    }

    /// An invitation into it.
    pub fn invitation(&self, id: InvitationId) -> Key<Invitation> {
        Key::invitation(*self, id)
    }

    /// The invitations into it.
    pub fn invitations(&self) -> Partition<Invitation> {
        Partition::invitations(*self)
    }

    /// Which invitation an address has.
    pub fn invited_address(&self, email: &Email) -> Key<InvitedAddress> {
        Key::invited_address(*self, email)
    }

    /// An export of it.
    pub fn export(&self, id: ExportId) -> Key<Export> {
        Key::export(*self, id)
    }

    /// Its exports.
    pub(crate) fn exports(&self) -> Partition<Export> {
        Partition::exports(*self)
    }

    /// An entry of its audit log.
    pub fn audit_entry(&self, at: Millis, id: AuditId) -> Key<AuditRow> {
        Key::audit(*self, at, id)
    }

    /// A month of its audit log.
    pub fn audit_log(&self, month: Month) -> Partition<AuditRow> {
        Partition::audit_log(*self, month)
    }

    /// How far its own log has come.
    pub(crate) fn log(&self) -> Key<TenantLog> {
        Key::tenant_log(*self)
    }

    /// How far a user's log has come.
    pub(crate) fn user_log(&self, user_id: UserId) -> Key<UserLog> {
        Key::user_log(*self, user_id)
    }

    /// Something that one of its members was told.
    pub fn notification(&self, user_id: UserId, id: NotificationId) -> Key<Notification> {
        Key::notification(*self, user_id, id)
    }

    /// What one of its members was told.
    pub fn notifications(&self, user_id: UserId) -> Partition<Notification> {
        Partition::notifications(*self, user_id)
    }

    /// What one of its members keeps of that.
    pub fn inbox(&self, user_id: UserId) -> Key<Inbox> {
        Key::inbox(*self, user_id)
    }

    /// What a request that may come again was answered.
    pub(crate) fn idempotency_record(&self, hash: &str) -> Key<IdempotencyRecord> {
        Key::idempotency_record(*self, hash)
    }

    /// A user's own projects as they are listed, cached for 300 s.
    pub fn cached_projects(&self, user_id: UserId) -> CacheKey<Vec<Project>> {
        CacheKey::projects(*self, user_id)
    }

    /// The connections of a room.
    pub fn room(&self, room: Room) -> RoomKey {
        RoomKey::new(*self, room)
    }
}
