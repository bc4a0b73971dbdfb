//! What a user is told in a tenant: a list, and one row for all that is kept of it.

use std::marker::PhantomData;

use super::erased::Any;
use super::lists::all_behind;
use super::{Key, Partition, Row, Table, sortable};
use crate::model::due::DueDate;
use crate::model::id::{NotificationId, TaskId, UserId};
use crate::model::notification::{DueTold, Inbox, Notification};
use crate::tenant::Tenant;

/// What stands in `l1` of what has not been read: it leaves the index when it has.
const UNREAD: &str = "UNREAD#";

impl Row for Notification {
    const MISSING: &'static str = "Notification not found";

    fn indexes(&self) -> Vec<(&'static str, String)> {
        match self.read_at {
            Some(_) => Vec::new(),
            None => vec![("l1", unread_place(self.id))],
        }
    }
}

impl Row for Inbox {}

impl Row for DueTold {}

impl Key<Notification> {
    pub(crate) fn notification(tenant: Tenant, user: UserId, id: NotificationId) -> Self {
        Self::data(tenant, pk(tenant, user), format!("NOTE#{id}"))
    }
}

impl Key<Inbox> {
    pub(crate) fn inbox(tenant: Tenant, user: UserId) -> Self {
        Self::data(tenant, pk(tenant, user), "INBOX".to_owned())
    }
}

impl Key<DueTold> {
    pub(crate) fn due_told(tenant: Tenant, user: UserId, task: TaskId, due: DueDate) -> Self {
        let sk = format!("DUE#{task}#{}", sortable(due.at()));
        Self::data(tenant, pk(tenant, user), sk)
    }
}

impl Partition<Notification> {
    pub(crate) fn notifications(tenant: Tenant, user: UserId) -> Self {
        Self {
            table: Table::Data,
            pk: pk(tenant, user),
            prefix: "NOTE#",
            row: PhantomData,
        }
    }
}

impl Partition<Any> {
    /// What a user was told in a tenant.
    pub(crate) fn told(tenant: Tenant, user: UserId) -> Self {
        Self {
            table: Table::Data,
            pk: pk(tenant, user),
            prefix: "",
            row: PhantomData,
        }
    }
}

/// The place in `l1` of what has not been read.
pub(crate) fn unread_place(id: NotificationId) -> String {
    format!("{UNREAD}{id}")
}

/// All those places, up to and with that of one if it is named.
pub(crate) fn unread_until(id: Option<NotificationId>) -> (String, String) {
    let (first, last) = all_behind(UNREAD);
    (first, id.map_or(last, unread_place))
}

/// The id of a notification, by its sort key.
pub(crate) fn notification_id(sk: &str) -> Option<NotificationId> {
    sk.strip_prefix("NOTE#")?.parse().ok()
}

fn pk(tenant: Tenant, user: UserId) -> String {
    format!("T#{}#U#{user}#N", tenant.id())
}
