//! Deaths: for every k, a function dies right after its k-th AWS call, that call having had its effect. What
//! is left is consistent at once; and once the platform has tried again as it does by itself, everything
//! that had to follow has followed, once.

use std::time::{Duration, Instant};

use futures::future::join_all;
use local::front::{Armed, Fault, FaultKind, Service};
use local::gateway;
use serde_json::json;
use tests::{App, HIDDEN, tables};

use crate::watched::{Watched, start};

/// Where the stream trigger reports what it has given up.
const RELAY_DEAD_LETTERS: &str = "tenon-relay-dead-letters";

/// How the subject of an email about a task begins.
const TASK: &str = "New task: ";

/// The next invocation of `function` that makes a `nth` call dies after it.
fn doom(app: &App, function: &str, nth: u32) -> Armed {
    let death = Fault::new(FaultKind::DieAfterReply);
    app.fault(death.function(function).nth(nth))
}

#[tokio::test]
async fn create_task_may_die_after_any_call() {
    let app = start().await;
    let mut project = Watched::new(&app).await;
    for (assigned, file, least) in [
        (false, false, 3),
        (true, false, 4),
        (false, true, 5),
        (true, true, 6),
    ] {
        let mut deaths = app.deaths_of("create-task");
        while deaths.go_on() {
            let count = deaths.count();
            let title = format!("Assigned {assigned}, file {file}, death {count}");
            let making = project.create(&title, assigned, file);
            deaths.befall_request(making).await;
            let ledger = app.ledger().await;
            ledger.assert_consistent();
            assert!(ledger.titled(&title) <= 1);
        }
        deaths.assert_at_least(least);
    }
    app.settled().await;
    let left = app.ledger().await.files();

    // Time for the hourly sweep of files without a task.
    app.advance(Duration::from_hours(2));
    app.settled().await;
    project.assert_all_told(&app).await;
    let kept = app.ledger().await.files();
    tests::report(&format!("of {left} files {kept} are kept"));
    assert!(kept < left);
}

#[tokio::test]
async fn relay_may_die_after_any_call() {
    survives("relay", 5).await;
}

#[tokio::test]
async fn send_realtime_may_die_after_any_call() {
    survives("send-realtime", 4).await;
}

#[tokio::test]
async fn index_task_may_die_after_any_call() {
    survives("index-task", 5).await;
}

#[tokio::test]
async fn record_audit_may_die_after_any_call() {
    // It makes one call for each entry.
    survives("record-audit", 1).await;
}

#[tokio::test]
async fn send_email_may_die_after_any_call() {
    survives("send-email", 3).await;
}

/// Two tasks at once, again and again, with a later death each time, until there is none.
async fn survives(function: &str, least: u32) {
    let app = start().await;
    let mut project = Watched::new(&app).await;
    let mut deaths = app.deaths_of(function);
    while deaths.go_on() {
        project.log_in(&app).await;
        let titles = ["Left", "Right"].map(|side| format!("{side}, death {}", deaths.count()));
        let assigned = async {
            for answer in join_all(titles.iter().map(|title| project.assign(title))).await {
                answer.expect(201);
            }
            app.settled().await;
        };
        deaths.befall(assigned).await;
        app.ledger().await.assert_consistent();

        app.advance(HIDDEN);
        app.settled().await;
        project.assert_all_told(&app).await;
    }
    deaths.assert_at_least(least);
}

#[tokio::test]
async fn send_email_may_die_after_any_call_while_the_mail_service_fails_too() {
    use gateway::Fault::{AcceptThenFail, ConcurrentRequest, ServerError, TooManyRequests};
    let mut deaths = 0;
    for fault in [
        AcceptThenFail,
        ServerError,
        ConcurrentRequest,
        TooManyRequests { retry_after: 2 },
    ] {
        // Connections end after three hours.
        let app = start().await;
        let mut project = Watched::new(&app).await;
        for call in 1.. {
            project.log_in(&app).await;
            app.stack().gateway().outbox.script(fault, 1);
            let armed = doom(&app, "send-email", call);
            let title = format!("{fault:?}, death {call}");
            project.assign(&title).await.expect(201);
            app.settled().await;
            let died = armed.fired() == 1;
            armed.disarm();
            // Dead before it posted, it meets the fault when it comes again, and waits once more.
            for wait in [HIDDEN, Duration::from_secs(61)] {
                app.advance(wait);
                app.settled().await;
            }
            project.assert_all_told(&app).await;
            if !died {
                break;
            }
            deaths += 1;
        }
    }
    tests::report(&format!(
        "send-email died {deaths} times beside a failing mail service"
    ));
    assert!(deaths >= 4 + 4 + 4 + 3, "{deaths}");
}

#[tokio::test]
async fn an_email_whose_acceptance_nobody_heard_of_is_not_sent_again() {
    let app = start().await;
    let mut project = Watched::new(&app).await;
    let outbox = &app.stack().gateway().outbox;
    // Longer than the function waits, in real time.
    outbox.script(gateway::Fault::AcceptThenHang(Duration::from_secs(12)), 1);
    project.assign("Heard late").await.expect(201);
    app.settled().await;
    assert_eq!(outbox.record().posts, 1);
    app.advance(Duration::from_secs(61));
    app.settled().await;
    assert_eq!(outbox.record().posts, 2);
    project.assert_all_told(&app).await;
}

#[tokio::test]
async fn a_stack_that_ends_while_an_email_is_posted_does_not_send_it_again() {
    let app = start().await;
    let project = Watched::new(&app).await;
    let outbox = &app.stack().gateway().outbox;
    outbox.script(gateway::Fault::AcceptThenHang(Duration::from_secs(60)), 1);
    project.assign("Posted").await.expect(201);
    until(async || !app.emails(TASK).await.is_empty()).await;

    let app = app.restart().await;
    app.settled().await;
    // Unless it died, the function has put the email off.
    app.advance(HIDDEN);
    app.settled().await;
    assert_eq!(app.emails(TASK).await.len(), 1);
    let outbox = &app.stack().gateway().outbox;
    assert_eq!(outbox.record().posts, 1, "it was tried again");
    assert_eq!(waiting(&app, "tenon-email"), 0, "it is done");
}

#[tokio::test]
async fn what_the_stream_gave_up_is_relayed_by_a_sweep_that_may_die_after_any_call() {
    let app = start().await;
    let mut project = Watched::new(&app).await;
    let outage = Fault::new(FaultKind::DieAfterReply).times(u32::MAX);
    let outage = app.fault(outage.function("relay"));
    project.assign("Lost").await.expect(201);
    let mut deaths = 0;
    until(async || {
        // Its retries wait on the clock, for two minutes in all. The sweep's own schedule stays ahead.
        app.advance(Duration::from_millis(50));
        if outage.fired() > deaths {
            app.advance(Duration::from_millis(250 << deaths.min(7)));
            deaths = outage.fired();
        }
        waiting(&app, RELAY_DEAD_LETTERS) > 0
    })
    .await;
    assert!(outage.fired() > 10, "{}", outage.fired());
    outage.disarm();
    assert_eq!(app.ledger().await.change_notes, 1);

    // A relay that died at its very end leaves its note as well: so it is left before each sweep.
    let notes = app.rows(tables::EPHEMERAL, "0").await;
    let leave = async || app.put(tables::EPHEMERAL, &notes[0]).await;
    // Sixteen shards of notes, the events, four queues, the note.
    survives_sweeps(&app, "sweep-log", 22, leave).await;
    let purged = app.stack().sqs().purge(RELAY_DEAD_LETTERS);
    purged.expect("the queue exists");
    project.assert_all_told(&app).await;
}

#[tokio::test]
async fn a_stream_that_is_read_again_from_its_beginning_has_no_effect_twice() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    for title in ["One", "Two", "Three"] {
        let input = json!({ "projectId": apollo, "title": title, "assignedTo": ada.user_id });
        ada.post("/api/create-task", input).await.expect(201);
    }
    app.settled().await;
    assert_eq!(app.emails(TASK).await.len(), 3);

    let app = app
        .restart_with(|options| {
            for entry in std::fs::read_dir(&options.data).expect("the folder can be read") {
                let path = entry.expect("it has entries").path();
                if path.to_string_lossy().contains("triggers.sqlite") {
                    std::fs::remove_file(path).expect("it can be removed");
                }
            }
            // The realtime queue drops what it has seen within five minutes: that would be too easy.
            options.clock.advance(Duration::from_mins(6));
        })
        .await;
    app.settled().await;
    assert!(!app.calls_of("relay").is_empty(), "it was read again");
    assert!(!app.calls_of("send-email").is_empty(), "so were the jobs");
    assert_eq!(app.emails(TASK).await.len(), 3);
    assert_eq!(app.stack().gateway().outbox.record().posts, 0);
    let embedded = app.calls_of("index-task");
    assert!(embedded.iter().all(|call| call.service != Service::Bedrock));
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_usage();
}

#[tokio::test]
async fn sweep_uploads_may_die_after_any_call() {
    let app = start().await;
    let mut project = Watched::new(&app).await;
    project.create("Kept", false, true).await.expect(201);
    // The call after the object was put never comes. It is the fifth, or the sixth if this one was counted for its tenant before.
    let armed = [5, 6].map(|nth| {
        let death = Fault::new(FaultKind::DieAfterReply).function("create-task");
        app.fault(death.operation("PutObject").nth(nth))
    });
    assert_eq!(project.create("Lost", false, true).await.status, 500);
    assert_eq!(armed.iter().map(Armed::fired).sum::<u32>(), 1);
    armed.iter().for_each(Armed::disarm);
    app.settled().await;
    assert_eq!(app.ledger().await.files(), 2);

    // When the schedule fires by itself, its function dies as well.
    let scheduled = doom(&app, "sweep-uploads", 1);
    app.advance(Duration::from_mins(61));
    app.settled().await;
    assert_eq!(scheduled.fired(), 1);
    let notes = app.rows(tables::EPHEMERAL, "tenants/").await;
    let leave = async || app.put(tables::EPHEMERAL, &notes[0]).await;
    // Sixteen shards of notes, the claim, the file, the note.
    survives_sweeps(&app, "sweep-uploads", 19, leave).await;
    let ledger = app.ledger().await;
    assert_eq!(ledger.files(), 1);
    assert_eq!((ledger.titled("Kept"), ledger.titled("Lost")), (1, 0));
    project.assert_all_told(&app).await;
}

#[tokio::test]
async fn sweep_projects_may_die_after_any_call() {
    let app = start().await;
    let ada = app.member("ada").await;
    let gemini = ada.project("Gemini").await;
    ada.task(&gemini, "Dock").await;
    app.settled().await;
    ada.delete(&format!("/api/projects/{gemini}"))
        .await
        .expect(204);
    app.settled().await;
    let notes = app.rows(tables::EPHEMERAL, "0").await;
    assert_eq!(notes.len(), 1, "it waits to be purged");

    // When the schedule fires by itself, its function dies as well.
    let scheduled = doom(&app, "sweep-projects", 1);
    app.advance(Duration::from_hours(30 * 24 + 7));
    app.settled().await;
    assert_eq!(scheduled.fired(), 1);
    assert_eq!(app.ledger().await.titled("Dock"), 1);
    let leave = async || app.put(tables::EPHEMERAL, &notes[0]).await;
    // Sixteen shards of notes, the claim, the job.
    survives_sweeps(&app, "sweep-projects", 18, leave).await;
    let ledger = app.ledger().await;
    ledger.assert_nothing_left_to_do();
    assert_eq!(ledger.titled("Dock"), 0);
    assert_eq!(app.rows(tables::EPHEMERAL, "0").await.len(), 0);
}

/// Leaves something to be swept and sweeps, with a later death each time, until there is none.
async fn survives_sweeps(app: &App, function: &str, least: u32, leave: impl AsyncFn()) {
    let mut deaths = app.deaths_of(function);
    while deaths.go_on() {
        leave().await;
        let schedule = format!("{function}-Sweep");
        let sweep = app.stack().triggers().fire(&schedule);
        let swept = deaths.befall(sweep).await;
        assert_eq!(swept.is_err(), deaths.go_on(), "{swept:?}");
        app.settled().await;
        app.ledger().await.assert_consistent();
    }
    deaths.assert_at_least(least);
}

/// How many messages a queue holds.
fn waiting(app: &App, queue: &str) -> u64 {
    let counts = app.stack().sqs().counts(queue);
    counts.expect("the queue exists").total()
}

/// Returns once it is so.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + tests::PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "it does not come to it");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
