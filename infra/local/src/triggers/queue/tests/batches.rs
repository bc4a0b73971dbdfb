use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use serde_json::{Value, json};
use sqs::{MessageAttribute, NewMessage};

use super::{EMAIL, bench, delivered, source};
use crate::{
    template::EventSource,
    triggers::{
        Until,
        testing::{eventually, records, succeed},
    },
};

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
async fn no_batch_is_larger_than_its_size() {
    let bench = bench(EMAIL);
    let bodies: Vec<String> = (10..35).map(|number| number.to_string()).collect();
    bench.send_all(EMAIL, &bodies);
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Empty).await;

    let mut sizes: Vec<usize> = running.bodies().iter().map(Vec::len).collect();
    sizes.sort_unstable(); // they run side by side
    assert_eq!(sizes, [5, 10, 10]);
    assert_eq!(delivered(&running), bodies);
}

#[tokio::test]
async fn a_message_sent_later_wakes_the_pump() {
    let bench = bench(EMAIL);
    let running = bench.start(source(EMAIL), succeed).await;
    running.settle(Until::Idle).await;
    bench.send(EMAIL, "late");
    eventually("the message arrives", || running.invocations() == 1).await;
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
async fn maximum_concurrency_is_reached_and_never_exceeded() {
    let bench = bench(EMAIL);
    bench.send_all(EMAIL, &[(); 40].map(|()| "again"));
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
