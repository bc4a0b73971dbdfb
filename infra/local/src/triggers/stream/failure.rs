//! What is written to the failure destination when records are given up.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use shared::sdk::clock::Millis;
use uuid::Uuid;

use super::records::Record;
use crate::lambda::InvocationError;

/// Why records are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
}

impl Condition {
    fn name(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
        }
    }
}

/// What is known of records that are given up.
pub(super) struct Failure<'a> {
    pub(super) condition: Condition,
    /// In the stream's order, at least one.
    pub(super) records: &'a [Record],
    pub(super) invocations: u32,
    /// What came of the last invocation; a response that lists failures is no error.
    pub(super) error: Option<&'a InvocationError>,
    pub(super) function_arn: String,
    pub(super) stream_arn: &'a str,
    pub(super) shard: &'a str,
    pub(super) now: Millis,
}

impl Failure<'_> {
    /// Lambda's message: it names the records, which can be read from the stream while that holds them.
    pub(super) fn message(&self) -> Option<Value> {
        let (first, last) = (self.records.first()?, self.records.last()?);
        let mut message = json!({
            "requestContext": {
                "requestId": Uuid::new_v4(),
                "functionArn": self.function_arn,
                "condition": self.condition.name(),
                "approximateInvokeCount": self.invocations,
            },
        });
        // An invocation that never came to an answer has no response.
        if self.invocations > 0 {
            let mut response = json!({"statusCode": 200, "executedVersion": "$LATEST"});
            if self.error.is_some() {
                response["functionError"] = json!("Unhandled");
            }
            message["responseContext"] = response;
        }
        message["version"] = json!("1.0");
        message["timestamp"] = json!(time(self.now, SecondsFormat::Millis));
        message["DDBStreamBatchInfo"] = json!({
            "shardId": self.shard,
            "startSequenceNumber": first.sequence.0,
            "endSequenceNumber": last.sequence.0,
            "approximateArrivalOfFirstRecord": time(first.created_at, SecondsFormat::Secs),
            "approximateArrivalOfLastRecord": time(last.created_at, SecondsFormat::Secs),
            "batchSize": self.records.len(),
            "streamArn": self.stream_arn,
        });
        Some(message)
    }
}

fn time(at: Millis, precision: SecondsFormat) -> String {
    DateTime::<Utc>::from_timestamp_millis(at)
        .unwrap_or_default()
        .to_rfc3339_opts(precision, true)
}
