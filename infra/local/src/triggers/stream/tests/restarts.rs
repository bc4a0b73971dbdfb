use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{Settings, TABLE, bench, identifier};
use crate::{
    template::StartingPosition,
    triggers::{
        Until,
        testing::{eventually, failure, succeed},
    },
};

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
async fn a_shutdown_does_not_wait_for_retries() {
    let bench = bench(&["1"]);
    let running = bench
        .start(Settings::default().into(), |_| async { failure() })
        .await;
    eventually("it is tried", || running.invocations() >= 1).await;
    let begun = Instant::now();
    running.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}
