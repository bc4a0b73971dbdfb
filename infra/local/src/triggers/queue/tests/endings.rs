use std::{sync::Arc, time::Duration};

use serde_json::Value;
use sqs::NewMessage;
use tokio::{sync::Semaphore, time::Instant};

use super::{EMAIL, VISIBILITY, bench, source};
use crate::{
    template::EventSource,
    triggers::{
        Until,
        testing::{eventually, failure, records, succeed},
    },
};

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
    bench.send_all(EMAIL, &["short", "long"]);
    let _both = started.acquire_many(2).await;
    let begun = Instant::now();
    running.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
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
        delay: Some(Duration::from_mins(1)),
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

    bench.clock.advance(Duration::from_mins(1));
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
