use std::time::Duration;

use serde_json::Value;

use crate::{
    template::{EventSource, StartingPosition},
    triggers::testing::{Bench, records},
};

mod delivery;
mod failures;
mod restarts;

const TABLE: &str = "data";
const FAILURES: &str = "failures";

struct Settings {
    batch_size: u32,
    filters: Vec<Value>,
    retries: Option<u32>,
    bisect: bool,
    lanes: u32,
    report: bool,
    start: StartingPosition,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 100,
            filters: Vec::new(),
            retries: None,
            bisect: false,
            lanes: 1,
            report: true,
            start: StartingPosition::TrimHorizon,
        }
    }
}

impl From<Settings> for EventSource {
    fn from(settings: Settings) -> Self {
        Self::Stream {
            table: TABLE.to_owned(),
            batch_size: settings.batch_size,
            batching_window: Duration::ZERO,
            filters: settings.filters,
            maximum_retry_attempts: settings.retries,
            maximum_record_age: None,
            bisect: settings.bisect,
            on_failure_queue: Some(FAILURES.to_owned()),
            parallelization_factor: settings.lanes,
            report_batch_item_failures: settings.report,
            starting_position: settings.start,
        }
    }
}

/// A table in which `sort_keys` were put, in one partition.
fn bench(sort_keys: &[&str]) -> Bench {
    let bench = Bench::new();
    bench.queue(FAILURES, |_| {});
    bench.table(TABLE);
    for sk in sort_keys {
        bench.put(TABLE, "p", sk);
    }
    bench
}

fn sort_key(record: &Value) -> &Value {
    &record["dynamodb"]["Keys"]["sk"]["S"]
}

/// The identifier of the record with this sort key, where the batch holds it.
fn identifier<'a>(payload: &'a Value, sk: &str) -> Option<&'a Value> {
    let record = records(payload)
        .iter()
        .find(|record| sort_key(record) == sk)?;
    Some(&record["dynamodb"]["SequenceNumber"])
}
