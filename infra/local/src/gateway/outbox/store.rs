//! The outbox's file.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;
use shared::sdk::clock::Millis;
use uuid::Uuid;

use super::Email;

/// How long the mail service remembers an idempotency key: 24 hours.
const KEY_LIFETIME: Millis = 24 * 60 * 60 * 1000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    -- With a write-ahead log this loses nothing when the process dies, only when the machine does.
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS emails (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        recipients TEXT NOT NULL,
        sender TEXT NOT NULL,
        subject TEXT NOT NULL,
        html TEXT,
        text TEXT,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS idempotency_keys (
        key TEXT PRIMARY KEY,
        payload TEXT NOT NULL,
        email_id TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS idempotency_keys_by_time ON idempotency_keys (at);
";

/// The file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the outbox: {0}")]
pub struct OutboxError(String);

/// What came of a mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// It is stored, now or under the same key before.
    As(String),
    /// Its key was used for another payload.
    KeyReused,
}

#[derive(Clone)]
pub(super) struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    pub(super) fn open(file: &Path) -> Result<Self, OutboxError> {
        let connection = Connection::open(file)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// All mail, newest first.
    pub(super) async fn all(&self) -> Result<Vec<Email>, OutboxError> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT recipients, sender, subject, html, text, at FROM emails
                 ORDER BY position DESC",
            )?;
            let emails = statement.query_map([], |row| {
                let recipients: String = row.get(0)?;
                Ok(Email {
                    to: serde_json::from_str(&recipients).unwrap_or_else(|_| vec![recipients]),
                    from: row.get(1)?,
                    subject: row.get(2)?,
                    html: row.get(3)?,
                    text: row.get(4)?,
                    at: row.get(5)?,
                })
            })?;
            Ok(emails.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Stores a mail with its key, both or neither.
    pub(super) async fn accept(
        &self,
        email: Email,
        key: Option<String>,
        payload: String,
    ) -> Result<Accepted, OutboxError> {
        self.run(move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if let Some(key) = &key
                && let Some(before) = earlier(&transaction, key, &payload, email.at)?
            {
                return Ok(before);
            }
            let id = Uuid::new_v4().to_string();
            insert(&transaction, &id, &email)?;
            if let Some(key) = &key {
                transaction
                    .prepare_cached(
                        "INSERT INTO idempotency_keys (key, payload, email_id, at)
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![key, payload, id, email.at])?;
            }
            transaction.commit()?;
            Ok(Accepted::As(id))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, OutboxError> + Send + 'static,
    ) -> Result<T, OutboxError> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await.map_err(|error| OutboxError(error.to_string()))?
    }
}

/// What became of an earlier request with `key`, among those that are still remembered.
fn earlier(
    transaction: &Transaction<'_>,
    key: &str,
    payload: &str,
    now: Millis,
) -> Result<Option<Accepted>, OutboxError> {
    transaction
        .prepare_cached("DELETE FROM idempotency_keys WHERE at <= ?1")?
        .execute([now - KEY_LIFETIME])?;
    let before = transaction
        .prepare_cached("SELECT payload, email_id FROM idempotency_keys WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
        .optional()?;
    // Compared as values: the order of a payload's fields says nothing.
    let value = |text: &str| serde_json::from_str::<Value>(text).ok();
    Ok(before.map(|(before, id)| {
        if value(&before) == value(payload) {
            Accepted::As(id)
        } else {
            Accepted::KeyReused
        }
    }))
}

fn insert(transaction: &Transaction<'_>, id: &str, email: &Email) -> Result<(), OutboxError> {
    let recipients = Value::from(email.to.clone()).to_string();
    transaction
        .prepare_cached(
            "INSERT INTO emails (id, recipients, sender, subject, html, text, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id,
            recipients,
            email.from,
            email.subject,
            email.html,
            email.text,
            email.at
        ])?;
    Ok(())
}

impl From<rusqlite::Error> for OutboxError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.to_string())
    }
}
