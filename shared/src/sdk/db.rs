//! Tenants' rows, by keys that the tenant minted.

pub(crate) mod access;
mod bulk;
mod comments;
mod due;
mod events;
mod expanded;
mod fitting;
mod labels;
mod lists;
mod members;
mod moves;
mod notifications;
mod parents;
mod projects;
mod sharing;
mod tasks;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

pub use self::access::OpenProject;
pub use self::fitting::Assignee;
pub use self::tasks::Edit;
use super::change::Change;
use super::dynamo::{Dynamo, Item, from_item, met, number, text};
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{self, Key, Partition, RoomKey, Row, Stored, Table};
use crate::model::id::UserId;
use crate::model::log::LogEntry;
use crate::model::project::{Listing, Project};
use crate::model::realtime::Room;
use crate::tenant::Tenant;

/// The most keys that one call reads.
pub const BATCH: usize = 100;

/// The table `Data`.
#[derive(Clone, Debug)]
pub struct Db {
    dynamo: Dynamo,
}

impl Db {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// A row, strongly consistent; one read.
    pub async fn get<T: Row>(&self, key: Key<T>) -> Result<Option<Stored<T>>> {
        self.dynamo.get(key).await
    }

    /// A row that has to be there, strongly consistent; one read.
    ///
    /// # Errors
    /// 404 in the words of its type if it is not, or is another tenant's.
    pub async fn load<T: Row>(&self, key: Key<T>) -> Result<Stored<T>> {
        self.get(key)
            .await?
            .ok_or_else(|| Error::not_found(T::MISSING))
    }

    /// The number of a room's last event; one read.
    ///
    /// # Errors
    /// 404 if the room is not there, or not for the caller.
    pub async fn seq(&self, caller: &Principal, room: Room) -> Result<u64> {
        match room {
            Room::Project(id) => Ok(self.project(caller, id).await?.seq),
            Room::User(id) if id == caller.user_id => self.user_seq(&caller.tenant, id).await,
            Room::Tenant => Ok(self.load(caller.tenant.log()).await?.seq),
            Room::User(_) => Err(Error::not_found(Room::MISSING)),
        }
    }

    /// The rows of at most [`BATCH`] keys that are there, in the order of the keys; one call.
    pub async fn get_all<T: Row>(&self, keys: Vec<Key<T>>) -> Result<Vec<Stored<T>>> {
        let items = keys.iter().map(Key::item).collect();
        let mut found = self.dynamo.get_items(Table::Data, items).await?;
        keys.into_iter()
            .filter_map(|key| {
                let at = found.iter().position(|item| {
                    text(item, "pk") == key.pk() && text(item, "sk") == key.sk()
                })?;
                let item = found.swap_remove(at);
                Some(from_item(item).map(|row| key.stores(row)))
            })
            .collect()
    }

    /// A user's projects, the most recently changed first, at most [`BATCH`]; two calls.
    pub async fn own_projects(
        &self,
        caller: &Principal,
        listings: Partition<Listing>,
    ) -> Result<Vec<Project>> {
        let keys = self
            .latest(listings)
            .await?
            .into_iter()
            .map(|id| id.parse().map(|id| caller.tenant.project(id)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| Error::internal("a listing's key is no project's id"))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let projects = self.get_all(keys).await?.into_iter();
        let seen = projects.filter_map(|project| access::seen(caller, Some(project)));
        Ok(seen.map(Stored::into_inner).collect())
    }

    /// The events of a room's log after `after`, up to and with `until`, in order; one call for each
    /// 65,536 and each 1 MB of them.
    pub async fn events(&self, room: &RoomKey, after: u64, until: u64) -> Result<Vec<LogEntry>> {
        let mut entries = Vec::new();
        for stretch in keys::events(room, after, until) {
            let mut pages = self.stretch(stretch)?.into_paginator().send();
            while let Some(page) = pages.next().await {
                for item in page?.items.unwrap_or_default() {
                    entries.push(from_item(item)?);
                }
            }
        }
        Ok(entries)
    }

    /// The events of a room's log after `after`, up to and with `until`, in order, as many as one call reads; none if
    /// there are none.
    pub async fn some_events(
        &self,
        room: &RoomKey,
        after: u64,
        until: u64,
    ) -> Result<Vec<LogEntry>> {
        for stretch in keys::events(room, after, until) {
            let answer = self.stretch(stretch)?.send().await?;
            let items = answer.items.unwrap_or_default();
            if !items.is_empty() {
                return items.into_iter().map(from_item).collect();
            }
        }
        Ok(Vec::new())
    }

    /// The number of the last event of a tenant's own log; one read.
    pub async fn tenant_seq(&self, tenant: &Tenant) -> Result<u64> {
        Ok(self.get(tenant.log()).await?.map_or(0, |log| log.seq))
    }

    /// The number of the last event of a user's log; one read.
    pub async fn user_seq(&self, tenant: &Tenant, user_id: UserId) -> Result<u64> {
        let log = self.get(tenant.user_log(user_id)).await?;
        Ok(log.map_or(0, |log| log.seq))
    }

    /// The rows of a partition from the first one on, or from behind `start`, at most `most` and as many as one call
    /// reads, and whether there are more.
    pub async fn page<T: Row>(
        &self,
        partition: &Partition<T>,
        start: Option<Key<T>>,
        most: Option<usize>,
    ) -> Result<(Vec<T>, bool)> {
        self.dynamo.page(partition, start, most).await
    }

    /// A change in a project: rows, counters, `seq` and event, all or nothing.
    pub fn change(&self, project: &OpenProject, caller: &Principal) -> Change {
        Change::of(self.dynamo.clone(), (**project).clone(), caller)
    }

    /// The change that makes a project: its `seq` begins at 1.
    pub fn found(&self, project: Project, caller: &Principal) -> Change {
        let key = caller.tenant.project(project.id);
        self.shows(caller, &project);
        Change::founding(self.dynamo.clone(), key.stores(project), caller)
    }

    /// Writes a derived row, one that can be made again from what the log holds.
    pub async fn put_derived<T: Row>(&self, key: &Key<T>, row: &T) -> Result<()> {
        self.dynamo.put(key, row).await
    }

    /// Removes a derived row, whether it is there or not.
    pub async fn remove_derived<T: Row>(&self, key: &Key<T>) -> Result<()> {
        self.dynamo.delete(key).await
    }

    /// Notes that a task of a project has only now been indexed: what was found without it is no longer
    /// taken from the cache.
    pub async fn indexed_late(&self, project: &Stored<Project>) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let outcome = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(Table::Data)?)
            .set_key(Some(project.key().item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET indexed_late_at = :now")
            .expression_attribute_values(":now", number(&now))
            .send()
            .await;
        met(outcome).map(|_still_there| ())
    }

    /// A query of a stretch of a partition: its key, the first sort key and the last.
    fn stretch(&self, (pk, first, last): (String, String, String)) -> Result<QueryFluentBuilder> {
        Ok(self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Data)?)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .expression_attribute_values(":first", AttributeValue::S(first))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .consistent_read(true))
    }

    /// The ids at the end of the sort keys, newest first by the index `lsi1`.
    async fn latest(&self, listings: Partition<Listing>) -> Result<Vec<String>> {
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(listings.table())?)
            .index_name("lsi1")
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(listings.pk().to_owned()))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(BATCH).unwrap_or(i32::MAX))
            .send()
            .await?;
        Ok(answer
            .items
            .unwrap_or_default()
            .iter()
            .map(|item: &Item| {
                text(item, "sk")
                    .trim_start_matches(listings.prefix())
                    .to_owned()
            })
            .collect())
    }
}
