//! Work on one queue within one transaction.

mod receive;
mod send;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction, params};
use tokio::sync::Notify;

use crate::Options;
use crate::error::SqsError;
use crate::message::Counts;
use crate::store::{Queue, Queues};

pub(crate) struct Work<'a> {
    pub(crate) sql: Transaction<'a>,
    pub(crate) queue: &'a Queue,
    queues: &'a Queues,
    options: &'a Options,
    now: i64,
    /// Whom to tell after the commit.
    arrivals: Vec<Arc<Notify>>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        sql: Transaction<'a>,
        queue: &'a Queue,
        queues: &'a Queues,
        options: &'a Options,
        now: i64,
    ) -> Self {
        Self {
            sql,
            queue,
            queues,
            options,
            now,
            arrivals: Vec::new(),
        }
    }

    pub(crate) fn commit(self) -> Result<(), SqsError> {
        self.sql.commit()?;
        for arrival in self.arrivals {
            arrival.notify_waiters();
        }
        Ok(())
    }

    /// The time from which a message can be received. `None` if the queue is empty.
    pub(crate) fn next_ready_at(&self) -> Result<Option<i64>, SqsError> {
        let earliest = if self.queue.settings.fifo {
            "SELECT MIN(ready_at) FROM message_group WHERE queue = ?1"
        } else {
            "SELECT MIN(visible_at) FROM message WHERE queue = ?1"
        };
        let mut earliest = self.sql.prepare_cached(earliest)?;
        Ok(earliest.query_row([self.queue.id], |row| row.get(0))?)
    }

    pub(crate) fn counts(&self) -> Result<Counts, SqsError> {
        self.drop_expired()?;
        let mut counts = self.sql.prepare_cached(
            "SELECT COUNT(*) FILTER (WHERE visible_at <= ?2),
                    COUNT(*) FILTER (WHERE visible_at > ?2 AND receive_count > 0),
                    COUNT(*) FILTER (WHERE visible_at > ?2 AND receive_count = 0)
             FROM message WHERE queue = ?1",
        )?;
        let counts = counts.query_row(params![self.queue.id, self.now], |row| {
            Ok(Counts {
                visible: row.get(0)?,
                in_flight: row.get(1)?,
                delayed: row.get(2)?,
            })
        })?;
        Ok(counts)
    }

    /// Deletes all messages. What was sent stays known to the deduplication.
    pub(crate) fn purge(&self) -> Result<(), SqsError> {
        let id = self.queue.id;
        self.sql
            .execute("DELETE FROM message WHERE queue = ?1", [id])?;
        self.sql
            .execute("DELETE FROM message_group WHERE queue = ?1", [id])?;
        Ok(())
    }

    /// Deletes the messages whose retention is over.
    fn drop_expired(&self) -> Result<(), SqsError> {
        let limit = self.now - millis(self.queue.settings.retention);
        let mut expired = self.sql.prepare_cached(
            "DELETE FROM message WHERE queue = ?1 AND enqueued_at <= ?2 RETURNING group_id",
        )?;
        let mut groups = expired
            .query_map(params![self.queue.id, limit], |row| row.get(0))?
            .collect::<Result<Vec<Option<String>>, _>>()?;
        drop(expired);
        groups.sort_unstable();
        groups.dedup();
        self.refresh(groups.iter().flatten())
    }

    /// Works out anew when the next message of these groups can be received: not before their first
    /// message is visible, and not while any of them is in flight.
    fn refresh<'g>(&self, groups: impl Iterator<Item = &'g String>) -> Result<(), SqsError> {
        if !self.queue.settings.fifo {
            return Ok(());
        }
        let id = self.queue.id;
        let mut first = self.sql.prepare_cached(
            "SELECT visible_at FROM message WHERE queue = ?1 AND group_id = ?2 ORDER BY seq LIMIT 1",
        )?;
        let mut locked_until = self.sql.prepare_cached(
            "SELECT MAX(visible_at) FROM message
             WHERE queue = ?1 AND group_id = ?2 AND receive_count > 0",
        )?;
        for group in groups {
            let of_group = params![id, group];
            let visible_at: Option<i64> = first.query_row(of_group, |row| row.get(0)).optional()?;
            let Some(visible_at) = visible_at else {
                self.sql
                    .prepare_cached("DELETE FROM message_group WHERE queue = ?1 AND name = ?2")?
                    .execute(of_group)?;
                continue;
            };
            let locked_until: Option<i64> = locked_until.query_row(of_group, |row| row.get(0))?;
            let ready_at = locked_until.unwrap_or(visible_at).max(visible_at);
            self.sql
                .prepare_cached("INSERT OR REPLACE INTO message_group VALUES (?1, ?2, ?3)")?
                .execute(params![id, group, ready_at])?;
        }
        Ok(())
    }

    fn after(&self, duration: Duration) -> i64 {
        self.now.saturating_add(millis(duration))
    }

    fn announce(&mut self, queue: &Queue) {
        self.arrivals.push(queue.arrival.clone());
    }
}

/// A message's place in a FIFO queue, as the service writes it.
fn sequence_number(seq: i64) -> String {
    format!("{seq:020}")
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
