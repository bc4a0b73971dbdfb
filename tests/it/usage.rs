//! What a tenant uses: it is what its rows, its files, its log and its emails say, and what was asked of it.

use std::time::Duration;

use futures::future::join_all;
use local::front::{Fault, FaultKind, Moment};
use serde_json::{Value, json};
use shared::model::audit::{AuditEntry, RecordAudit};
use shared::model::log::LogEntry;
use shared::model::month::Month;
use tests::{App, Member, PNG, attachment, tables};

const PDF: &[u8] = b"%PDF-1.7 and some more bytes";

async fn usage(member: &Member) -> Value {
    let path = format!("/api/tenants/{}/usage", member.tenant_id);
    member.get(&path).await.expect(200)["data"].clone()
}

/// What a tenant has, as it is shown.
fn levels(usage: &Value) -> [u64; 4] {
    let names = ["projects", "tasks", "members", "bytes_stored"];
    names.map(|name| usage[name].as_u64().expect("it is a count"))
}

/// A task with a file.
async fn with_file(member: &Member, project: &str, bytes: &[u8], name: &str, kind: &str) {
    let input = json!({
        "projectId": project,
        "title": format!("With {name}"),
        "assignedTo": member.user_id,
        "attachment": attachment(bytes, name, kind),
    });
    member.post("/api/create-task", input).await.expect(201);
}

/// Goes on to the next month, and a second into it.
fn next_month(app: &App) {
    let now = app.stack().clock().now();
    let longest = 32 * 24 * 3_600_000;
    let next = Month::of(Month::of(now).start() + longest).start();
    let wait = u64::try_from(next - now).expect("it is to come");
    app.advance(Duration::from_millis(wait + 1000));
}

#[tokio::test]
async fn what_a_tenant_uses_is_what_its_rows_its_files_its_log_and_its_mail_say() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let bob = app.enrol(&ada, &app.member("bob").await, "editor").await;
    app.settled().await;
    assert_eq!(levels(&usage(&ada).await), [0, 0, 2, 0]);

    let projects = join_all(["Apollo", "Gemini", "Vostok"].map(|name| ada.project(name))).await;
    with_file(&ada, &projects[0], PNG, "pixel.png", "image/png").await;
    with_file(&bob, &projects[1], PDF, "plan.pdf", "application/pdf").await;
    // Many at once: whoever counts them is often in another's way.
    let tasks = (0..24).map(|number| {
        let member = if number % 2 == 0 { &ada } else { &bob };
        let project = &projects[number % projects.len()];
        async move { member.task(project, &format!("Task {number}")).await }
    });
    join_all(tasks).await;
    eve.project("Elsewhere").await;
    app.settled().await;

    let shown = usage(&ada).await;
    let bytes = (PNG.len() + PDF.len()) as u64;
    assert_eq!(levels(&shown), [3, 26, 2, bytes]);
    assert_eq!(shown["months"][0]["searches"], 0);
    assert_eq!(levels(&usage(&eve).await), [1, 0, 1, 0]);
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_usage();
    // A link for her address, and two tasks.
    assert_eq!(shown["months"][0]["emails"], 3);
    app.stop().await;
}

#[tokio::test]
async fn a_call_counts_in_the_tenant_that_it_acts_in_however_it_is_answered_if_it_is_let_in() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let bob = app.enrol(&acme, &app.member("bob").await, "viewer").await;
    let key = acme.api_key("editor").await;
    let project = key.project("Anvils").await;
    acme.search(&project, "anything").await;
    let missing = json!({ "projectId": ada.user_id, "query": "x" });
    bob.post("/api/search-tasks", missing).await.expect(404);
    bob.post("/api/search-tasks", json!({})).await.expect(422);
    assert_eq!(app.ledger().await.calls_in(&acme.tenant_id), (5, 3));

    // Turned away, or for a person and not for the tenant.
    let body = json!({ "name": "Apollo" });
    bob.post("/api/create-project", body.clone())
        .await
        .expect(403);
    app.post("/api/create-project", body).await.expect(401);
    let nobody = bob.acting_in(&ada.tenant_id);
    nobody.get("/api/list-projects").await.expect(404);
    for path in ["/api/me", "/api/sessions"] {
        acme.get(path).await.expect(200);
    }
    let mut socket = acme.connect().await;
    socket.subscribe(&project).await;
    // The ticket to connect with counts, and what goes over the connection does not.
    assert_eq!(app.ledger().await.calls_in(&acme.tenant_id), (6, 3));
    assert_eq!(app.ledger().await.calls_in(&ada.tenant_id), (0, 0));

    let month = usage(&acme).await["months"][0].clone();
    let calls = month["calls"].as_u64().expect("it is a count");
    assert!((6..=7).contains(&calls), "{calls}: itself, or not yet");
    assert_eq!(month["searches"], 3);
    assert_eq!(app.ledger().await.calls_in(&acme.tenant_id), (7, 3));
    app.stop().await;
}

#[tokio::test]
async fn months_are_shown_one_by_one_this_one_first_and_a_year_before_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let key = ada.api_key("admin").await;
    app.settled().await;
    let founded = Month::of(app.stack().clock().now());
    let first = usage(&key).await["months"].clone();
    assert_eq!(first.as_array().map(Vec::len), Some(1));
    assert_eq!(first[0]["month"], founded.to_string());
    assert_eq!(first[0]["emails"], 1);

    next_month(&app);
    let project = key.project("Apollo").await;
    key.search(&project, "anything").await;
    let months = usage(&key).await["months"].clone();
    let two = months.as_array().expect("it is a list");
    assert_eq!(two.len(), 2);
    let second = Month::of(app.stack().clock().now());
    assert_eq!(second.previous(), founded);
    assert_eq!(two[0]["month"], second.to_string());
    let counted = |month: &Value| [&month["emails"], &month["searches"]].map(Value::as_u64);
    assert_eq!(counted(&two[0]), [Some(0), Some(1)]);
    assert_eq!(counted(&two[1]), [Some(1), Some(0)]);
    assert_eq!(two[1]["calls"], 2, "the key, and one look");

    for _ in 0..12 {
        next_month(&app);
    }
    let months = usage(&key).await["months"].clone();
    let year = months.as_array().expect("it is a list");
    assert_eq!(year.len(), 13);
    assert_eq!(year[12]["month"], second.to_string(), "the first has gone");
    assert_eq!(counted(&year[12]), [Some(0), Some(1)]);
    for month in &year[1..12] {
        let nothing = json!({ "month": month["month"], "calls": 0, "emails": 0, "searches": 0 });
        assert_eq!(month, &nothing);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_delivered_again_counts_once() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    with_file(&ada, &project, PDF, "plan.pdf", "application/pdf").await;
    app.settled().await;
    let before = levels(&usage(&ada).await);
    assert_eq!(before, [1, 1, 1, PDF.len() as u64]);

    let events = app.rows(tables::DATA, "EVENT#").await;
    let again = events.iter().map(|event| async {
        let event: LogEntry = serde_json::from_value(event.clone()).expect("it is an event");
        let message = delivery(&event);
        let answer = app.stack().lambda().invoke("record-audit", message).await;
        answer.expect("it is served")
    });
    for answer in join_all(again).await {
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    assert_eq!(levels(&usage(&ada).await), before);
    app.ledger().await.assert_usage();
    app.stop().await;
}

/// Two deliveries in one of what an event has the audit log told.
fn delivery(event: &LogEntry) -> Value {
    let LogEntry {
        tenant_id,
        room,
        seq,
        ..
    } = event;
    let body = json!({
        "id": format!("{tenant_id}/{room}/{seq}"),
        "type": "audit:record",
        "version": 1,
        "tenant_id": tenant_id,
        "payload": RecordAudit {
            entry: AuditEntry::from(event),
            nobody_s: false,
            counts: event.counts,
        },
    });
    let record = |number: u8| {
        json!({
            "messageId": number.to_string(),
            "receiptHandle": number.to_string(),
            "body": body.to_string(),
            "attributes": { "ApproximateReceiveCount": "2" },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        })
    };
    json!({ "Records": [record(1), record(2)] })
}

#[tokio::test]
async fn a_call_that_can_t_be_counted_is_served_and_delayed_little() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    ada.get("/api/members").await.expect(200);
    for kind in [
        FaultKind::Throttle,
        FaultKind::InternalError(Moment::BeforeEffect),
        FaultKind::TransactionConflict,
        FaultKind::Timeout(Moment::BeforeEffect),
    ] {
        let fault = Fault::new(kind)
            .function("list-members")
            .operation("UpdateItem")
            .table(tables::DATA);
        let armed = app.fault(fault.times(u32::MAX));
        let started = std::time::Instant::now();
        ada.get("/api/members").await.expect(200);
        let took = started.elapsed();
        assert!(armed.fired() >= 1, "{kind:?}");
        assert!(took < Duration::from_secs(2), "{kind:?}: {took:?}");
        armed.disarm();
    }
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_s_usage_is_its_admins_to_see() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let path = format!("/api/tenants/{}/usage", ada.tenant_id);
    for role in ["viewer", "editor"] {
        let member = app.enrol(&ada, &app.member(role).await, role).await;
        let (code, _) = member.get(&path).await.refused(403);
        assert_eq!(code, "FORBIDDEN");
        let key = ada.api_key(role).await;
        key.get(&path).await.expect(403);
    }
    ada.api_key("admin").await.get(&path).await.expect(200);
    let another_s = eve.get(&path).await.refused(404);
    let nobody_s = "/api/tenants/01900000-0000-7000-8000-000000000000/usage";
    assert_eq!(another_s, eve.get(nobody_s).await.refused(404));
    app.get(&path).await.expect(401);
    app.stop().await;
}
