//! What a receiver does with a message: delete it, or decide when it is seen again.

use std::fmt;
use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::{Work, millis};
use crate::error::{Code, SqsError};
use crate::settings::MAX_VISIBILITY;

/// Names one receive of one message.
pub(crate) struct Receipt<'a> {
    pub(crate) message_id: &'a str,
    pub(crate) seq: i64,
    pub(crate) receive_count: u32,
}

/// The message that a receiver holds, as it stands now.
struct Held {
    seq: i64,
    group: Option<String>,
    visible_at: i64,
    received_at: i64,
    /// Whether no later receive has come since.
    latest: bool,
}

impl Work<'_> {
    /// Deletes a received message. Done already: fine. With a receipt that has expired, a standard
    /// queue does what it can, and a FIFO queue refuses.
    pub(crate) fn delete(&mut self, receipt: &str) -> Result<(), SqsError> {
        let Some(message) = self.held(receipt)? else {
            return Ok(());
        };
        let fifo = self.queue.settings.fifo;
        if fifo && (!message.latest || message.visible_at <= self.now) {
            return Err(SqsError::invalid(
                "ReceiptHandle",
                receipt,
                "The receipt handle has expired",
            ));
        }
        if !message.latest {
            return Ok(());
        }
        self.remove(message.seq)?;
        self.refresh(message.group.iter())?;
        if fifo {
            self.announce(self.queue);
        }
        Ok(())
    }

    /// Hides a message in flight for `visibility` from now on; with 0 it can be received at once.
    pub(crate) fn change_visibility(
        &mut self,
        receipt: &str,
        visibility: Duration,
    ) -> Result<(), SqsError> {
        let refuse = |reason| {
            Err(SqsError::invalid(
                "VisibilityTimeout",
                visibility.as_secs(),
                reason,
            ))
        };
        if visibility > MAX_VISIBILITY {
            return refuse("Must be between 0 and 43200");
        }
        let Some(message) = self.held(receipt)?.filter(|message| message.latest) else {
            return Err(SqsError::invalid(
                "ReceiptHandle",
                receipt,
                "Message does not exist or is not available for visibility timeout change",
            ));
        };
        if message.visible_at <= self.now {
            return Err(SqsError::new(
                Code::MessageNotInflight,
                "The message is not in flight.",
            ));
        }
        let visible_at = self.after(visibility);
        if visible_at > message.received_at + millis(MAX_VISIBILITY) {
            return refuse(
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            );
        }
        self.sql
            .prepare_cached("UPDATE message SET visible_at = ?2 WHERE seq = ?1")?
            .execute(params![message.seq, visible_at])?;
        self.refresh(message.group.iter())?;
        self.announce(self.queue);
        Ok(())
    }

    /// Makes visible what is in flight for no more than the queue's own timeout. What a receiver put off on
    /// purpose keeps its time.
    pub(crate) fn release(&mut self) -> Result<(), SqsError> {
        let timeout = millis(self.queue.settings.visibility_timeout);
        let groups: Vec<Option<String>> = self
            .sql
            .prepare_cached(
                "UPDATE message SET visible_at = ?2
                 WHERE queue = ?1 AND receive_count > 0 AND visible_at > ?2
                     AND visible_at = received_at + ?3
                 RETURNING group_id",
            )?
            .query_map(params![self.queue.id, self.now, timeout], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.refresh(groups.iter().flatten())?;
        self.announce(self.queue);
        Ok(())
    }

    pub(super) fn remove(&self, seq: i64) -> Result<(), SqsError> {
        self.sql
            .prepare_cached("DELETE FROM message WHERE seq = ?1")?
            .execute([seq])?;
        Ok(())
    }

    /// `None` if the message is gone.
    fn held(&self, receipt: &str) -> Result<Option<Held>, SqsError> {
        let receipt = Receipt::parse(receipt)?;
        let mut held = self.sql.prepare_cached(
            "SELECT group_id, visible_at, received_at, receive_count FROM message
             WHERE seq = ?1 AND queue = ?2 AND id = ?3 AND receive_count > 0",
        )?;
        let held = held.query_row(
            params![receipt.seq, self.queue.id, receipt.message_id],
            |row| {
                Ok(Held {
                    seq: receipt.seq,
                    group: row.get(0)?,
                    visible_at: row.get(1)?,
                    received_at: row.get(2)?,
                    latest: row.get::<_, u32>(3)? == receipt.receive_count,
                })
            },
        );
        Ok(held.optional()?)
    }
}

impl<'a> Receipt<'a> {
    fn parse(text: &'a str) -> Result<Self, SqsError> {
        Self::read(text).ok_or_else(|| {
            SqsError::new(
                Code::ReceiptHandleIsInvalid,
                "The input receipt handle is invalid.",
            )
        })
    }

    fn read(text: &'a str) -> Option<Self> {
        let (seq, rest) = text.split_once('.')?;
        let (receive_count, message_id) = rest.split_once('.')?;
        Some(Self {
            message_id,
            seq: seq.parse().ok()?,
            receive_count: receive_count.parse().ok()?,
        })
    }
}

impl fmt::Display for Receipt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}.{}.{}", self.seq, self.receive_count, self.message_id)
    }
}
