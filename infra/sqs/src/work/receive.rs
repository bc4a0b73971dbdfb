//! Receiving: which messages come next, and which have come too often.

use std::time::Duration;

use rusqlite::{Row, params, types::Type};

use super::{Work, sequence_number};
use crate::error::SqsError;
use crate::message::Message;
use crate::settings::MAX_VISIBILITY;
use crate::store::Queue;
use crate::work::settle::Receipt;

/// A message that is next.
struct Next {
    seq: i64,
    group: Option<String>,
    receive_count: u32,
}

/// The messages that a receive takes: `deliveries` of them, and those that go to the dead-letter
/// queue instead.
struct Taken<'a> {
    wanted: usize,
    dead_letters: Option<(&'a Queue, u32)>,
    deliveries: Vec<Next>,
    dead: Vec<Next>,
}

impl<'a> Work<'a> {
    /// Takes up to `max` messages and hides them for `visibility`, or for the queue's own timeout.
    /// In a FIFO queue a group comes in its order, and its lock holds for what others receive.
    pub(crate) fn receive(
        &mut self,
        max: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<Message>, SqsError> {
        let visibility = visibility.unwrap_or(self.queue.settings.visibility_timeout);
        if visibility > MAX_VISIBILITY {
            return Err(SqsError::invalid(
                "VisibilityTimeout",
                visibility.as_secs(),
                "Must be between 0 and 43200",
            ));
        }
        self.drop_expired()?;

        let mut taken = Taken {
            wanted: max,
            dead_letters: self.dead_letters(),
            deliveries: Vec::new(),
            dead: Vec::new(),
        };
        if self.queue.settings.fifo {
            self.take_groups(&mut taken)?;
        } else {
            self.take_visible(&mut taken)?;
        }

        if let Some((dead_letters, _)) = taken.dead_letters {
            for next in &taken.dead {
                self.bury(next, dead_letters)?;
            }
        }
        let visible_at = self.after(visibility);
        let messages = taken
            .deliveries
            .iter()
            .map(|next| self.deliver(next, visible_at))
            .collect::<Result<_, _>>()?;

        let mut groups: Vec<_> = taken
            .touched()
            .filter_map(|next| next.group.as_ref())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        self.refresh(groups.into_iter())?;
        Ok(messages)
    }

    fn take_visible(&self, taken: &mut Taken) -> Result<(), SqsError> {
        let mut visible = self.sql.prepare_cached(
            "SELECT seq, receive_count FROM message
             WHERE queue = ?1 AND visible_at <= ?2 ORDER BY visible_at, receive_count, seq",
        )?;
        let mut visible = visible.query(params![self.queue.id, self.now])?;
        while taken.wants_more()
            && let Some(row) = visible.next()?
        {
            taken.push(Next {
                seq: row.get(0)?,
                group: None,
                receive_count: row.get(1)?,
            });
        }
        Ok(())
    }

    fn take_groups(&self, taken: &mut Taken) -> Result<(), SqsError> {
        let mut ready = self.sql.prepare_cached(
            "SELECT name FROM message_group WHERE queue = ?1 AND ready_at <= ?2 ORDER BY ready_at",
        )?;
        let mut in_order = self.sql.prepare_cached(
            "SELECT seq, receive_count, visible_at FROM message
             WHERE queue = ?1 AND group_id = ?2 ORDER BY seq",
        )?;
        let mut ready = ready.query(params![self.queue.id, self.now])?;
        while taken.wants_more()
            && let Some(row) = ready.next()?
        {
            let group: String = row.get(0)?;
            let mut in_order = in_order.query(params![self.queue.id, group])?;
            while taken.wants_more()
                && let Some(row) = in_order.next()?
            {
                if row.get::<_, i64>(2)? > self.now {
                    break;
                }
                taken.push(Next {
                    seq: row.get(0)?,
                    group: Some(group.clone()),
                    receive_count: row.get(1)?,
                });
            }
        }
        Ok(())
    }

    fn deliver(&self, next: &Next, visible_at: i64) -> Result<Message, SqsError> {
        let mut deliver = self.sql.prepare_cached(
            "UPDATE message
             SET visible_at = ?2, receive_count = receive_count + 1, received_at = ?3,
                 first_received_at = IFNULL(first_received_at, ?3)
             WHERE seq = ?1
             RETURNING seq, id, receive_count, earlier_receives, body, attributes, sent_at,
                       first_received_at, group_id, deduplication_id, trace_header, source",
        )?;
        let message = deliver.query_row(params![next.seq, visible_at, self.now], |row| {
            self.message(row)
        })?;
        Ok(message)
    }

    fn message(&self, row: &Row) -> rusqlite::Result<Message> {
        let (seq, id, receive_count): (i64, String, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let attributes: Option<String> = row.get(5)?;
        let attributes = attributes
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(5, Type::Text, error.into())
            })?;
        let source: Option<String> = row.get(11)?;
        Ok(Message {
            receipt: Receipt {
                seq,
                receive_count,
                message_id: &id,
            }
            .to_string(),
            id,
            body: row.get(4)?,
            attributes: attributes.unwrap_or_default(),
            sent_at: row.get(6)?,
            first_received_at: row.get(7)?,
            receive_count: receive_count + row.get::<_, u32>(3)?,
            group: row.get(8)?,
            deduplication_id: row.get(9)?,
            sequence_number: self.queue.settings.fifo.then(|| sequence_number(seq)),
            trace_header: row.get(10)?,
            dead_letter_source: source.map(|name| self.options.arn(&name)),
            sender: self.options.account.clone(),
        })
    }

    /// The queue that takes what was received too often, and how often that is. `None` also if that
    /// queue is gone: messages are then redelivered for as long as they are retained.
    fn dead_letters(&self) -> Option<(&'a Queue, u32)> {
        let redrive = self.queue.settings.redrive.as_ref()?;
        let queue = self.queues.get(&redrive.dead_letter_queue);
        if queue.is_none() {
            tracing::warn!(
                queue = self.queue.settings.name,
                dead_letter_queue = redrive.dead_letter_queue,
                "the dead-letter queue does not exist"
            );
        }
        Some((queue?, redrive.max_receive_count))
    }

    /// Moves a message to the dead-letter queue, where it keeps all but its place. Its age goes on
    /// in a standard queue and begins anew in a FIFO queue.
    fn bury(&mut self, next: &Next, dead_letters: &Queue) -> Result<(), SqsError> {
        let restart = dead_letters.settings.fifo.then_some(self.now);
        self.sql
            .prepare_cached(
                "INSERT INTO message (queue, id, group_id, deduplication_id, trace_header, source,
                     sent_at, enqueued_at, visible_at, first_received_at, earlier_receives,
                     attributes, body)
                 SELECT ?2, id, group_id, deduplication_id, trace_header, ?3,
                     sent_at, IFNULL(?4, enqueued_at), ?5, first_received_at,
                     earlier_receives + receive_count, attributes, body
                 FROM message WHERE seq = ?1",
            )?
            .execute(params![
                next.seq,
                dead_letters.id,
                self.queue.settings.name,
                restart,
                self.now
            ])?;
        if let Some(group) = &next.group {
            self.sql
                .prepare_cached(
                    "INSERT INTO message_group VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![dead_letters.id, group, self.now])?;
        }
        self.remove(next.seq)?;
        self.announce(dead_letters);
        Ok(())
    }
}

impl Taken<'_> {
    fn wants_more(&self) -> bool {
        self.deliveries.len() < self.wanted
    }

    fn push(&mut self, next: Next) {
        let received_in_vain = self
            .dead_letters
            .is_some_and(|(_, max_receive_count)| next.receive_count >= max_receive_count);
        if received_in_vain {
            self.dead.push(next);
        } else {
            self.deliveries.push(next);
        }
    }

    fn touched(&self) -> impl Iterator<Item = &Next> {
        self.deliveries.iter().chain(&self.dead)
    }
}
