//! Whatever stands in a queue, its consumer fails for that message alone.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value, json};
use uuid::Uuid;

use super::arena::Arena;
use super::bodies::bodies;
use super::values::spoilt;

/// How many batches each consumer is sent.
const BATCHES: u32 = 120;

/// A message, and what is known of it before it is consumed.
#[derive(Debug, Clone)]
struct Sent {
    body: String,
    group: Option<String>,
    /// Whether it is consumed; nothing if that depends.
    good: Option<bool>,
}

#[test]
fn send_email_fails_for_bad_messages_alone() {
    let arena = Arena::open();
    let task = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = json!({
            "projectId": project, "title": "Launch", "assignedTo": arena.ada.user_id,
        });
        let made = arena.ada.post("/api/create-task", task).await.expect(201);
        arena.app.settled().await;
        made["task"]["id"].clone()
    });
    let job = json!({
        "id": format!("{}/project/{}/2/0", arena.ada.tenant_id, Uuid::now_v7()),
        "type": "task:assigned",
        "version": 1,
        "tenant_id": arena.ada.tenant_id,
        "payload": {
            "taskId": task,
            "assignedTo": arena.ada.user_id,
            "title": "Count down",
        },
    });
    let wrong = [
        with(&job, "/version", json!(2)),
        with(&job, "/type", json!("task:index")),
    ];
    throw_at(&arena, "send-email", &job, &wrong, &[None]);
    // The neighbours are one job, delivered again and again.
    let emails = arena.wait(arena.app.outbox());
    let neighbours = emails
        .iter()
        .filter(|email| email.subject == "New task: Count down");
    assert!(neighbours.count() >= 1);
    arena.close();
}

#[test]
fn index_task_fails_for_bad_messages_alone() {
    let arena = Arena::open();
    let (project, task) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = arena.ada.task(&project, "Count down").await;
        arena.app.settled().await;
        (project, task)
    });
    let job = json!({
        "id": "1",
        "type": "task:index",
        "version": 1,
        "tenant_id": arena.ada.tenant_id,
        "payload": { "projectId": project, "taskId": task },
    });
    let wrong = [
        with(&job, "/payload/taskId", json!("7")),
        with(&job, "/tenant_id", json!(null)),
    ];
    throw_at(&arena, "index-task", &job, &wrong, &[None]);
    let mut due = with(&job, "/type", json!("task:tell_due"));
    due["payload"]["dueDate"] = json!(1_900_000_000_000_i64);
    let wrong = [
        with(&due, "/payload/dueDate", json!(null)),
        with(&due, "/version", json!(2)),
    ];
    throw_at(&arena, "index-task", &due, &wrong, &[None]);
    let job = with(&job, "/type", json!("task:comments"));
    let wrong = [
        with(&job, "/payload/projectId", json!(null)),
        with(&job, "/version", json!(2)),
    ];
    throw_at(&arena, "index-task", &job, &wrong, &[None]);
    arena.close();
}

#[test]
fn record_audit_fails_for_bad_messages_alone() {
    let arena = Arena::open();
    let id = Uuid::now_v7();
    let job = json!({
        "id": "1",
        "type": "audit:record",
        "version": 1,
        "tenant_id": arena.ada.tenant_id,
        "payload": { "entry": {
            "id": id,
            "at": 1_794_907_815_123_i64,
            "actor": arena.ada.user_id,
            "action": "task:created",
            "object": "task/7",
            "ip": "203.0.113.7",
            "request_id": "r",
            "outcome": "done",
        }},
    });
    let wrong = [
        with(&job, "/payload/entry/outcome", json!("maybe")),
        with(&job, "/payload/entry/at", json!("soon")),
        with(&job, "/payload/entry/actor", json!("ada")),
    ];
    throw_at(&arena, "record-audit", &job, &wrong, &[None]);
    let entries = arena.wait(arena.app.audited());
    let neighbours = entries.iter().filter(|entry| entry["id"] == json!(id));
    assert!(neighbours.count() >= 1);
    arena.close();
}

#[test]
fn erase_fails_for_bad_messages_alone() {
    let arena = Arena::open();
    let (tenant, user) = arena.wait(async {
        let spare = arena.ada.found("Spare", "spare").await;
        let path = format!("/api/tenants/{}", spare.tenant_id);
        let body = json!({ "name": "Spare" });
        let begun = spare.request("DELETE", &path).json(&body).send().await;
        assert_eq!(begun.expect("the API answers").status(), 202);
        arena.app.settled().await;
        (spare.tenant_id.clone(), spare.user_id.clone())
    });
    let job = json!({
        "id": format!("{tenant}/tenant/2/0"),
        "type": "tenant:erase",
        "version": 1,
        "tenant_id": tenant,
        "payload": { "pass": "first", "stage": "members" },
    });
    let wrong = [
        with(&job, "/payload/stage", json!("attic")),
        with(&job, "/payload/pass", json!(user)),
        with(&job, "/payload/stage", json!(null)),
    ];
    throw_at(&arena, "erase", &job, &wrong, &[None]);
    arena.close();
}

#[test]
fn export_tenant_fails_for_bad_messages_alone() {
    let arena = Arena::open();
    let exports = format!("/api/tenants/{}/exports", arena.ada.tenant_id);
    let id = arena.wait(async {
        let made = arena.ada.post(&exports, json!({})).await.expect(202);
        arena.app.settled().await;
        made["data"]["id"].clone()
    });
    let job = json!({
        "id": "1",
        "type": "tenant:export",
        "version": 1,
        "tenant_id": arena.ada.tenant_id,
        "payload": { "exportId": id },
    });
    let wrong = [
        with(&job, "/payload/exportId", json!("7")),
        with(&job, "/version", json!(2)),
    ];
    throw_at(&arena, "export-tenant", &job, &wrong, &[None]);
    arena.close();
}

#[test]
fn send_realtime_fails_for_bad_messages_and_what_follows_them_in_their_group() {
    let arena = Arena::open();
    let (project, mut socket) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let mut socket = arena.ada.connect().await;
        socket.subscribe(&project).await;
        (project, socket)
    });
    let job = json!({
        "id": "1",
        "type": "realtime:broadcast",
        "version": 1,
        "tenant_id": arena.ada.tenant_id,
        "payload": {
            "type": "task:created",
            "room": format!("project/{project}"),
            "seq": 1,
            "data": { "title": "Count down" },
        },
    });
    // The log has no such events.
    let wrong = [3, 65_536, u64::MAX].map(|seq| with(&job, "/payload/seq", json!(seq)));
    throw_at(
        &arena,
        "send-realtime",
        &job,
        &wrong,
        &[Some("a"), Some("b"), Some("c")],
    );
    // Nobody has been told that more was sent than there is.
    arena.wait(async {
        arena.ada.task(&project, "Count down").await;
        assert_eq!(socket.events_until(1, 2).await.len(), 1);
        socket.close().await;
    });
    arena.close();
}

/// Throws batches at a consumer: `job` as it should be, and whatever else, in any order. What is `wrong` has
/// to fail.
fn throw_at(arena: &Arena, function: &str, job: &Value, wrong: &[Value], groups: &[Option<&str>]) {
    let right = Just((job.to_string(), Some(true)));
    let garbage = prop_oneof![
        ".{0,80}".prop_map(|body| (body, Some(false))),
        Just((job["payload"].to_string(), Some(false))),
        select(wrong.to_vec()).prop_map(|job| (job.to_string(), Some(false))),
        spoilt(Just(job.clone())).prop_map(|job| (job.to_string(), None)),
        bodies(vec![job.clone()])
            .prop_map(|body| (String::from_utf8_lossy(&body).into_owned(), None)),
        spoilt(Just(job["payload"].clone())).prop_map({
            let job = job.clone();
            move |payload| {
                let mut job = job.clone();
                job["payload"] = payload;
                (job.to_string(), None)
            }
        }),
    ];
    let groups: Vec<_> = groups
        .iter()
        .map(|group| group.map(str::to_owned))
        .collect();
    let bodies = prop_oneof![1 => right, 2 => garbage];
    let message =
        (bodies, select(groups)).prop_map(|((body, good), group)| Sent { body, group, good });
    arena.throw(BATCHES, &vec(message, 0..8), async |batch| {
        let answer = arena
            .app
            .stack()
            .lambda()
            .invoke(function, event(&batch))
            .await;
        let answer = answer.map_err(|error| TestCaseError::fail(error.to_string()))?;
        judge(&batch, &answer)
    });
}

/// `job` with another value somewhere in it.
fn with(job: &Value, at: &str, value: Value) -> Value {
    let mut job = job.clone();
    *job.pointer_mut(at).expect("it has that") = value;
    job
}

/// The batch as Lambda sends it; a message's place in it is its id.
fn event(batch: &[Sent]) -> Value {
    let record = |(at, message): (usize, &Sent)| {
        let mut attributes = json!({ "ApproximateReceiveCount": "1" });
        if let Some(group) = &message.group {
            attributes["MessageGroupId"] = json!(group);
        }
        json!({
            "messageId": at.to_string(),
            "receiptHandle": "none",
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        })
    };
    let records = batch.iter().enumerate().map(record);
    json!({ "Records": records.collect::<Vec<_>>() })
}

fn judge(batch: &[Sent], answer: &Value) -> TestCaseResult {
    let failures = answer["batchItemFailures"].as_array();
    let Some(failures) = failures else {
        return Err(TestCaseError::fail(format!("{answer}")));
    };
    let failed: BTreeSet<usize> = failures
        .iter()
        .filter_map(|failure| failure["itemIdentifier"].as_str()?.parse().ok())
        .collect();
    prop_assert_eq!(failed.len(), failures.len(), "each once: {}", answer);
    let mut stuck = BTreeSet::new();
    for (at, message) in batch.iter().enumerate() {
        let overtakes = message
            .group
            .as_ref()
            .is_some_and(|group| stuck.contains(group));
        let has_failed = failed.contains(&at);
        if overtakes {
            prop_assert!(has_failed, "{} follows one that failed", at);
        } else if let Some(good) = message.good {
            prop_assert_eq!(has_failed, !good, "{}: {:?}", at, message);
        }
        if has_failed {
            stuck.extend(message.group.clone());
        }
    }
    prop_assert!(failed.iter().all(|at| *at < batch.len()));
    Ok(())
}
