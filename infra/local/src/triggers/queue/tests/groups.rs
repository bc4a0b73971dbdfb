use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;

use super::{ROOMS, VISIBILITY, bench, source};
use crate::triggers::{
    Until,
    testing::{eventually, failed_items, records, succeed},
};

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
