//! What can befall a deletion: deaths, calls that fail, and writers who are late.

use std::time::Duration;

use local::front::{Fault, FaultKind, Moment};
use serde_json::{Value, json};
use tests::{App, tables};

use super::estate::{self, Estate, SETTLED, delete, report_of};

/// Longer than a job stays hidden whose function died.
const HIDDEN: Duration = Duration::from_secs(5_401);

/// A tenant that is deleted while something befalls `erase`, again and again, until nothing does. How often it did.
async fn survived(befall: impl Fn(u32) -> Fault) -> u32 {
    let app = estate::start().await;
    let mut survived = 0;
    for nth in 1.. {
        let acme = Estate::small(&app, &format!("ada-{nth}"), &format!("acme-{nth}")).await;
        let socket = acme.owner.connect().await;
        let held = acme.held(&app).await;
        let armed = app.fault(befall(nth).function("erase"));
        delete(&acme.owner, &acme.name).await.expect(202);
        app.settled().await;
        for wait in [HIDDEN, SETTLED, HIDDEN, SETTLED, SETTLED] {
            app.advance(wait);
            app.settled().await;
        }
        let fired = armed.fired() > 0;
        armed.disarm();
        drop(socket);

        let founder = app.log_in(&acme.founder).await;
        let report = report_of(&founder, &acme.id).await;
        assert_eq!(report["status"], "deleted", "{nth}: {report}");
        held.assert_removed(&report["removed"]);
        acme.assert_nothing_left(&app).await;
        if !fired {
            break;
        }
        survived += 1;
    }
    app.stop().await;
    survived
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn erase_may_die_after_any_call_and_the_report_is_exact() {
    let death = |nth| Fault::new(FaultKind::DieAfterReply).nth(nth);
    let deaths = survived(death).await;
    tests::report(&format!("erase died {deaths} times"));
    assert!(deaths > 50, "{deaths}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_once_while_a_tenant_is_erased_is_done_again_and_counted_once() {
    let app = estate::start().await;
    let kinds = [
        FaultKind::Throttle,
        FaultKind::InternalError(Moment::BeforeEffect),
        FaultKind::InternalError(Moment::AfterEffect),
    ];
    let operations = [
        "TransactWriteItems",
        "Query",
        "GetItem",
        "BatchGetItem",
        "PutItem",
        "DeleteObjects",
        "ListObjectsV2",
        "DeleteConnection",
        "SendMessage",
    ];
    let befallen = kinds
        .iter()
        .flat_map(|kind| operations.map(|operation| (*kind, operation)));
    for (number, (kind, operation)) in befallen.enumerate() {
        let acme = Estate::small(&app, &format!("ada-{number}"), &format!("acme-{number}")).await;
        let socket = acme.owner.connect().await;
        let held = acme.held(&app).await;
        let fault = Fault::new(kind).function("erase").operation(operation);
        let armed = app.fault(fault.nth(1));
        delete(&acme.owner, &acme.name).await.expect(202);
        estate::finish(&app).await;
        assert_eq!(armed.fired(), 1, "{kind:?} of {operation}");
        drop(socket);
        let founder = app.log_in(&acme.founder).await;
        let report = report_of(&founder, &acme.id).await;
        assert_eq!(report["status"], "deleted", "{kind:?} of {operation}");
        held.assert_removed(&report["removed"]);
        acme.assert_nothing_left(&app).await;
    }
    app.stop().await;
}

/// Whoever was let in before may store something where all had gone already: it goes in the end, and is counted.
#[tokio::test]
async fn what_is_written_late_is_gone_in_the_end() {
    let app = estate::start().await;
    let acme = Estate::of(&app, "ada", "acme").await;
    let late = late_writes(&app, &acme).await;
    delete(&acme.owner, "Acme").await.expect(202);
    app.settled().await;
    let founder = app.log_in(&acme.founder).await;
    let before = report_of(&founder, &acme.id).await["removed"].clone();

    for (table, row) in &late {
        app.put(table, row).await;
    }
    app.advance(SETTLED);
    app.settled().await;
    let founder = app.log_in(&founder).await;
    let report = report_of(&founder, &acme.id).await;
    assert_eq!(report["status"], "deleted");
    let more = |kind: &str| {
        let count = |removed: &Value| removed[kind].as_u64().expect("it is counted");
        count(&report["removed"]) - count(&before)
    };
    assert_eq!(more("vectors"), 1);
    assert_eq!(more("audit_entries"), 1);
    assert_eq!(more("sessions"), 1);
    acme.assert_nothing_left(&app).await;
    app.stop().await;
}

/// What index-task, a refusal and a log-in may write that began before.
async fn late_writes(app: &App, acme: &Estate) -> Vec<(&'static str, Value)> {
    let vectors = app.rows(tables::DATA, "VECTOR#").await;
    let audited = app.audited().await;
    let sessions = app.rows(tables::IDENTITY, "SESSION#").await;
    let of_it = |rows: Vec<Value>| {
        let mut rows = rows.into_iter();
        rows.find(|row| row.to_string().contains(&acme.id))
            .expect("there is one")
    };
    vec![
        (tables::DATA, of_it(vectors)),
        (tables::DATA, of_it(audited)),
        (tables::IDENTITY, of_it(sessions)),
    ]
}

/// What waits in the queues for a tenant that is gone is dropped, and brings nothing back.
#[tokio::test]
async fn jobs_of_a_tenant_that_is_gone_are_dropped() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let project = acme.project("Rockets").await;
    let outage = Fault::new(FaultKind::InternalError(Moment::BeforeEffect)).times(u32::MAX);
    let consumers = ["index-task", "send-email", "send-realtime", "record-audit"];
    let armed = consumers.map(|consumer| app.fault(outage.clone().function(consumer)));
    let input = json!({ "projectId": project, "title": "Buy", "assignedTo": ada.user_id });
    acme.post("/api/create-task", input).await.expect(201);
    app.settled().await;
    delete(&acme, "Acme").await.expect(202);
    app.settled().await;
    for outage in armed {
        outage.disarm();
    }
    estate::finish(&app).await;
    estate::finish(&app).await;
    assert!(app.emails("New task").await.is_empty());
    for queue in ["audit", "email", "embeddings", "erasures", "realtime.fifo"] {
        let waiting = app.stack().sqs().counts(&format!("tenon-{queue}"));
        assert_eq!(waiting.expect("the queue exists").total(), 0, "{queue}");
    }
    estate::assert_gone(&app, &acme.tenant_id).await;
    app.stop().await;
}

/// The note of an event that has been erased before it was relayed goes as well.
#[tokio::test]
async fn a_note_whose_event_has_been_erased_is_swept() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let outage = Fault::new(FaultKind::DieAfterReply).times(u32::MAX);
    let outage = app.fault(outage.function("relay").operation("BatchWriteItem"));
    acme.project("Rockets").await;
    let noted = app.rows(tables::EPHEMERAL, "0").await;
    outage.disarm();
    app.settled().await;
    delete(&acme, "Acme").await.expect(202);
    estate::finish(&app).await;
    for note in noted
        .iter()
        .filter(|note| note.to_string().contains(&acme.tenant_id))
    {
        app.put(tables::EPHEMERAL, note).await;
    }
    app.advance(Duration::from_secs(180));
    app.sweep("sweep-log").await;
    estate::assert_gone(&app, &acme.tenant_id).await;
    assert_eq!(app.ledger().await.change_notes, 0);
    app.stop().await;
}
