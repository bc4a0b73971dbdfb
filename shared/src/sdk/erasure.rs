//! Erasing: rows go page by page, each page in one transaction with the report that counts them. So the report is
//! exact, whatever dies, and what remains tells where to go on.
//!
//! `shared/src/sdk/erasure/README.md` tells how a tenant is erased.

mod close;
mod purge;
mod tenant;
mod underway;
mod users;

use std::time::Duration;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};

use super::dynamo::{Dynamo, Item, Transacted, deleting, number, text, updating};
use super::socket::Socket;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::keys::{Any, Key, Partition, Table};
use crate::model::deletion::{Kind, Removed};
use crate::model::due::DueDate;

/// How many rows one transaction removes, beside the report that it counts them in.
const AT_ONCE: usize = 99;

/// Nothing more is begun with less time than this left: it is enough for any one step, and to send on what is left.
const MARGIN: Duration = Duration::from_secs(30);

/// What removes tenants, and projects that were deleted long ago.
#[derive(Clone, Debug)]
pub struct Erasure {
    dynamo: Dynamo,
    storage: Storage,
    socket: Socket,
}

/// What rows are removed with: the tables, and the report that counts them.
#[derive(Debug)]
struct Eraser {
    dynamo: Dynamo,
    report: Key<Any>,
}

/// A row that has to go.
#[derive(Debug)]
struct Doomed {
    key: Key<Any>,
    only: Only,
}

/// On which condition a row goes.
#[derive(Debug, Clone, Copy)]
enum Only {
    /// It is there.
    Existing,
    /// This number of it is what was read.
    Unchanged(&'static str, u64),
    /// None: it may not be there, and is not counted.
    Noted,
}

impl Doomed {
    /// If it is still there.
    fn row<T>(key: &Key<T>) -> Self {
        Self {
            key: key.any(),
            only: Only::Existing,
        }
    }

    /// If nothing has happened in its scope since `seq`.
    fn scope<T>(key: &Key<T>, seq: u64) -> Self {
        Self {
            key: key.any(),
            only: Only::Unchanged("seq", seq),
        }
    }

    /// A row of a partition, and before it what is noted of it elsewhere: the note never stays alone.
    fn behind_its_note(partition: &Partition<Any>, item: &Item) -> impl Iterator<Item = Self> {
        let note = due_note(partition, item).map(|key| Self {
            key,
            only: Only::Noted,
        });
        let row = Self::row(&partition.row(text(item, "sk")));
        note.into_iter().chain([row])
    }
}

impl Erasure {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self {
            storage: Storage::new(dynamo.clone()),
            socket: Socket::new(dynamo.clone()),
            dynamo,
        }
    }
}

impl Eraser {
    /// Whether there is time for one more step.
    fn has_time(&self) -> bool {
        self.dynamo.request().remaining() > MARGIN
    }

    /// Erases all rows of a partition but one that is to go last. Returns whether there was time for it.
    async fn partition(&self, partition: &Partition<Any>, spared: Option<&str>) -> Result<bool> {
        while self.has_time() {
            let page = self.page(partition).await?;
            let doomed = page.iter().filter(|item| Some(text(item, "sk")) != spared);
            let doomed = doomed.flat_map(|item| Doomed::behind_its_note(partition, item));
            let doomed: Vec<_> = doomed.take(AT_ONCE).collect();
            if doomed.is_empty() {
                return Ok(true);
            }
            self.erase(doomed).await?;
        }
        Ok(false)
    }

    /// Erases rows, up to [`AT_ONCE`], all or none: none if one of them is not what it was. Whoever asks looks
    /// again then.
    async fn erase(&self, doomed: Vec<Doomed>) -> Result<bool> {
        if doomed.is_empty() {
            return Ok(true);
        }
        let mut removed = Removed::default();
        let mut parts = Vec::with_capacity(doomed.len() + 1);
        for row in &doomed {
            if !matches!(row.only, Only::Noted) {
                removed.count(Kind::Row, 1);
                if let Some(kind) = row.key.kind() {
                    removed.count(kind, 1);
                }
            }
            parts.push(self.removal(row)?);
        }
        self.counted(parts, &removed).await
    }

    /// Commits `parts` together with what they remove. Returns whether their conditions were met.
    async fn counted(&self, parts: Vec<TransactWriteItem>, removed: &Removed) -> Result<bool> {
        let report = self.counting(removed)?.build().map_err(Error::internal)?;
        self.commit(parts, report).await
    }

    /// The same, and there is nothing left to count.
    async fn closed(&self, parts: Vec<TransactWriteItem>, removed: &Removed) -> Result<bool> {
        let now = self.dynamo.request().clock().now();
        let counting = self.counting(removed)?;
        let added = counting.get_update_expression().clone().unwrap_or_default();
        let report = counting
            .update_expression(format!("SET finished_at = :now, #ttl = :ttl {added}"))
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":now", number(&now))
            .expression_attribute_values(":ttl", number(&close::expiry(now)));
        let report = report.build().map_err(Error::internal)?;
        self.commit(parts, report).await
    }

    async fn commit(&self, mut parts: Vec<TransactWriteItem>, report: Update) -> Result<bool> {
        let last = parts.len();
        parts.push(updating(report));
        match self.dynamo.transact(parts).await? {
            Transacted::Done => Ok(true),
            Transacted::Unmet(part) if part == last => {
                Err(Error::internal("there is no report that is still open"))
            }
            Transacted::Unmet(_) => Ok(false),
        }
    }

    /// Those of some rows that are there, to go; one read for up to 100.
    async fn existing(&self, table: Table, keys: Vec<Key<Any>>) -> Result<Vec<Doomed>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let items = keys.iter().map(Key::item).collect();
        let found = self.dynamo.get_items(table, items).await?;
        let is_there = |key: &Key<Any>| {
            let is_it = |item: &Item| text(item, "pk") == key.pk() && text(item, "sk") == key.sk();
            found.iter().any(is_it)
        };
        Ok(keys
            .iter()
            .filter(|key| is_there(key))
            .map(Doomed::row)
            .collect())
    }

    /// The keys of the first rows of a partition: as many as one transaction may remove beside the spared one.
    async fn page(&self, partition: &Partition<Any>) -> Result<Vec<Item>> {
        let answer = self
            .dynamo
            .query_of(partition)?
            .projection_expression("pk, sk, due_date")
            .limit(i32::try_from(AT_ONCE).unwrap_or(i32::MAX))
            .send()
            .await?;
        Ok(answer.items.unwrap_or_default())
    }

    fn removal(&self, row: &Doomed) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(self.dynamo.table(row.key.table())?)
            .set_key(Some(row.key.item()));
        let delete = match row.only {
            Only::Noted => delete,
            Only::Existing => delete.condition_expression("attribute_exists(pk)"),
            Only::Unchanged(name, value) => delete
                .condition_expression("#name = :value")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":value", number(&value)),
        };
        delete.build().map(deleting).map_err(Error::internal)
    }

    /// The report, which is still open, with so much more in it.
    fn counting(&self, removed: &Removed) -> Result<UpdateBuilder> {
        let mut update = Update::builder()
            .table_name(self.dynamo.table(self.report.table())?)
            .set_key(Some(self.report.item()))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(finished_at)");
        let mut added = Vec::new();
        for (name, count) in removed.counts() {
            added.push(format!("#{name} :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), number(&count));
        }
        Ok(update.update_expression(format!("ADD {}", added.join(", "))))
    }
}

/// The note of when a row is due, if it is a task's that is.
fn due_note(partition: &Partition<Any>, item: &Item) -> Option<Key<Any>> {
    let due_date = item.get("due_date")?.clone();
    let due_date: DueDate = serde_dynamo::from_attribute_value(due_date).ok()?;
    partition.row(text(item, "sk")).note_of_due(due_date)
}
