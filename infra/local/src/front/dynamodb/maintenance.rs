//! What the engine leaves to its host, over a second connection to its file: an index that keeps
//! stream writes from slowing down as the stream grows, the trimming of old records, and expiry by
//! Tenon's clock instead of the system's.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use dynoxide::{Database, DynoxideError};
use rusqlite::Connection;
use serde_json::{Map, Value, json};
use shared::sdk::clock::Clock;
use tokio_util::sync::CancellationToken;

use super::{DynamoDb, operations::from_value};

/// How long a stream keeps its records, in seconds.
const STREAM_RETENTION: u64 = 24 * 60 * 60;
/// How often old records are looked for; the first time not at once, so that what was left unread when
/// a laptop slept over a weekend is read first.
const TRIM_EVERY: Duration = Duration::from_secs(60);
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Rows of one page of a sweep: other calls wait for no more than that.
const SWEEP_PAGE: u32 = 250;

#[derive(Clone)]
pub(super) struct Upkeep(Arc<Mutex<Connection>>);

impl Upkeep {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "CREATE INDEX IF NOT EXISTS stream_order
                 ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
             CREATE INDEX IF NOT EXISTS stream_shard_order
                 ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));
             CREATE INDEX IF NOT EXISTS stream_age ON _stream_records (created_at);",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The engine stamps records with the system's time, so that is what their age is told by.
    async fn trim(&self) -> Result<usize, DynoxideError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let oldest = i64::try_from(now.saturating_sub(STREAM_RETENTION)).unwrap_or(i64::MAX);
        self.run(move |connection| {
            connection.execute(
                "DELETE FROM _stream_records WHERE created_at < ?1",
                [oldest],
            )
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        let connection = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(|panic| DynoxideError::InternalServerError(panic.to_string()))?
        .map_err(DynoxideError::from)
    }
}

/// A table whose rows expire.
#[derive(Debug, Clone)]
pub struct Expiry {
    /// The table's name.
    pub table: String,
    /// The attribute that holds the time, in epoch seconds.
    pub attribute: String,
    /// The table's key attributes.
    pub keys: Vec<String>,
}

impl DynamoDb {
    /// Trims streams and removes expired rows until `shutdown`.
    pub async fn keep_up(&self, expiries: Vec<Expiry>, clock: Clock, shutdown: CancellationToken) {
        let sweep = async {
            loop {
                let started = Instant::now();
                for expiry in &expiries {
                    if let Err(error) = self.sweep(expiry, &clock).await {
                        tracing::warn!(%error, table = expiry.table, "expired rows could not be removed");
                    }
                }
                // At most a twentieth of the time goes into sweeping, however large a table grows.
                clock.sleep(SWEEP_EVERY.max(started.elapsed() * 20)).await;
            }
        };
        let trim = async {
            loop {
                tokio::time::sleep(TRIM_EVERY).await;
                if let Err(error) = self.upkeep.trim().await {
                    tracing::warn!(%error, "old stream records could not be trimmed");
                }
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = sweep => {}
            () = trim => {}
        }
    }

    /// Removes the rows of a table that have expired by `clock`.
    async fn sweep(&self, expiry: &Expiry, clock: &Clock) -> Result<usize, DynoxideError> {
        let now = clock.now() / 1000;
        let mut removed = 0;
        let mut start = Value::Null;
        loop {
            let (table, page) = (expiry.clone(), start);
            let (count, next) = self
                .run(move |database| sweep_page(database, &table, now, page))
                .await?;
            removed += count;
            start = next;
            if start.is_null() {
                return Ok(removed);
            }
        }
    }
}

fn sweep_page(
    database: &Database,
    expiry: &Expiry,
    now: i64,
    start: Value,
) -> Result<(usize, Value), DynoxideError> {
    let expired = json!({
        "TableName": expiry.table,
        "ExpressionAttributeNames": { "#expiry": expiry.attribute },
        "ExpressionAttributeValues": { ":now": { "N": now.to_string() } },
    });
    let mut scan = expired.clone();
    scan["FilterExpression"] = "#expiry < :now".into();
    scan["Limit"] = SWEEP_PAGE.into();
    if !start.is_null() {
        scan["ExclusiveStartKey"] = start;
    }
    let page = database.scan(from_value(scan)?)?;
    let page = serde_json::to_value(page)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    let rows = page["Items"].as_array().map_or(&[][..], Vec::as_slice);
    for row in rows {
        let key: Map<String, Value> = expiry
            .keys
            .iter()
            .map(|name| (name.clone(), row[name].clone()))
            .collect();
        let mut delete = expired.clone();
        delete["Key"] = key.into();
        delete["ConditionExpression"] = "#expiry < :now".into();
        match database.delete_item(from_value(delete)?) {
            Ok(_) | Err(DynoxideError::ConditionalCheckFailedException(..)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((rows.len(), page["LastEvaluatedKey"].clone()))
}
