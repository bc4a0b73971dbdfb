//! Many changes in one request: each made or refused by itself, once, whatever dies.

use std::time::Duration;

use futures::future::join_all;
use local::front::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::{Answer, App, Member};

fn path(project: &str) -> String {
    format!("/api/projects/{project}/tasks/bulk")
}

/// So many new tasks.
fn creations(count: usize) -> Value {
    let create = |number| json!({ "op": "create", "title": format!("Number {number}") });
    (0..count).map(create).collect()
}

async fn ask(member: &Member, project: &str, key: &str, operations: &Value) -> Answer {
    let body = json!({ "operations": operations });
    let request = member.request("POST", &path(project)).json(&body);
    let request = request.header("idempotency-key", key);
    Answer::of(request.send().await.expect("the API answers")).await
}

/// What is answered in the end: where the time was too short for all of it, the rest is done by a repeat.
async fn insisted(member: &Member, project: &str, key: &str, operations: Value) -> Value {
    loop {
        let answer = ask(member, project, key, &operations).await;
        if answer.status == 503 {
            continue;
        }
        let body = answer.expect(200);
        if !statuses(&body).contains(&503) {
            return body;
        }
    }
}

fn statuses(body: &Value) -> Vec<u64> {
    let outcomes = body["data"].as_array().expect("it has one for each").iter();
    let outcomes = outcomes.enumerate().map(|(index, outcome)| {
        assert_eq!(outcome["index"], index);
        outcome["status"].as_u64().expect("it has one")
    });
    outcomes.collect()
}

fn id(outcome: &Value) -> String {
    outcome["data"]["id"]
        .as_str()
        .expect("it has one")
        .to_owned()
}

#[tokio::test]
async fn each_operation_is_done_or_refused_by_itself_and_in_its_order() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (project, other) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let (task, gone) = (
        ada.task(&project, "One").await,
        ada.task(&project, "Two").await,
    );
    let elsewhere = ada.task(&other, "Elsewhere").await;
    let seen = ada.get(&format!("/api/tasks/{task}")).await;
    let seen = seen.header("etag").expect("it has one").to_owned();
    let operations = json!([
        { "op": "update", "id": task, "title": "First", "if_match": seen },
        { "op": "update", "id": task, "title": "Lost", "if_match": seen },
        { "op": "create", "title": "Three", "status": "done", "assigned_to": ada.user_id },
        { "op": "create", "title": "Four", "assigned_to": eve.user_id },
        { "op": "create", "title": "Five", "start_date": 2, "due_date": 1 },
        { "op": "delete", "id": gone },
        { "op": "delete", "id": gone },
        { "op": "update", "id": elsewhere, "title": "Nowhere" },
        { "op": "update", "id": task, "status": "in_progress", "position": { "end": "first" } },
    ]);
    let answer = ada
        .post(&path(&project), json!({ "operations": operations }))
        .await;
    assert_eq!(answer.event_seq(), 7);
    let body = answer.expect(200);
    assert_eq!(
        statuses(&body),
        [200, 412, 201, 422, 422, 204, 404, 404, 200]
    );
    assert_eq!(body["data"][0]["data"]["title"], "First");
    assert_eq!(body["data"][1]["error"]["code"], "PRECONDITION_FAILED");
    assert_eq!(
        body["data"][3]["error"]["details"][0]["field"],
        "assigned_to"
    );
    assert_eq!(body["data"][5], json!({ "index": 5, "status": 204 }));
    let made = ada
        .get(&format!("/api/tasks/{}", id(&body["data"][2])))
        .await
        .expect(200);
    assert_eq!(made["data"], body["data"][2]["data"]);
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    ledger.assert_usage();
    assert_eq!(ledger.titled("Elsewhere"), 1);
}

#[tokio::test]
async fn a_hundred_tasks_are_changed_and_the_room_hears_of_each() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let mut socket = ada.connect().await;
    let seq = socket.subscribe(&project).await;
    let made = insisted(&ada, &project, "make", creations(100)).await;
    assert_eq!(statuses(&made), [201; 100]);
    let tasks = made["data"].as_array().expect("it has one for each").iter();
    let finish = tasks.map(|task| json!({ "op": "update", "id": id(task), "status": "done" }));
    let done = insisted(&ada, &project, "finish", finish.collect()).await;
    assert_eq!(statuses(&done), [200; 100]);
    let heard = socket.events_until(seq, seq + 200).await;
    assert_eq!(heard.len(), 200);
    let shown = ada
        .get(&format!("/api/projects/{project}"))
        .await
        .expect(200);
    assert_eq!(
        shown["data"]["task_counts"],
        json!({ "todo": 0, "in_progress": 0, "done": 100 })
    );
    let long = json!({ "operations": vec![json!({ "op": "create", "title": "One" }); 101] });
    assert_eq!(
        ada.post(&path(&project), long).await.bad_fields(),
        ["operations"]
    );
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn wherever_it_dies_a_repeat_does_what_is_left_and_nothing_twice() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("change-tasks");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let project = ada.project("Apollo").await;
        let (task, gone) = (
            ada.task(&project, "One").await,
            ada.task(&project, "Two").await,
        );
        let operations = json!([
            { "op": "create", "title": "Three" },
            { "op": "update", "id": task, "title": "First" },
            { "op": "update", "id": task, "title": "Last" },
            { "op": "delete", "id": gone },
            { "op": "create", "title": "Four" },
        ]);
        let key = format!("bulk {}", deaths.count());
        let first = ask(&ada, &project, &key, &operations);
        deaths.befall_request(first).await;
        let again = ask(&ada, &project, &key, &operations).await.expect(200);
        assert_eq!(statuses(&again), [201, 200, 200, 204, 201]);
        let third = ask(&ada, &project, &key, &operations).await;
        assert_eq!(third.header("idempotency-replayed"), Some("true"));
        assert_eq!(third.expect(200), again);
        let other = json!([{ "op": "create", "title": "Other" }]);
        let refused = ask(&ada, &project, &key, &other).await;
        assert_eq!(refused.bad_fields(), ["Idempotency-Key"]);
        let last = ada.get(&format!("/api/tasks/{task}")).await.expect(200);
        assert_eq!(last["data"]["title"], "Last");
        let ledger = app.ledger().await;
        // Its founding, two tasks, and five changes.
        assert_eq!(ledger.seq(&project), 8);
        assert_eq!(ledger.tasks_of(&project).count(), 3);
        app.settled().await;
        app.advance(Duration::from_mins(2));
    }
    deaths.assert_at_least(16);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn what_could_not_be_made_and_what_is_behind_it_is_told_and_made_by_a_repeat() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let operations = creations(4);
    let throttled = |nth| {
        let fault = Fault::new(FaultKind::Throttle).function("change-tasks");
        let fault = fault.operation("TransactWriteItems").nth(nth);
        app.fault(fault.times(u32::MAX))
    };

    // Not even the first is made.
    let throttle = throttled(1);
    let none = ask(&ada, &project, "throttled", &operations).await;
    none.refused(503);
    throttle.disarm();
    let throttle = throttled(3);
    let half = ask(&ada, &project, "throttled", &operations).await;
    throttle.disarm();
    let half = half.expect(200);
    assert_eq!(statuses(&half), [201, 201, 503, 503]);
    for failed in [&half["data"][2], &half["data"][3]] {
        assert_eq!(failed["error"]["code"], "UNAVAILABLE");
        assert_eq!(failed["data"], Value::Null);
    }

    let throttle = throttled(1);
    let again = ask(&ada, &project, "throttled", &operations).await;
    throttle.disarm();
    assert_eq!(again.header("idempotency-replayed"), None, "a rest is left");
    assert_eq!(again.expect(200), half);
    let whole = ask(&ada, &project, "throttled", &operations).await;
    let whole = whole.expect(200);
    assert_eq!(statuses(&whole), [201; 4]);
    assert_eq!(whole["data"][1], half["data"][1]);
    app.settled().await;
    let ledger = app.ledger().await;
    assert_eq!(ledger.tasks_of(&project).count(), 4);
    ledger.assert_consistent();
}

#[tokio::test]
async fn of_equal_requests_at_once_each_operation_has_its_effect_once() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let operations = creations(5);
    let asked = (0..4).map(|_| ask(&ada, &project, "at once", &operations));
    let answers = join_all(asked).await;
    for answer in &answers {
        assert_eq!(statuses(&answer.body), [201; 5]);
        assert_eq!(answer.body, answers[0].body);
    }
    app.settled().await;
    let ledger = app.ledger().await;
    assert_eq!(ledger.tasks_of(&project).count(), 5);
    ledger.assert_consistent();
}
