use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use sqs::Redrive;
use tokio::sync::Semaphore;

use super::{EMAIL, VISIBILITY, bench, delivered, source};
use crate::{
    lambda::InvocationError,
    template::EventSource,
    triggers::{
        Until,
        testing::{Bench, eventually, failed_items, failure, records},
    },
};

#[tokio::test]
async fn only_what_failed_comes_again() {
    let bench = bench(EMAIL);
    bench.send_all(EMAIL, &["good", "bad", "fine"]);
    let running = bench
        .start(source(EMAIL), |payload| async move {
            let bad = records(&payload).iter().find(|record| {
                record["body"] == "bad" && record["attributes"]["ApproximateReceiveCount"] == "1"
            });
            failed_items(
                &bad.iter()
                    .map(|record| &record["messageId"])
                    .collect::<Vec<_>>(),
            )
        })
        .await;
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 1);
    assert_eq!(bench.sqs.counts(EMAIL).expect("counted").in_flight, 1);

    bench.clock.advance(VISIBILITY);
    running.settle(Until::Empty).await;
    assert_eq!(running.bodies()[1..], [["bad"]]);
}

#[tokio::test]
async fn the_time_a_function_sets_for_its_message_is_kept() {
    let bench = bench(EMAIL);
    bench.send(EMAIL, "later");
    let sqs = bench.sqs.clone();
    let running = bench
        .start(source(EMAIL), move |payload| {
            let sqs = sqs.clone();
            async move {
                let record = &records(&payload)[0];
                if record["attributes"]["ApproximateReceiveCount"] != "1" {
                    return Ok(Value::Null);
                }
                let receipt = record["receiptHandle"].as_str().expect("a receipt");
                let changed = sqs.change_visibility(EMAIL, receipt, Duration::from_mins(10));
                changed.expect("changed");
                failed_items(&[&record["messageId"]])
            }
        })
        .await;
    running.settle(Until::Idle).await;
    bench.clock.advance(Duration::from_secs(590));
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 1);
    bench.clock.advance(Duration::from_secs(10));
    running.settle(Until::Empty).await;
    assert_eq!(running.invocations(), 2);
}

#[tokio::test]
async fn a_batch_fails_as_a_whole_when_the_function_does_or_its_response_is_not_valid() {
    for answer in [
        failure(),
        Err(InvocationError::TimedOut),
        Err(InvocationError::Died),
        failed_items(&[&json!("no such id")]),
        failed_items(&[&json!("")]),
    ] {
        let bench = bench(EMAIL);
        bench.send_all(EMAIL, &["1", "2"]);
        let first = Arc::new(Semaphore::new(1));
        let shown = format!("{answer:?}");
        let running = bench
            .start(source(EMAIL), move |_| {
                let is_first = first
                    .try_acquire()
                    .map(tokio::sync::SemaphorePermit::forget);
                let answer = answer.clone();
                async move { is_first.map_or(Ok(Value::Null), |()| answer) }
            })
            .await;
        running.settle(Until::Idle).await;
        assert_eq!(
            bench.sqs.counts(EMAIL).expect("counted").in_flight,
            2,
            "{shown}"
        );
        bench.clock.advance(VISIBILITY);
        running.settle(Until::Empty).await;
        assert_eq!(delivered(&running), ["1", "1", "2", "2"], "{shown}");
    }
}

#[tokio::test]
async fn without_partial_responses_any_answer_is_a_success() {
    let bench = bench(EMAIL);
    bench.send(EMAIL, "1");
    let mut source = source(EMAIL);
    if let EventSource::Queue {
        report_batch_item_failures,
        ..
    } = &mut source
    {
        *report_batch_item_failures = false;
    }
    let running = bench
        .start(source, |payload| async move {
            failed_items(&[&records(&payload)[0]["messageId"]])
        })
        .await;
    running.settle(Until::Empty).await;
    assert_eq!(running.invocations(), 1);
}

#[tokio::test]
async fn what_fails_too_often_goes_to_the_dead_letter_queue() {
    let bench = Bench::new();
    bench.queue("dead", |_| {});
    bench.queue(EMAIL, |settings| {
        settings.visibility_timeout = VISIBILITY;
        settings.redrive = Some(Redrive {
            dead_letter_queue: "dead".to_owned(),
            max_receive_count: 3,
        });
    });
    bench.send(EMAIL, "poison");
    let running = bench.start(source(EMAIL), |_| async { failure() }).await;
    for invocations in 1..=3 {
        eventually("the message comes", || running.invocations() == invocations).await;
        running.settle(Until::Idle).await;
        bench.clock.advance(VISIBILITY);
    }
    running.settle(Until::Empty).await;
    assert_eq!(running.invocations(), 3);
    let dead = bench.sqs.receive("dead", 10, None).expect("received");
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].body, "poison");
}
