//! A table's stream, read in process: what a stream trigger polls.

use dynoxide::DynoxideError;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{DynamoDb, operations::from_value};

/// Why a stream could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StreamError(#[from] DynoxideError);

/// The streams of all tables. A stream here has one shard, so its records stand in one order; they are
/// kept for 24 hours.
#[derive(Clone)]
pub struct Streams {
    database: DynamoDb,
}

impl Streams {
    pub(super) fn new(database: DynamoDb) -> Self {
        Self { database }
    }

    /// The stream's ARN; none for a table without one.
    pub async fn arn(&self, table: &str) -> Result<Option<String>, StreamError> {
        let request = json!({ "TableName": table });
        let described = self
            .database
            .run(move |database| database.describe_table(from_value(request)?))
            .await?;
        Ok(described.table.latest_stream_arn)
    }

    /// Up to `limit` records (at most 1,000) after the sequence number `after`, oldest first; from the
    /// oldest one kept where that is none. They are as a Lambda event has them, but without
    /// `eventSourceARN`; a record's place is its `dynamodb.SequenceNumber`.
    pub async fn read(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, StreamError> {
        let start = match after {
            Some(number) => json!({
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "SequenceNumber": number,
            }),
            None => json!({ "ShardIteratorType": "TRIM_HORIZON" }),
        };
        let records = self.records(table, start, limit).await?;
        Ok(records)
    }

    /// The sequence number of the newest record; none while there is none.
    pub async fn head(&self, table: &str) -> Result<Option<String>, StreamError> {
        let table = table.to_owned();
        Ok(self.database.upkeep.head(&table).await?)
    }

    /// Tells of each write to any table: what to wait for between reads.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.database.written.subscribe()
    }

    async fn records(&self, table: &str, start: Value, limit: usize) -> Result<Vec<Value>, StreamError> {
        let arn = dynoxide::streams::stream_arn(table, "0");
        let shard = dynoxide::streams::shard_id(table);
        let page = self
            .database
            .run(move |database| {
                let mut request = start;
                request["StreamArn"] = arn.into();
                request["ShardId"] = shard.into();
                let iterator = database.get_shard_iterator(from_value(request)?)?;
                database.get_records(from_value(json!({
                    "ShardIterator": iterator.shard_iterator,
                    "Limit": limit.min(1000),
                }))?)
            })
            .await?;
        Ok(page
            .records
            .iter()
            .filter_map(|record| serde_json::to_value(record).ok())
            .collect())
    }
}
