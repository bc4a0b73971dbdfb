//! Sending, and what was sent before.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{Work, millis, sequence_number};
use crate::digest;
use crate::error::SqsError;
use crate::message::{NewMessage, Sent};

const DEDUPLICATION_INTERVAL: Duration = Duration::from_mins(5);

impl Work<'_> {
    pub(crate) fn send(&mut self, message: &NewMessage) -> Result<Sent, SqsError> {
        message.check(&self.queue.settings)?;
        if !self.queue.settings.fifo {
            let (message_id, _) = self.enqueue(message, None)?;
            return Ok(Sent {
                message_id,
                sequence_number: None,
            });
        }
        let (message_id, seq) = self.send_once(message)?;
        Ok(Sent {
            message_id,
            sequence_number: Some(sequence_number(seq)),
        })
    }

    /// Enqueues the message unless it was sent within the last minutes; the first one's id and place.
    fn send_once(&mut self, message: &NewMessage) -> Result<(String, i64), SqsError> {
        let group = message.group.as_deref().unwrap_or_default();
        let scope = if self.queue.settings.deduplication_per_group {
            group
        } else {
            ""
        };
        let id = message
            .deduplication_id
            .clone()
            .unwrap_or_else(|| digest::sha256_of_text(&message.body));

        self.forget_old_sends()?;
        if let Some(first) = self.sent_before(scope, &id)? {
            return Ok(first);
        }
        let (message_id, seq) = self.enqueue(message, Some(&id))?;
        self.sql
            .prepare_cached("INSERT INTO deduplication VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![self.queue.id, scope, id, message_id, seq, self.now])?;
        // A group that has messages already keeps its time: they come before this one.
        self.sql
            .prepare_cached("INSERT INTO message_group VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
            .execute(params![
                self.queue.id,
                group,
                self.after(self.queue.settings.delay)
            ])?;
        Ok((message_id, seq))
    }

    fn enqueue(
        &mut self,
        message: &NewMessage,
        deduplication_id: Option<&str>,
    ) -> Result<(String, i64), SqsError> {
        let settings = &self.queue.settings;
        let delay = match message.delay {
            Some(delay) if !settings.fifo => delay,
            _ => settings.delay,
        };
        let attributes = (!message.attributes.is_empty()).then(|| {
            serde_json::to_string(&message.attributes).expect("attributes are plain data")
        });
        let id = Uuid::new_v4().to_string();
        self.sql
            .prepare_cached(
                "INSERT INTO message (queue, id, group_id, deduplication_id, trace_header,
                                      sent_at, enqueued_at, visible_at, attributes, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                self.queue.id,
                id,
                message.group,
                deduplication_id,
                message.trace_header,
                self.now,
                self.after(delay),
                attributes,
                message.body,
            ])?;
        let seq = self.sql.last_insert_rowid();
        self.announce(self.queue);
        Ok((id, seq))
    }

    fn sent_before(&self, scope: &str, id: &str) -> Result<Option<(String, i64)>, SqsError> {
        let mut first = self.sql.prepare_cached(
            "SELECT message_id, seq FROM deduplication WHERE queue = ?1 AND scope = ?2 AND id = ?3",
        )?;
        let first = first.query_row(params![self.queue.id, scope, id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(first.optional()?)
    }

    fn forget_old_sends(&self) -> Result<(), SqsError> {
        self.sql
            .prepare_cached("DELETE FROM deduplication WHERE sent_at <= ?1")?
            .execute([self.now - millis(DEDUPLICATION_INTERVAL)])?;
        Ok(())
    }
}
