use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sqs::{MessageAttribute, NewMessage, Redrive};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    lambda::InvocationError,
    template::EventSource,
    triggers::{
        Until,
        testing::{Bench, Running, eventually, failed_items, failure, records, succeed},
    },
};

const EMAIL: &str = "email";
const ROOMS: &str = "rooms.fifo";
const VISIBILITY: Duration = Duration::from_secs(30);

fn source(queue: &str) -> EventSource {
    EventSource::Queue {
        queue: queue.to_owned(),
        batch_size: 10,
        batching_window: Duration::ZERO,
        report_batch_item_failures: true,
        maximum_concurrency: None,
    }
}

fn bench(queue: &str) -> Bench {
    let bench = Bench::new();
    bench.queue(queue, |settings| settings.visibility_timeout = VISIBILITY);
    bench
}

/// All bodies that were delivered, sorted.
fn delivered(running: &Running) -> Vec<String> {
    let mut bodies = running.bodies().concat();
    bodies.sort();
    bodies
}

#[tokio::test]
async fn messages_arrive_as_lambda_sends_them_and_are_deleted() {
    let bench = bench(EMAIL);
    let message = NewMessage {
        attributes: [
            ("kind".to_owned(), MessageAttribute::text("task")),
            ("raw".to_owned(), MessageAttribute::binary(*b"\x01")),
        ]
        .into(),
        ..NewMessage::new("hello")
    };
    let sent = bench.sqs.send(EMAIL, &message).expect("sent");
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Empty).await;

    let payload = &running.payloads()[0];
    let record = &records(payload)[0];
    assert_eq!(record["messageId"], sent.message_id.as_str());
    assert_eq!(record["body"], "hello");
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(
        record["eventSourceARN"],
        "arn:aws:sqs:us-east-1:000000000000:email"
    );
    assert_eq!(record["awsRegion"], "us-east-1");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    for attribute in [
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    ] {
        assert!(
            record["attributes"][attribute].is_string(),
            "{attribute}: {record}"
        );
    }
    let attribute = json!({"stringValue": "task", "stringListValues": [], "binaryListValues": [], "dataType": "String"});
    assert_eq!(record["messageAttributes"]["kind"], attribute);
    assert_eq!(record["messageAttributes"]["raw"]["binaryValue"], "AQ==");
    assert!(record["receiptHandle"].is_string());
}

#[tokio::test]
async fn a_fifo_queues_messages_tell_their_group_and_place() {
    let bench = bench(ROOMS);
    bench.send_to_group(ROOMS, "room", "one");
    let running = bench.start(source(ROOMS), succeed).await;
    running.settle(Until::Empty).await;

    let attributes = records(&running.payloads()[0])[0]["attributes"].clone();
    assert_eq!(attributes["MessageGroupId"], "room");
    assert_eq!(attributes["MessageDeduplicationId"], "one");
    assert!(attributes["SequenceNumber"].is_string());
}

#[tokio::test]
async fn no_batch_is_larger_than_its_size() {
    let bench = bench(EMAIL);
    let bodies: Vec<String> = (10..35).map(|number| number.to_string()).collect();
    bodies.iter().for_each(|body| bench.send(EMAIL, body));
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Empty).await;

    let sizes: Vec<usize> = running.bodies().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(delivered(&running), bodies);
}

#[tokio::test]
async fn a_message_sent_later_wakes_the_pump() {
    let bench = bench(EMAIL);
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Idle).await;
    let sent = Instant::now();
    bench.send(EMAIL, "late");
    eventually("the message arrives", || running.invocations() == 1).await;
    assert!(
        sent.elapsed() < Duration::from_millis(200),
        "{:?}",
        sent.elapsed()
    );
}

#[tokio::test]
async fn a_batch_waits_for_its_window_unless_it_is_full() {
    let bench = bench(EMAIL);
    let mut source = source(EMAIL);
    if let EventSource::Queue {
        batch_size,
        batching_window,
        ..
    } = &mut source
    {
        (*batch_size, *batching_window) = (3, Duration::from_secs(20));
    }
    let running = bench.start(source, succeed).await;
    let taken = |number| bench.sqs.counts(EMAIL).expect("counted").in_flight == number;

    bench.send(EMAIL, "1");
    bench.send(EMAIL, "2");
    eventually("two are taken", || taken(2)).await;
    assert_eq!(running.invocations(), 0);
    bench.send(EMAIL, "3");
    eventually("a full batch goes at once", || running.invocations() == 1).await;

    bench.send(EMAIL, "4");
    eventually("one is taken", || taken(1)).await;
    assert_eq!(running.invocations(), 1);
    bench.clock.advance(Duration::from_secs(20));
    running.settle(Until::Empty).await;
    let sizes: Vec<usize> = running.bodies().iter().map(Vec::len).collect();
    assert_eq!(sizes, [3, 1]);
}

#[tokio::test]
async fn only_what_failed_comes_again() {
    let bench = bench(EMAIL);
    ["good", "bad", "fine"]
        .iter()
        .for_each(|body| bench.send(EMAIL, body));
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
                let changed = sqs.change_visibility(EMAIL, receipt, Duration::from_secs(600));
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
        ["1", "2"].iter().for_each(|body| bench.send(EMAIL, body));
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

#[tokio::test]
async fn maximum_concurrency_is_reached_and_never_exceeded() {
    let bench = bench(EMAIL);
    (0..40).for_each(|number| bench.send(EMAIL, &number.to_string()));
    let mut source = source(EMAIL);
    if let EventSource::Queue {
        batch_size,
        maximum_concurrency,
        ..
    } = &mut source
    {
        (*batch_size, *maximum_concurrency) = (1, Some(3));
    }
    let running_now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let function = {
        let most = most.clone();
        move |_| {
            let (running_now, most) = (running_now.clone(), most.clone());
            async move {
                most.fetch_max(running_now.fetch_add(1, SeqCst) + 1, SeqCst);
                tokio::time::sleep(Duration::from_millis(3)).await;
                running_now.fetch_sub(1, SeqCst);
                Ok(Value::Null)
            }
        }
    };
    let running = bench.start(source, function).await;
    running.settle(Until::Empty).await;
    assert_eq!(running.invocations(), 40);
    assert_eq!(most.load(SeqCst), 3);
}

#[tokio::test]
async fn a_group_keeps_its_order_and_what_follows_a_failure_comes_again_with_it() {
    let bench = bench(ROOMS);
    for body in ["a1", "b1", "a2", "b2", "a3"] {
        bench.send_to_group(ROOMS, &body[..1], body);
    }
    let running = bench
        .start(source(ROOMS), |payload| async move {
            let failed = records(&payload).iter().find(|record| {
                record["body"] == "a2" && record["attributes"]["ApproximateReceiveCount"] == "1"
            });
            failed_items(
                &failed
                    .iter()
                    .map(|record| &record["messageId"])
                    .collect::<Vec<_>>(),
            )
        })
        .await;
    running.settle(Until::Idle).await;
    bench.clock.advance(VISIBILITY);
    running.settle(Until::Empty).await;

    let of_group = |group: &str| {
        let mut bodies = running.bodies().concat();
        bodies.retain(|body| body.starts_with(group));
        bodies
    };
    assert_eq!(of_group("a"), ["a1", "a2", "a3", "a2", "a3"]);
    assert_eq!(of_group("b"), ["b1", "b2"]);
}

#[tokio::test]
async fn a_slow_group_does_not_hold_up_another_one() {
    let bench = bench(ROOMS);
    let gate = Arc::new(Semaphore::new(0));
    let function = {
        let gate = gate.clone();
        move |payload: Value| {
            let gate = gate.clone();
            async move {
                if records(&payload)[0]["body"] == "slow1" {
                    let _opened = gate.acquire().await;
                }
                Ok(Value::Null)
            }
        }
    };
    let running = bench.start(source(ROOMS), function).await;
    bench.send_to_group(ROOMS, "slow", "slow1");
    eventually("the slow one runs", || running.invocations() == 1).await;
    bench.send_to_group(ROOMS, "slow", "slow2");
    bench.send_to_group(ROOMS, "quick", "quick1");
    eventually("the quick one runs", || running.invocations() == 2).await;
    assert_eq!(running.bodies(), [["slow1"], ["quick1"]]);
    gate.add_permits(1);
    running.settle(Until::Empty).await;
    assert_eq!(running.bodies(), [["slow1"], ["quick1"], ["slow2"]]);
}

#[tokio::test]
async fn what_a_killed_process_had_under_way_is_delivered_again() {
    let bench = bench(EMAIL);
    bench.send(EMAIL, "1");
    let running = bench.start(source(EMAIL), |_| std::future::pending()).await;
    eventually("the message is under way", || running.invocations() == 1).await;
    running.kill();

    let bench = bench.restarted();
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Idle).await;
    assert_eq!(
        running.invocations(),
        0,
        "its visibility timeout still runs"
    );
    bench.clock.advance(VISIBILITY);
    running.settle(Until::Empty).await;
    let payload = &running.payloads()[0];
    assert_eq!(
        records(payload)[0]["attributes"]["ApproximateReceiveCount"],
        "2"
    );
}

#[tokio::test]
async fn a_shutdown_lets_short_invocations_end_and_drops_long_ones() {
    let bench = bench(EMAIL);
    let started = Arc::new(Semaphore::new(0));
    let function = {
        let started = started.clone();
        move |payload: Value| {
            let started = started.clone();
            async move {
                started.add_permits(1);
                if records(&payload)[0]["body"] == "long" {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(Value::Null)
            }
        }
    };
    let mut source = source(EMAIL);
    if let EventSource::Queue { batch_size, .. } = &mut source {
        *batch_size = 1;
    }
    let running = bench.start(source, function).await;
    ["short", "long"]
        .iter()
        .for_each(|body| bench.send(EMAIL, body));
    let _both = started.acquire_many(2).await;
    let begun = Instant::now();
    running.stop().await;
    assert!(
        begun.elapsed() < Duration::from_millis(500),
        "{:?}",
        begun.elapsed()
    );
    let counts = bench.sqs.counts(EMAIL).expect("counted");
    assert_eq!((counts.visible, counts.in_flight), (0, 1));
}

#[tokio::test]
async fn settling_tells_what_is_left() {
    let bench = bench(EMAIL);
    let delayed = NewMessage {
        delay: Some(Duration::from_secs(60)),
        ..NewMessage::new("tomorrow")
    };
    bench.sqs.send(EMAIL, &delayed).expect("sent");
    let running = bench.start(source(EMAIL), |_| async { failure() }).await;
    running.settle(Until::Drained).await;
    let left = running
        .try_settle(Until::Empty, Duration::ZERO)
        .await
        .expect_err("one is left");
    assert_eq!(
        left.to_string(),
        "not settled: queue email: 0 visible, 0 in flight, 1 delayed"
    );

    bench.clock.advance(Duration::from_secs(60));
    eventually("the message comes", || running.invocations() == 1).await;
    running.settle(Until::Idle).await;
    let left = running
        .try_settle(Until::Drained, Duration::ZERO)
        .await
        .expect_err("one is left");
    assert_eq!(
        left.to_string(),
        "not settled: queue email: 0 visible, 1 in flight, 0 delayed"
    );
}
