use std::{sync::Arc, time::Duration};

use chrono::DateTime;
use serde_json::{Value, json};
use shared::sdk::clock::Millis;
use tokio::sync::Semaphore;

use crate::{
    template::EventSource,
    triggers::{
        FireError, Until,
        testing::{Bench, Running, eventually, failure, succeed},
    },
};

const MINUTE: Duration = Duration::from_mins(1);

fn every_five_minutes() -> EventSource {
    EventSource::Schedule {
        name: "sweep".to_owned(),
        expression: "rate(5 minutes)".to_owned(),
    }
}

/// The time in an event.
fn time(event: &Value) -> Millis {
    let time = event["time"].as_str().expect("a time");
    DateTime::parse_from_rfc3339(time)
        .expect("a time")
        .timestamp_millis()
}

async fn fired(running: &Running, times: usize) {
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), times);
}

#[tokio::test]
async fn a_schedule_fires_at_its_times_and_not_before() {
    let bench = Bench::new();
    let began = bench.clock.now();
    let running = bench.start(every_five_minutes(), succeed).await;
    bench.clock.advance(4 * MINUTE);
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 0);
    bench.clock.advance(MINUTE);
    fired(&running, 1).await;
    bench.clock.advance(5 * MINUTE);
    fired(&running, 2).await;

    let event = &running.payloads()[0];
    assert_eq!(event["version"], "0");
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["account"], "000000000000");
    assert_eq!(event["region"], "us-east-1");
    assert_eq!(
        event["resources"],
        json!(["arn:aws:events:us-east-1:000000000000:rule/sweep"])
    );
    assert_eq!(event["detail"], json!({}));
    assert!(event["id"].is_string());
    let late = time(event) - began - 300_000;
    assert!((-1000..5000).contains(&late), "{late} ms");
}

#[tokio::test]
async fn times_that_were_missed_are_made_up_for_once() {
    let bench = Bench::new();
    let running = bench.start(every_five_minutes(), succeed).await;
    running.settle(Until::Idle).await;
    bench.clock.advance(52 * MINUTE);
    fired(&running, 1).await;
    // The next one comes in the rhythm that there was.
    bench.clock.advance(2 * MINUTE);
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 1);
    bench.clock.advance(MINUTE);
    fired(&running, 2).await;
}

#[tokio::test]
async fn a_restart_neither_repeats_a_firing_nor_begins_to_count_anew() {
    let bench = Bench::new();
    let running = bench.start(every_five_minutes(), succeed).await;
    bench.clock.advance(5 * MINUTE);
    fired(&running, 1).await;
    running.kill();

    let running = bench.start(every_five_minutes(), succeed).await;
    bench.clock.advance(4 * MINUTE);
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 0);
    running.kill();

    let running = bench.start(every_five_minutes(), succeed).await;
    bench.clock.advance(MINUTE);
    fired(&running, 1).await;
}

#[tokio::test]
async fn a_firing_that_a_kill_cut_off_is_made_up_for() {
    let bench = Bench::new();
    let running = bench
        .start(every_five_minutes(), |_| std::future::pending())
        .await;
    bench.clock.advance(5 * MINUTE);
    eventually("it fires", || running.invocations() == 1).await;
    running.kill();
    let running = bench.start(every_five_minutes(), succeed).await;
    fired(&running, 1).await;
}

#[tokio::test]
async fn a_firing_that_fails_is_tried_twice_more() {
    let bench = Bench::new();
    let hourly = EventSource::Schedule {
        name: "sweep".to_owned(),
        expression: "rate(1 hour)".to_owned(),
    };
    let failures = Arc::new(Semaphore::new(4));
    let running = bench
        .start(hourly, move |_| {
            let fails = failures
                .try_acquire()
                .map(tokio::sync::SemaphorePermit::forget);
            async move { fails.map_or(Ok(Value::Null), |()| failure()) }
        })
        .await;
    bench.clock.advance(60 * MINUTE);
    fired(&running, 1).await;
    bench.clock.advance(MINUTE);
    fired(&running, 2).await;
    bench.clock.advance(2 * MINUTE);
    fired(&running, 3).await;
    bench.clock.advance(30 * MINUTE);
    running.settle(Until::Idle).await;
    assert_eq!(running.invocations(), 3, "it was given up");
    bench.clock.advance(27 * MINUTE);
    fired(&running, 4).await;
    bench.clock.advance(MINUTE);
    fired(&running, 5).await;

    let times = running.payloads().iter().map(time).collect::<Vec<_>>();
    assert_eq!(
        times[0], times[2],
        "a retry stands for the time that it was for"
    );
    assert_eq!(times[3] - times[0], 3_600_000);
}

#[tokio::test]
async fn a_schedule_can_be_fired_by_hand() {
    let bench = Bench::new();
    let running = bench
        .start(every_five_minutes(), |_| async { Ok(json!("done")) })
        .await;
    assert_eq!(running.triggers.fire("sweep").await.expect("fired"), "done");
    assert_eq!(running.invocations(), 1);
    let unknown = running.triggers.fire("other").await.expect_err("unknown");
    assert!(matches!(unknown, FireError::Unknown(name) if name == "other"));
}
