use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    lambda::InvocationError,
    template::{EventSource, StartingPosition},
    triggers::{
        Until,
        testing::{Bench, FUNCTION, eventually, failed_items, failure, records, succeed},
    },
};

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
    sort_keys.iter().for_each(|sk| bench.put(TABLE, "p", sk));
    bench
}

/// The messages in the failure destination.
fn given_up(bench: &Bench) -> Vec<Value> {
    let messages = bench.sqs.receive(FAILURES, 10, None).expect("received");
    let bodies = messages
        .iter()
        .map(|message| serde_json::from_str(&message.body));
    bodies.collect::<Result<_, _>>().expect("JSON")
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

#[tokio::test]
async fn records_arrive_as_lambda_sends_them() {
    let bench = bench(&["EVENT#1"]);
    let running = bench.start(Settings::default().into(), succeed).await;
    running.settle(Until::Idle).await;

    let payloads = running.payloads();
    let record = &records(&payloads[0])[0];
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!(record["eventVersion"], "1.1");
    assert_eq!(record["eventSource"], "aws:dynamodb");
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["eventID"].as_str().map(str::len), Some(32));
    let arn = record["eventSourceARN"].as_str().expect("an ARN");
    let label = arn.strip_prefix("arn:aws:dynamodb:us-east-1:000000000000:table/data/stream/");
    let label = label.expect("the stream's ARN");
    assert_eq!(
        (label.len(), label.as_bytes()[10]),
        (23, b'T'),
        "2026-11-21T02:13:04.123: {label}"
    );

    let dynamodb = &record["dynamodb"];
    let item = json!({"pk": {"S": "p"}, "sk": {"S": "EVENT#1"}});
    assert_eq!(dynamodb["Keys"], item);
    assert_eq!(dynamodb["NewImage"], item);
    assert_eq!(dynamodb["StreamViewType"], "NEW_IMAGE");
    assert_eq!(dynamodb["SequenceNumber"].as_str().map(str::len), Some(21));
    assert!(dynamodb["SizeBytes"].is_u64());
    let age = bench.clock.now() / 1000
        - dynamodb["ApproximateCreationDateTime"]
            .as_i64()
            .expect("seconds");
    assert!((0..60).contains(&age), "{age} s old");
    assert!(dynamodb.get("OldImage").is_none());
}

#[tokio::test]
async fn a_write_that_is_announced_is_delivered_at_once() {
    let bench = bench(&[]);
    let running = bench.start(Settings::default().into(), succeed).await;
    running.settle(Until::Idle).await;
    bench.put(TABLE, "p", "1");
    let written = Instant::now();
    running.streams.written();
    eventually("the record comes", || running.invocations() == 1).await;
    assert!(
        written.elapsed() < Duration::from_millis(150),
        "{:?}",
        written.elapsed()
    );
    // And without a word, at the next look.
    bench.put(TABLE, "p", "2");
    eventually("the record comes", || running.invocations() == 2).await;
}

#[tokio::test]
async fn records_that_no_filter_lets_through_are_passed_over_for_good() {
    let bench = bench(&["TASK#1", "EVENT#1", "TASK#2"]);
    bench.put(TABLE, "p", "EVENT#1"); // once more: MODIFY
    let source = || Settings {
        filters: vec![json!({
            "eventName": ["INSERT"],
            "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "EVENT#"}]}}},
        })],
        ..Settings::default()
    };
    let running = bench.start(source().into(), succeed).await;
    running.settle(Until::Idle).await;
    assert_eq!(running.sort_keys(), [["EVENT#1"]]);
    running.kill();

    let bench = bench.restarted();
    let running = bench.start(source().into(), succeed).await;
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 0);
}

#[tokio::test]
async fn after_a_kill_only_what_was_not_acknowledged_comes_again() {
    let bench = bench(&["1", "2", "3", "4", "5"]);
    let source = || Settings {
        batch_size: 2,
        ..Settings::default()
    };
    let running = bench
        .start(source().into(), |payload| async move {
            if identifier(&payload, "3").is_some() {
                std::future::pending::<()>().await;
            }
            Ok(Value::Null)
        })
        .await;
    eventually("the second batch is under way", || {
        running.invocations() == 2
    })
    .await;
    running.kill();

    let bench = bench.restarted();
    let running = bench.start(source().into(), succeed).await;
    running.settle(Until::Idle).await;
    assert_eq!(running.sort_keys().concat(), ["3", "4", "5"]);
}

#[tokio::test]
async fn a_source_that_begins_with_the_latest_skips_what_is_older_and_loses_nothing_newer() {
    for older in [&["1"][..], &[]] {
        let bench = bench(older);
        let source = || Settings {
            start: StartingPosition::Latest,
            ..Settings::default()
        };
        let running = bench
            .start(source().into(), |_| std::future::pending())
            .await;
        bench.put(TABLE, "p", "2");
        running.streams.written();
        eventually("the new record comes", || running.invocations() == 1).await;
        assert_eq!(running.sort_keys(), [["2"]]);
        running.kill();

        let bench = bench.restarted();
        let running = bench.start(source().into(), succeed).await;
        running.settle(Until::Idle).await;
        assert_eq!(running.sort_keys(), [["2"]]);
    }
}

#[tokio::test]
async fn a_partial_failure_goes_on_from_the_first_that_failed() {
    let bench = bench(&["1", "2", "3", "4"]);
    let failures = Arc::new(Semaphore::new(1));
    let running = bench
        .start(Settings::default().into(), move |payload| {
            let fails = failures
                .try_acquire()
                .map(tokio::sync::SemaphorePermit::forget);
            async move {
                fails.map_or(Ok(Value::Null), |()| {
                    let failed =
                        ["4", "3"].map(|sk| identifier(&payload, sk).expect("in the batch"));
                    failed_items(&failed)
                })
            }
        })
        .await;
    running.settle(Until::Idle).await;
    assert_eq!(
        running.sort_keys(),
        [vec!["1", "2", "3", "4"], vec!["3", "4"]]
    );
}

#[tokio::test]
async fn a_failed_batch_is_retried_with_growing_waits_and_then_given_up() {
    let bench = bench(&["1", "2"]);
    let source = Settings {
        retries: Some(2),
        ..Settings::default()
    };
    let times = Arc::new(Mutex::new(Vec::new()));
    let running = {
        let (times, clock) = (times.clone(), bench.clock.clone());
        bench
            .start(source.into(), move |_| {
                times.lock().expect("no panic").push(clock.now());
                async { failure() }
            })
            .await
    };
    for (invocations, wait) in [(1, 250), (2, 500)] {
        eventually("it is tried", || running.invocations() == invocations).await;
        bench.clock.advance(Duration::from_millis(wait));
    }
    running.settle(Until::Idle).await;
    assert_eq!(running.sort_keys(), [["1", "2"], ["1", "2"], ["1", "2"]]);
    let times = times.lock().expect("no panic").clone();
    assert!(
        times[1] - times[0] >= 250 && times[2] - times[1] >= 500,
        "{times:?}"
    );

    let given_up = given_up(&bench);
    assert_eq!(given_up.len(), 1);
    let message = &given_up[0];
    let request = &message["requestContext"];
    assert_eq!(request["condition"], "RetryAttemptsExhausted");
    assert_eq!(request["approximateInvokeCount"], 3);
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}");
    assert_eq!(request["functionArn"], arn);
    assert!(request["requestId"].is_string());
    let response =
        json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"});
    assert_eq!(message["responseContext"], response);
    assert_eq!(message["version"], "1.0");
    let batch = &message["DDBStreamBatchInfo"];
    let payloads = running.payloads();
    assert_eq!(
        Some(&batch["startSequenceNumber"]),
        identifier(&payloads[0], "1")
    );
    assert_eq!(
        Some(&batch["endSequenceNumber"]),
        identifier(&payloads[0], "2")
    );
    assert_eq!(batch["batchSize"], 2);
    assert_eq!(
        batch["streamArn"],
        records(&payloads[0])[0]["eventSourceARN"]
    );
    assert_eq!(batch["shardId"], "shardId-00000001-data");
    for time in [
        "approximateArrivalOfFirstRecord",
        "approximateArrivalOfLastRecord",
    ] {
        assert!(
            batch[time].as_str().is_some_and(|time| time.ends_with('Z')),
            "{batch}"
        );
    }
}

#[tokio::test]
async fn bisecting_isolates_the_poison_record_and_sends_it_to_the_failure_destination() {
    let sort_keys = ["1", "2", "3", "4", "poison", "6", "7"];
    for report in [true, false] {
        let bench = bench(&sort_keys);
        let source = Settings {
            retries: Some(0),
            bisect: true,
            report,
            ..Settings::default()
        };
        let running = bench
            .start(source.into(), move |payload| async move {
                match identifier(&payload, "poison") {
                    None => Ok(Value::Null),
                    Some(poison) if report => failed_items(&[poison]),
                    Some(_) => Err(InvocationError::TimedOut),
                }
            })
            .await;
        running.settle(Until::Idle).await;
        let given_up = given_up(&bench);
        assert_eq!(given_up.len(), 1, "{given_up:?}");
        let batch = &given_up[0]["DDBStreamBatchInfo"];
        let payloads = running.payloads();
        assert_eq!(
            Some(&batch["startSequenceNumber"]),
            identifier(&payloads[0], "poison")
        );
        assert_eq!(batch["batchSize"], 1);

        // All others were in a batch that succeeded, and in their order.
        let mut delivered = Vec::new();
        for sort_key in running.sort_keys().concat() {
            delivered.retain(|before| *before != sort_key);
            delivered.push(sort_key);
        }
        assert_eq!(delivered, sort_keys);
    }
}

#[tokio::test]
async fn a_record_that_has_failed_for_a_day_is_given_up() {
    let bench = bench(&["1"]);
    let running = bench
        .start(Settings::default().into(), |_| async { failure() })
        .await;
    eventually("it is tried", || running.invocations() >= 1).await;
    bench.clock.advance(Duration::from_secs(25 * 60 * 60));
    running.settle(Until::Idle).await;
    let given_up = given_up(&bench);
    assert_eq!(
        given_up[0]["requestContext"]["condition"],
        "RecordAgeExceeded"
    );

    // A record that is written now is not a day old, though the clock is a day ahead of the engine's.
    let before = running.invocations();
    bench.put(TABLE, "p", "2");
    eventually("it is tried", || running.invocations() > before).await;
}

#[tokio::test]
async fn a_partition_keeps_its_order_while_lanes_run_side_by_side() {
    let bench = bench(&[]);
    for number in 100..160 {
        bench.put(TABLE, &format!("p{}", number % 12), &number.to_string());
    }
    let source = Settings {
        batch_size: 3,
        lanes: 4,
        ..Settings::default()
    };
    let running_now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(HashMap::<String, Vec<String>>::new()));
    let function = {
        let (most, seen) = (most.clone(), seen.clone());
        move |payload: Value| {
            let (running_now, most, seen) = (running_now.clone(), most.clone(), seen.clone());
            async move {
                most.fetch_max(running_now.fetch_add(1, SeqCst) + 1, SeqCst);
                let wait = records(&payload).len() as u64 * 2;
                tokio::time::sleep(Duration::from_millis(wait)).await;
                let mut seen = seen.lock().expect("no panic");
                for record in records(&payload) {
                    let pk = record["dynamodb"]["Keys"]["pk"]["S"]
                        .as_str()
                        .expect("a key");
                    let sk = sort_key(record).as_str().expect("a key");
                    seen.entry(pk.to_owned()).or_default().push(sk.to_owned());
                }
                running_now.fetch_sub(1, SeqCst);
                Ok(Value::Null)
            }
        }
    };
    let running = bench.start(source.into(), function).await;
    running.settle(Until::Idle).await;
    assert!(
        (2..=4).contains(&most.load(SeqCst)),
        "{most:?} side by side"
    );
    let seen = seen.lock().expect("no panic");
    assert_eq!(seen.values().map(Vec::len).sum::<usize>(), 60);
    for (partition, sort_keys) in &*seen {
        assert!(sort_keys.is_sorted(), "{partition}: {sort_keys:?}");
    }
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_retries() {
    let bench = bench(&["1"]);
    let running = bench
        .start(Settings::default().into(), |_| async { failure() })
        .await;
    eventually("it is tried", || running.invocations() >= 1).await;
    let begun = Instant::now();
    running.stop().await;
    assert!(
        begun.elapsed() < Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
}
