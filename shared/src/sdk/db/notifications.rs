//! What a user is told: their list, what of it they have read, and of what they are told by email.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::super::dynamo::text;
use super::Db;
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::input::Flag;
use crate::keys::{self, Stored};
use crate::model::id::NotificationId;
use crate::model::notification::{
    AT_ONCE, ByEmail, Inbox, Notification, NotificationPage, NotificationView, NotificationsChosen,
    NotificationsRead, ReadView, Seen,
};
use crate::page::{Cursor, Limit};
use crate::reply::Reply;

/// What a cursor of this list is bound to.
const LIST: &str = "notifications";

/// The index of what has not been read.
const UNREAD: &str = "lsi1";

impl Db {
    /// What a user keeps of their notifications; one read.
    pub async fn inbox(&self, caller: &Principal) -> Result<Inbox> {
        let inbox = self.get(caller.tenant.inbox(caller.user_id)).await?;
        Ok(inbox.map(Stored::into_inner).unwrap_or_default())
    }

    /// A user's notifications, or those that they have not read, the newest first, and how many they have not read. What
    /// is in a project that is no longer there for them is told without its title. Two reads at once, one more of what
    /// has not been read, and one of the projects that they are of.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn notifications(
        &self,
        caller: &Principal,
        unread: Flag,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<NotificationPage> {
        let bound = (caller.user_id, unread.0);
        let after = cursor
            .map(|cursor| cursor.place(LIST, &bound))
            .transpose()?;
        let page = async {
            match unread {
                Flag(true) => self.latest_unread(caller, limit, after).await,
                Flag(false) => self.latest_told(caller, limit, after).await,
            }
        };
        let (inbox, (mut found, end)) = futures::try_join!(self.inbox(caller), page)?;
        let next = end.map(|id| Cursor::new(LIST, &bound, &id));
        let now = self.dynamo.request().clock().now();
        found.retain(|notification| notification.is_live(now));
        let projects = found.iter().map(|notification| notification.project_id);
        let there = self.projects_there(caller, projects.collect()).await?;
        let data = found.into_iter().map(|notification| {
            let is_there = there.contains_key(&notification.project_id);
            NotificationView::of(notification, is_there)
        });
        let next = next.transpose()?;
        Ok(NotificationPage::of(data.collect(), next, inbox.unread))
    }

    /// What a user was told last, or before something, and the last of it behind which there is more; one read.
    async fn latest_told(
        &self,
        caller: &Principal,
        limit: Limit,
        after: Option<NotificationId>,
    ) -> Result<(Vec<Notification>, Option<NotificationId>)> {
        let (tenant, user) = (caller.tenant, caller.user_id);
        let start = after.map(|id| tenant.notification(user, id));
        let list = tenant.notifications(user);
        let mut found = self.dynamo.last(list, start, limit.get() + 1).await?;
        let end = limit.cut(&mut found).map(|end: &Notification| end.id);
        Ok((found, end))
    }

    /// The same of what they have not read; one read of its keys, and one of the rows.
    async fn latest_unread(
        &self,
        caller: &Principal,
        limit: Limit,
        after: Option<NotificationId>,
    ) -> Result<(Vec<Notification>, Option<NotificationId>)> {
        let start = after.map(|id| {
            let mut start = caller.tenant.notification(caller.user_id, id).item();
            let place = keys::unread_place(id);
            start.insert("l1".to_owned(), AttributeValue::S(place));
            start
        });
        let query = self.unread_places(caller, None, limit.get() + 1)?;
        let query = query.scan_index_forward(false);
        let mut ids = unread_ids(query.set_exclusive_start_key(start)).await?;
        let end = limit.cut(&mut ids).copied();
        let found = self.still_unread(caller, &ids).await?;
        Ok((found, end))
    }

    /// Marks notifications of a user's as read, 90 at most; what is not there, or has been read, counts for nothing.
    /// Reads of the user's log, of their row, and of what has not been read, and one transaction if there is any.
    ///
    /// # Errors
    /// 503 if too much happens to their account at once.
    pub async fn read_notifications<T: Serialize>(
        &self,
        caller: &Principal,
        seen: &Seen,
        answer: impl Fn(ReadView) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            // Whoever else marks some as read from here on takes the number that this would take.
            let change = self.user_change(caller).await?;
            let (inbox, (unread, has_more)) =
                futures::try_join!(self.inbox(caller), self.unread(caller, seen))?;
            let view = ReadView {
                read: unread.len(),
                unread: inbox.unread - i64::try_from(unread.len()).unwrap_or_default(),
                has_more,
            };
            if unread.is_empty() {
                return Ok(answer(view));
            }
            if let Some(reply) = self.mark(change, caller, unread, answer(view)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Chooses of what a user is told by email. Two reads and one transaction.
    ///
    /// # Errors
    /// 412 if it is not what the client has seen; 503 if too much happens to their account at once.
    pub async fn choose_notifications<T: Serialize>(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        choose: impl Fn(&mut ByEmail),
        answer: impl Fn(Inbox) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let mut change = self.user_change(caller).await?;
            let before = self.inbox(caller).await?;
            if_match.require(before.version)?;
            let mut inbox = before;
            choose(&mut inbox.email);
            if inbox == before {
                return Ok(answer(inbox));
            }
            inbox.version += 1;
            change.choose(caller.user_id, &inbox);
            change.emit(&NotificationsChosen { email: inbox.email });
            if let Some(reply) = change.commit_as_read_with(answer(inbox)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    async fn mark<T: Serialize>(
        &self,
        mut change: Change,
        caller: &Principal,
        unread: Vec<Notification>,
        reply: Reply<T>,
    ) -> Result<Option<Reply<T>>> {
        let now = change.at();
        let ids = unread.iter().map(|notification| notification.id);
        change.emit(&NotificationsRead { ids: ids.collect() });
        change.count_read(caller.user_id, unread.len());
        for notification in unread {
            let key = caller.tenant.notification(caller.user_id, notification.id);
            change.replace(&key, &notification.read(now));
        }
        change.commit_as_read_with(reply).await
    }

    async fn user_change(&self, caller: &Principal) -> Result<Change> {
        let (tenant, user) = (caller.tenant, caller.user_id);
        let log = self.get(tenant.user_log(user)).await?;
        Ok(Change::of_user(self.dynamo.clone(), tenant, user, log))
    }

    /// Those that have not been read, and whether there are more.
    async fn unread(&self, caller: &Principal, seen: &Seen) -> Result<(Vec<Notification>, bool)> {
        let (ids, has_more) = match seen {
            Seen::These(ids) => (ids.clone(), false),
            Seen::Until(id) => self.unread_until(caller, *id).await?,
        };
        Ok((self.still_unread(caller, &ids).await?, has_more))
    }

    /// Those of some notifications that have not been read; a call, if there are any.
    async fn still_unread(
        &self,
        caller: &Principal,
        ids: &[NotificationId],
    ) -> Result<Vec<Notification>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let key = |id: &NotificationId| caller.tenant.notification(caller.user_id, *id);
        let found = self.get_all(ids.iter().map(key).collect()).await?;
        let mut found: Vec<_> = found.into_iter().map(Stored::into_inner).collect();
        found.retain(|notification: &Notification| notification.read_at.is_none());
        Ok(found)
    }

    async fn unread_until(
        &self,
        caller: &Principal,
        id: NotificationId,
    ) -> Result<(Vec<NotificationId>, bool)> {
        let query = self.unread_places(caller, Some(id), AT_ONCE + 1)?;
        let mut ids = unread_ids(query).await?;
        let has_more = ids.len() > AT_ONCE;
        ids.truncate(AT_ONCE);
        Ok((ids, has_more))
    }

    /// What has not been read, up to and with one if it is named, so many at most: its keys.
    fn unread_places(
        &self,
        caller: &Principal,
        until: Option<NotificationId>,
        most: usize,
    ) -> Result<QueryFluentBuilder> {
        let list = caller.tenant.notifications(caller.user_id);
        let (from, to) = keys::unread_until(until);
        Ok(self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(list.table())?)
            .index_name(UNREAD)
            .key_condition_expression("pk = :pk AND l1 BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(list.pk().to_owned()))
            .expression_attribute_values(":from", AttributeValue::S(from))
            .expression_attribute_values(":to", AttributeValue::S(to))
            .consistent_read(true)
            .limit(i32::try_from(most).unwrap_or(i32::MAX)))
    }
}

/// The ids of what a query of those places finds.
async fn unread_ids(query: QueryFluentBuilder) -> Result<Vec<NotificationId>> {
    let items = query.send().await?.items.unwrap_or_default();
    let ids = items.iter().map(|item| {
        let id = keys::notification_id(text(item, "sk"));
        id.ok_or_else(|| Error::internal("a notification's key has no id"))
    });
    ids.collect()
}
