//! What has happened: in a project, in its order, and to a task, the latest first.

use serde_json::{Value, json};
use tests::{App, Member, tables};

async fn asked(member: &Member, path: &str) -> (Vec<Value>, Value) {
    let page = member.get(path).await.expect(200);
    let events = page["data"].as_array().expect("it is a list").clone();
    (events, page["meta"].clone())
}

fn seqs(events: &[Value]) -> Vec<u64> {
    let numbers = events.iter().map(|event| event["seq"].as_u64());
    numbers.map(|seq| seq.expect("it has a number")).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    let kinds = events.iter().map(|event| event["type"].as_str());
    kinds.map(|kind| kind.expect("it has a type")).collect()
}

#[tokio::test]
async fn a_project_s_events_are_read_in_their_order_and_on_from_where_somebody_was() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let eve = app.member("eve").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    let body = json!({ "title": "Count up" });
    ada.patch(&format!("/api/tasks/{task}"), body)
        .await
        .expect(200);
    let path = format!("/api/projects/{project}/events");

    let (events, meta) = asked(&bob, &path).await;
    assert_eq!(seqs(&events), [1, 2, 3]);
    assert_eq!(
        kinds(&events),
        ["project:created", "task:created", "task:updated"]
    );
    assert_eq!(meta, json!({ "next_after": 3, "has_more": false }));
    assert_eq!(
        events[2],
        json!({
            "seq": 3, "type": "task:updated", "at": events[2]["at"], "actor": ada.user_id,
            "object": format!("task/{task}"),
            "data": { "id": task, "version": 2, "fields": ["title"] },
        })
    );
    let (events, meta) = asked(&bob, &format!("{path}?limit=2")).await;
    assert_eq!(seqs(&events), [1, 2]);
    assert_eq!(meta, json!({ "next_after": 2, "has_more": true }));
    for behind in [3, 4, 999_999_999_999_u64] {
        let (events, meta) = asked(&bob, &format!("{path}?after={behind}")).await;
        assert_eq!(events.len(), 0);
        assert_eq!(meta, json!({ "next_after": behind, "has_more": false }));
    }
    ada.task(&project, "Another").await;
    let (events, _) = asked(&bob, &format!("{path}?after=3")).await;
    assert_eq!(seqs(&events), [4]);
    eve.get(&path).await.refused(404);
}

#[tokio::test]
async fn a_task_s_events_are_its_own_and_the_latest_come_first() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let eve = app.member("eve").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    let one = format!("/api/tasks/{task}");
    for number in 0..5 {
        ada.task(&project, "Another").await;
        let body = json!({ "title": format!("Number {number}") });
        ada.patch(&one, body).await.expect(200);
    }
    let comments = format!("{one}/comments");
    ada.post(&comments, json!({ "text": "Go" }))
        .await
        .expect(201);
    ada.delete(&one).await.expect(204);
    let path = format!("{one}/events");
    ada.get(&path).await.refused(404);
    ada.post(&format!("{one}/restore"), json!({}))
        .await
        .expect(200);

    let (all, meta) = asked(&ada, &path).await;
    assert_eq!(seqs(&all), [15, 14, 13, 12, 10, 8, 6, 4, 2]);
    let latest = [
        "task:restored",
        "task:deleted",
        "comment:created",
        "task:updated",
    ];
    assert_eq!(kinds(&all)[..4], latest);
    assert_eq!(meta["next_cursor"], Value::Null);
    for limit in [1, 2, 4, 9] {
        let (mut events, mut meta) = asked(&ada, &format!("{path}?limit={limit}")).await;
        while let Some(cursor) = meta["next_cursor"].as_str() {
            // What happens meanwhile is before the beginning.
            ada.task(&project, "Yet another").await;
            let next = format!("{path}?limit={limit}&cursor={cursor}");
            let (page, next) = asked(&ada, &next).await;
            assert!(page.len() <= limit);
            events.extend(page);
            meta = next;
        }
        assert_eq!(events, all, "{limit}");
    }
    let other = ada.task(&project, "Other").await;
    let (_, meta) = asked(&ada, &format!("{path}?limit=1")).await;
    let cursor = meta["next_cursor"].as_str().expect("there are more");
    let elsewhere = format!("/api/tasks/{other}/events?cursor={cursor}");
    ada.get(&elsewhere).await.refused(400);
    eve.get(&path).await.refused(404);
}

#[tokio::test]
async fn however_long_a_log_is_one_call_looks_through_a_part_of_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    app.settled().await;
    // As after a million changes of other tasks.
    for mut row in app.rows(tables::DATA, "PROJECT").await {
        if row["id"] == *project && row["sk"] == "PROJECT" {
            row["seq"] = json!(1_000_000);
            app.put(tables::DATA, &row).await;
        }
    }
    let path = format!("/api/tasks/{task}/events");
    let mut found = Vec::new();
    let mut next = path.clone();
    for reads in [8, 8] {
        app.forget_calls();
        let (events, meta) = asked(&ada, &next).await;
        let calls = app.calls_of("list-events");
        let queries = calls.iter().filter(|call| call.operation == "Query");
        assert_eq!(queries.count(), reads);
        found.extend(events);
        match meta["next_cursor"].as_str() {
            Some(cursor) => next = format!("{path}?cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(kinds(&found), ["task:created"]);
}
