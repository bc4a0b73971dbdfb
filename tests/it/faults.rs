//! Bad luck with AWS: what passes is tried again and shows nowhere but in the time that it took; what does
//! not pass ends, in the function's time, in a 503 that says so and no more, and leaves nothing half done.

mod happy;

use futures::future::join_all;
use futures::{StreamExt, stream};
use local::front::{Fault, FaultKind, Moment, Service};
use serde_json::json;
use tests::{Answer, App};

use self::happy::{Call, Happy, all};
use crate::watched::{Watched, start};

/// What goes wrong without taking time.
const KINDS: [FaultKind; 4] = [
    FaultKind::Throttle,
    FaultKind::InternalError(Moment::BeforeEffect),
    FaultKind::InternalError(Moment::AfterEffect),
    FaultKind::TransactionConflict,
];

/// How many functions are tried at once, each on a stack of its own: more would keep each other from being
/// served in time.
const AT_ONCE: usize = 8;

async fn several<F: Future>(scenes: impl Iterator<Item = F>) -> Vec<F::Output> {
    stream::iter(scenes)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// Every way in which each of `calls` can go wrong.
fn mishaps(calls: Vec<Call>) -> Vec<(Call, FaultKind)> {
    calls
        .into_iter()
        .flat_map(|call| KINDS.map(|kind| (call.clone(), kind)))
        .filter(|(call, kind)| {
            *kind != FaultKind::TransactionConflict || call.is_write_to_a_table()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_fails_once_is_made_again_and_has_one_effect() {
    let befallen = several(all().map(async |happy| {
        let scene = happy.scene().await;
        let mishaps = mishaps(scene.calls().await);
        for (call, kind) in &mishaps {
            let armed = scene.app.fault(call.fault(*kind));
            let answer = scene.request().await;
            assert_eq!(
                answer.status, scene.happy.success,
                "{kind:?} of {call:?}: {}",
                answer.body
            );
            assert_eq!(armed.fired(), 1, "{kind:?} of {call:?}");
        }
        scene.assert_effects().await;
        mishaps.len()
    }));
    let befallen: usize = befallen.await.iter().sum();
    tests::report(&format!("{befallen} faults passed"));
    assert!(befallen > 80, "{befallen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_keeps_failing_is_a_503_in_time_and_leaves_nothing_half_done() {
    let befallen = several(all().map(async |happy| {
        let scene = happy.scene().await;
        let mishaps = mishaps(scene.calls().await);
        for (call, kind) in &mishaps {
            let armed = scene.app.fault(call.fault(*kind).times(u32::MAX));
            let answer = scene.request().await;
            assert!(
                armed.fired() >= 2,
                "{kind:?} of {call:?} was not tried again"
            );
            armed.disarm();
            if scene.happy.can_do_without(call) {
                assert_eq!(answer.status, scene.happy.success);
            } else {
                assert_unavailable(&answer);
                let lost = *kind == FaultKind::InternalError(Moment::AfterEffect);
                scene.failed(lost && call.operation == "TransactWriteItems");
            }
        }
        scene.assert_effects().await;
        mishaps.len()
    }));
    let befallen: usize = befallen.await.iter().sum();
    tests::report(&format!("{befallen} faults did not pass"));
    assert!(befallen > 80, "{befallen}");
}

/// A refusal in the common shape, which says when to come again and nothing of what went wrong. It also
/// shows that the function answered in time: the platform, which ends it otherwise, has another shape.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let expected = json!({ "error": {
        "code": "UNAVAILABLE",
        "message": "Temporarily unavailable, please try again",
        "details": [],
        "request_id": answer.header("x-request-id"),
    }});
    assert_eq!(answer.body, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_an_answer_is_made_again() {
    let silent = |moment| FaultKind::Timeout(moment);
    let cases = [
        (
            "create-task",
            Service::DynamoDb,
            "TransactWriteItems",
            silent(Moment::AfterEffect),
        ),
        (
            "create-task",
            Service::S3,
            "PutObject",
            silent(Moment::AfterEffect),
        ),
        (
            "create-project",
            Service::DynamoDb,
            "TransactWriteItems",
            silent(Moment::AfterEffect),
        ),
        (
            "sign-up",
            Service::DynamoDb,
            "TransactWriteItems",
            silent(Moment::AfterEffect),
        ),
        (
            "search-tasks",
            Service::Bedrock,
            "InvokeModel",
            silent(Moment::BeforeEffect),
        ),
        (
            "list-projects",
            Service::DynamoDb,
            "Query",
            silent(Moment::BeforeEffect),
        ),
    ];
    join_all(cases.map(async |(function, service, operation, kind)| {
        let scene = Happy::of(function).scene().await;
        let fault = Fault::new(kind)
            .function(function)
            .service(service)
            .operation(operation);
        let armed = scene.app.fault(fault);
        let answer = scene.request().await;
        assert_eq!(
            answer.status, scene.happy.success,
            "{operation}: {}",
            answer.body
        );
        assert_eq!(armed.fired(), 1);
        scene.assert_effects().await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_without_an_answer_are_given_up_in_time() {
    let silent = || Fault::new(FaultKind::Timeout(Moment::BeforeEffect));
    let cases = [
        (
            "create-task",
            vec![silent().operation("TransactWriteItems").times(9)],
        ),
        ("create-task", vec![silent().service(Service::S3).times(9)]),
        (
            "search-tasks",
            vec![silent().service(Service::Bedrock).times(9)],
        ),
        (
            "log-in",
            vec![silent().operation("TransactWriteItems").times(9)],
        ),
        // Time that was lost at first is not there later.
        (
            "create-project",
            vec![
                silent().operation("BatchGetItem").times(2),
                silent().operation("TransactWriteItems").times(9),
            ],
        ),
    ];
    join_all(cases.map(async |(function, faults)| {
        let scene = Happy::of(function).scene().await;
        for fault in faults {
            scene.app.fault(fault.function(function));
        }
        assert_unavailable(&scene.request().await);
        scene.failed(false);
        scene.assert_effects().await;
    }))
    .await;
}

#[tokio::test]
async fn a_secret_that_is_slow_to_come_delays_a_cold_start_and_no_more() {
    let app = App::start().await;
    let kind = FaultKind::Timeout(Moment::BeforeEffect);
    let armed = app.fault(Fault::new(kind).service(Service::Ssm));
    app.member("ada").await;
    assert_eq!(armed.fired(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_from_the_log_is_not_held_up_by_a_call_that_fails_once() {
    let functions = ["relay", "send-email", "send-realtime", "index-task"];
    let befallen = join_all(functions.map(async |function| {
        let app = start().await;
        let mut project = Watched::new(&app).await;
        // The first one starts the functions, and lets them into the tenant.
        project.assign("Good morning").await.expect(201);
        app.settled().await;
        app.forget_calls();
        project.assign("Nothing befalls it").await.expect(201);
        app.settled().await;

        let mishaps = mishaps(Call::of(&app, function));
        for (index, (call, kind)) in mishaps.iter().enumerate() {
            let armed = app.fault(call.fault(*kind));
            let title = format!("{index}: {kind:?}");
            project.assign(&title).await.expect(201);
            // No message has to come again: the clock stands still.
            app.settled().await;
            assert_eq!(armed.fired(), 1, "{kind:?} of {call:?}");
        }
        project.assert_all_told(&app).await;
        mishaps.len()
    }));
    let befallen: usize = befallen.await.iter().sum();
    tests::report(&format!("{befallen} faults passed behind the log"));
    assert!(befallen > 45, "{befallen}");
}
