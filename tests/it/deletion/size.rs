//! Tenants of any size: more rows than one transaction holds, more files than one page, more work than one
//! invocation has time for.

use std::time::Duration;

use local::functions;
use serde_json::{Value, json};
use shared::lambda::Doors;
use tests::{App, tables};

use super::estate::{self, delete, report_of};

/// How many tasks a large tenant's project has: several transactions' worth.
const TASKS: usize = 450;

/// What is left beside the time that an erasure keeps back.
const HURRIED: Duration = Duration::from_millis(30_700);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_tenant_is_erased_by_one_invocation_after_the_other() {
    let app = App::start_with(|options| {
        let hurried = Doors {
            time: Some(HURRIED),
            ..Doors::default()
        };
        let functions = functions::all().into_iter();
        options.functions = functions
            .map(|function| match function.endpoint.name {
                "erase" => function.astray(hurried),
                _ => function,
            })
            .collect();
    })
    .await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let project = acme.project("Rockets").await;
    let task = acme.task(&project, "Buy anvils").await;
    app.settled().await;
    copies(&app, &task).await;
    app.forget_calls();

    delete(&acme, "Acme").await.expect(202);
    for _ in 0..3 {
        estate::finish(&app).await;
    }
    let ada = app.log_in(&ada).await;
    let report = report_of(&ada, &acme.tenant_id).await;
    assert_eq!(report["status"], "deleted", "{report}");
    assert_eq!(report["removed"]["tasks"], TASKS + 1);
    let calls = app.calls_of("erase");
    let sent = calls.iter().filter(|call| call.operation == "SendMessage");
    let (sent, largest) = (
        sent.count(),
        calls
            .iter()
            .filter(|call| call.operation == "TransactWriteItems")
            .count(),
    );
    tests::report(&format!(
        "{} rows took {} calls, {largest} transactions and {sent} more invocations",
        report["removed"]["rows"],
        calls.len(),
    ));
    assert!(sent > 1, "it was not interrupted");
    estate::assert_gone(&app, &acme.tenant_id).await;
    app.stop().await;
}

/// Stores a task again and again, under other ids.
async fn copies(app: &App, task: &str) {
    let rows = app.rows(tables::DATA, &format!("TASK#{task}")).await;
    for number in 0..TASKS {
        let mut row: Value = rows[0].clone();
        let id = format!("01900000-0000-7000-8000-{number:012}");
        row["sk"] = json!(format!("TASK#{id}"));
        row["id"] = json!(id);
        app.put(tables::DATA, &row).await;
    }
}
