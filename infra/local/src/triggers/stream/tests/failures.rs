use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::{FAILURES, Settings, TABLE, bench, identifier};
use crate::{
    lambda::InvocationError,
    triggers::{
        Until,
        testing::{Bench, FUNCTION, eventually, failed_items, failure, records},
    },
};

/// The messages in the failure destination.
fn given_up(bench: &Bench) -> Vec<Value> {
    let messages = bench.sqs.receive(FAILURES, 10, None).expect("received");
    let bodies = messages
        .iter()
        .map(|message| serde_json::from_str(&message.body));
    bodies.collect::<Result<_, _>>().expect("JSON")
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
    bench.clock.advance(Duration::from_hours(25));
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
