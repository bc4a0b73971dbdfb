//! Reading a table's stream from the engine, in process.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, Utc};
use dynoxide::{
    Database, DynoxideError,
    actions::{
        describe_stream::DescribeStreamRequest,
        get_records::{GetRecordsRequest, Record as StreamRecord},
        get_shard_iterator::GetShardIteratorRequest,
    },
    streams::{shard_id, stream_arn},
};
use serde_json::{Value, json};
use shared::sdk::clock::{Clock, Millis};
use tokio::sync::watch;

use crate::front::{ACCOUNT, REGION};

/// The most that one read returns, as on AWS.
const READ_LIMIT: usize = 1000;

/// The streams of the engine's tables.
#[derive(Clone)]
pub struct Streams {
    database: Database,
    written: watch::Sender<()>,
}

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The engine's reason.
    #[error(transparent)]
    Engine(#[from] DynoxideError),
    /// The table has no stream, or there is no such table.
    #[error("table {0} has no stream")]
    NoStream(String),
}

impl Streams {
    /// The streams of `database`.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            written: watch::Sender::new(()),
        }
    }

    /// To be called after each write: the triggers then look at once, instead of within a quarter of a second.
    pub fn written(&self) {
        self.written.send_replace(());
    }

    pub(in crate::triggers) fn watch(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }

    /// The stream of `table`.
    pub(in crate::triggers) fn open(
        &self,
        table: &str,
        clock: Clock,
    ) -> Result<TableStream, StreamError> {
        let no_stream = || StreamError::NoStream(table.to_owned());
        let metadata = self.database.get_table_metadata(table)?;
        let metadata = metadata.filter(|table| table.stream_enabled);
        let metadata = metadata.ok_or_else(no_stream)?;
        let label = metadata.stream_label.ok_or_else(no_stream)?;
        let keys: Value = serde_json::from_str(&metadata.key_schema).unwrap_or_default();
        let keys = keys.as_array().into_iter().flatten();
        let mut hash_keys = keys.filter(|key| key["KeyType"] == "HASH");
        let partition_key = hash_keys
            .next()
            .and_then(|key| key["AttributeName"].as_str());
        Ok(TableStream {
            database: self.database.clone(),
            engine_arn: stream_arn(table, &label),
            arn: format!(
                "arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/{}",
                timestamp(&label)
            ),
            shard: shard_id(table),
            partition_key: partition_key.ok_or_else(no_stream)?.to_owned(),
            clock,
        })
    }
}

/// A record's place in its stream: 21 digits, so that their order is that of the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::triggers) struct Sequence(pub(super) String);

impl Sequence {
    /// Lies before every record.
    pub(super) fn before_all() -> Self {
        Self("100000000000000000001".to_owned())
    }
}

/// One change of one item.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) sequence: Sequence,
    /// The same for all records of an item's partition.
    pub(super) lane_hash: u64,
    /// When the change was made. Exact to the second.
    pub(super) created_at: Millis,
    /// As in Lambda's event.
    pub(super) event: Value,
}

/// From where to read on.
#[derive(Debug, Clone)]
pub(super) struct Cursor(String);

/// One table's stream: a single shard.
#[derive(Clone)]
pub(in crate::triggers) struct TableStream {
    database: Database,
    engine_arn: String,
    pub(super) arn: String,
    pub(super) shard: String,
    partition_key: String,
    clock: Clock,
}

impl TableStream {
    /// The place of the newest record, if there is one.
    pub(in crate::triggers) async fn head(&self) -> Result<Option<Sequence>, StreamError> {
        let request = DescribeStreamRequest {
            stream_arn: self.engine_arn.clone(),
            ..DescribeStreamRequest::default()
        };
        let answer = self
            .call(move |database| database.describe_stream(request))
            .await?;
        let shard = answer.stream_description.shards.into_iter().next();
        let newest = shard.and_then(|shard| shard.sequence_number_range.ending_sequence_number);
        Ok(newest.map(Sequence))
    }

    /// Reads what follows on `after`, or all that the stream holds.
    pub(super) async fn cursor(&self, after: Option<Sequence>) -> Result<Cursor, StreamError> {
        let kind = match after {
            Some(_) => "AFTER_SEQUENCE_NUMBER",
            None => "TRIM_HORIZON",
        };
        let request = GetShardIteratorRequest {
            stream_arn: self.engine_arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: kind.to_owned(),
            sequence_number: after.map(|sequence| sequence.0),
        };
        let answer = self
            .call(move |database| database.get_shard_iterator(request))
            .await?;
        Ok(Cursor(answer.shard_iterator.unwrap_or_default()))
    }

    /// The next records, in order, and from where to read on.
    pub(super) async fn read(&self, from: &Cursor) -> Result<(Vec<Record>, Cursor), StreamError> {
        let request = GetRecordsRequest {
            shard_iterator: from.0.clone(),
            limit: Some(READ_LIMIT),
        };
        let answer = self
            .call(move |database| database.get_records(request))
            .await?;
        let records = answer.records.into_iter().map(|record| self.record(record));
        let next = answer
            .next_shard_iterator
            .map_or_else(|| from.clone(), Cursor);
        Ok((records.collect(), next))
    }

    fn record(&self, record: StreamRecord) -> Record {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
        let engine_seconds = record.dynamodb.approximate_creation_date_time as i64;
        // The engine reads the system's time, everything else this clock.
        let created_at = engine_seconds * 1000 + *self.clock.moved().borrow();
        let sequence = Sequence(record.dynamodb.sequence_number.clone());
        let mut event = serde_json::to_value(record).unwrap_or_default();
        event["awsRegion"] = json!(REGION);
        event["eventSourceARN"] = json!(self.arn);
        event["dynamodb"]["ApproximateCreationDateTime"] = json!(created_at.div_euclid(1000));
        Record {
            sequence,
            lane_hash: hash(&event["dynamodb"]["Keys"][&self.partition_key]),
            created_at,
            event,
        }
    }

    /// The engine blocks: it has one lock, and may have to wait for a disk.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, StreamError> {
        let database = self.database.clone();
        let done = tokio::task::spawn_blocking(move || work(&database)).await;
        let done = done.map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
        Ok(done?)
    }
}

fn hash(key: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.to_string().hash(&mut hasher);
    hasher.finish()
}

/// The engine's label of a stream, seconds and nanoseconds, in the form that AWS gives it.
fn timestamp(label: &str) -> String {
    let parsed = label.split_once('.').and_then(|(seconds, nanos)| {
        DateTime::<Utc>::from_timestamp(seconds.parse().ok()?, nanos.parse().ok()?)
    });
    parsed.map_or_else(
        || label.to_owned(),
        |time| time.format("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
    )
}
