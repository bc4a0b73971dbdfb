//! The database: its schema, the queues in it, and the transaction that every operation runs in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params, types::Type};
use tokio::sync::Notify;

use crate::Options;
use crate::error::{OpenError, SqsError};
use crate::settings::QueueSettings;
use crate::work::Work;

const FORMAT: i64 = 1;

/// `message_group` holds the groups of FIFO queues that have messages. `ready_at` is the time from
/// which a group's first message can be received; it stands there so that a receive need not look
/// through the messages of groups that are locked. A message has been received from its present queue
/// if its `receive_count` is not 0; receives from queues before it are `earlier_receives`.
const SCHEMA: &str = "
    CREATE TABLE queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        settings TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        modified_at INTEGER NOT NULL
    );
    CREATE TABLE message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL,
        id TEXT NOT NULL,
        group_id TEXT,
        deduplication_id TEXT,
        trace_header TEXT,
        source TEXT,
        sent_at INTEGER NOT NULL,
        enqueued_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        received_at INTEGER,
        first_received_at INTEGER,
        receive_count INTEGER NOT NULL DEFAULT 0,
        earlier_receives INTEGER NOT NULL DEFAULT 0,
        attributes TEXT,
        body TEXT NOT NULL
    );
    CREATE INDEX message_by_visibility ON message (queue, visible_at, receive_count);
    CREATE INDEX message_by_age ON message (queue, enqueued_at);
    CREATE INDEX message_by_group ON message (queue, group_id) WHERE group_id IS NOT NULL;
    CREATE INDEX message_received_by_group ON message (queue, group_id, visible_at)
        WHERE group_id IS NOT NULL AND receive_count > 0;
    CREATE TABLE message_group (
        queue INTEGER NOT NULL,
        name TEXT NOT NULL,
        ready_at INTEGER NOT NULL,
        PRIMARY KEY (queue, name)
    ) WITHOUT ROWID;
    CREATE INDEX message_group_by_readiness ON message_group (queue, ready_at);
    CREATE TABLE deduplication (
        queue INTEGER NOT NULL,
        scope TEXT NOT NULL,
        id TEXT NOT NULL,
        message_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        sent_at INTEGER NOT NULL,
        PRIMARY KEY (queue, scope, id)
    ) WITHOUT ROWID;
    CREATE INDEX deduplication_by_age ON deduplication (sent_at);
";

pub(crate) struct Store {
    connection: Connection,
    queues: Queues,
    options: Options,
}

/// By name.
pub(crate) type Queues = BTreeMap<String, Queue>;

pub(crate) struct Queue {
    pub(crate) id: i64,
    pub(crate) settings: QueueSettings,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    /// Tells those who wait for a message that one may have become receivable.
    pub(crate) arrival: Arc<Notify>,
}

impl Store {
    pub(crate) fn open(file: &Path, options: Options) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database {
            file: file.to_owned(),
            source,
        };
        let mut connection = Connection::open(file).map_err(failed)?;
        let found = prepare(&mut connection).map_err(failed)?;
        if found > FORMAT {
            return Err(OpenError::Newer {
                file: file.to_owned(),
                found,
            });
        }
        let queues = read_queues(&connection).map_err(failed)?;
        Ok(Self {
            connection,
            queues,
            options,
        })
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    pub(crate) fn queue(&self, name: &str) -> Result<&Queue, SqsError> {
        self.queues
            .get(name)
            .ok_or_else(|| SqsError::no_such_queue(name))
    }

    /// Makes the queue, or gives it these settings.
    pub(crate) fn put_queue(&mut self, settings: &QueueSettings, now: i64) -> Result<(), SqsError> {
        settings.check()?;
        let text = serde_json::to_string(settings).expect("settings are plain data");
        let (id, created_at) = self.connection.query_row(
            "INSERT INTO queue (name, settings, created_at, modified_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (name) DO UPDATE SET settings = ?2, modified_at = ?3
             RETURNING id, created_at",
            params![settings.name, text, now],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let known = self.queues.get(&settings.name);
        let queue = Queue {
            id,
            settings: settings.clone(),
            created_at,
            modified_at: now,
            arrival: known.map(|queue| queue.arrival.clone()).unwrap_or_default(),
        };
        queue.arrival.notify_waiters();
        self.queues.insert(settings.name.clone(), queue);
        Ok(())
    }

    /// Removes the queue with its messages.
    pub(crate) fn remove_queue(&mut self, name: &str, now: i64) -> Result<(), SqsError> {
        self.work(name, now, |work| {
            work.purge()?;
            let id = work.queue.id;
            work.sql
                .execute("DELETE FROM deduplication WHERE queue = ?1", [id])?;
            work.sql.execute("DELETE FROM queue WHERE id = ?1", [id])?;
            Ok(())
        })?;
        if let Some(queue) = self.queues.remove(name) {
            queue.arrival.notify_waiters();
        }
        Ok(())
    }

    /// Does some work on a queue in one transaction: all of it, committed, or nothing.
    pub(crate) fn work<T>(
        &mut self,
        queue: &str,
        now: i64,
        work: impl FnOnce(&mut Work) -> Result<T, SqsError>,
    ) -> Result<T, SqsError> {
        let queue = self
            .queues
            .get(queue)
            .ok_or_else(|| SqsError::no_such_queue(queue))?;
        let sql = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut unit = Work::new(sql, queue, &self.queues, &self.options, now);
        let outcome = work(&mut unit)?;
        unit.commit()?;
        Ok(outcome)
    }
}

/// Sets the connection up and makes the tables in a new file. Returns the format of the file.
fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "journal_mode", "wal")?;
    // In WAL mode a commit is then in the system's hands: only a power cut could undo it.
    connection.pragma_update(None, "synchronous", "normal")?;
    let format = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if format != 0 {
        return Ok(format);
    }
    let sql = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    sql.execute_batch(SCHEMA)?;
    sql.pragma_update(None, "user_version", FORMAT)?;
    sql.commit()?;
    Ok(FORMAT)
}

fn read_queues(connection: &Connection) -> rusqlite::Result<Queues> {
    let mut rows =
        connection.prepare("SELECT name, id, settings, created_at, modified_at FROM queue")?;
    let queues = rows.query_map([], |row| {
        let settings: String = row.get(2)?;
        let settings = serde_json::from_str(&settings).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(2, Type::Text, error.into())
        })?;
        let queue = Queue {
            id: row.get(1)?,
            settings,
            created_at: row.get(3)?,
            modified_at: row.get(4)?,
            arrival: Arc::default(),
        };
        Ok((row.get(0)?, queue))
    })?;
    queues.collect()
}
