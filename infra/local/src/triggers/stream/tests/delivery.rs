use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{super::IDLE_POLL, Settings, TABLE, bench, sort_key};
use crate::triggers::{
    Until,
    testing::{eventually, records, succeed},
};

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
    let mut fastest = Duration::MAX;
    for invocations in 1..=5 {
        bench.put(TABLE, "p", "1");
        let written = Instant::now();
        running.streams.written();
        eventually("it comes", || running.invocations() == invocations).await;
        fastest = fastest.min(written.elapsed());
    }
    assert!(fastest < IDLE_POLL / 2, "{fastest:?}");
    // And without a word, at the next look.
    bench.put(TABLE, "p", "2");
    eventually("it comes", || running.invocations() == 6).await;
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
