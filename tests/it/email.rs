//! Email: who is given a task is told, once.

use std::time::Duration;

use local::front::{self, FaultKind};
use local::gateway::{Email, Fault};
use serde_json::{Value, json};
use tests::{App, HIDDEN, Member};

/// A user, once the mail that signing up sends has gone: what follows is of what she does.
async fn ada(app: &App) -> Member {
    let ada = app.member("ada").await;
    app.settled().await;
    app.stack().gateway().outbox.reset_record();
    ada
}

/// The mail about tasks, newest first.
async fn outbox(app: &App) -> Vec<Email> {
    app.emails("New task: ").await
}

/// Gives `ada` a task of her own.
async fn assign(ada: &Member, project: &str, title: &str) {
    let input = json!({ "projectId": project, "title": title, "assignedTo": ada.user_id });
    ada.post("/api/create-task", input).await.expect(201);
}

#[tokio::test]
async fn who_is_given_a_task_gets_one_email_with_its_title_escaped() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    assign(&ada, &apollo, "Fix <b>it</b> & more").await;
    app.settled().await;

    let outbox = outbox(&app).await;
    assert_eq!(outbox.len(), 1);
    let email = serde_json::to_value(&outbox[0]).expect("it is JSON");
    assert_eq!(email["to"], "ada@example.com");
    assert_eq!(email["subject"], "New task: Fix <b>it</b> & more");
    assert_eq!(
        email["html"],
        "<h2>You've been assigned: <strong>Fix &lt;b&gt;it&lt;/b&gt; &amp; more</strong></h2>"
    );
    assert_eq!(
        email["text"],
        "You've been assigned: Fix <b>it</b> & more\n"
    );
}

#[tokio::test]
async fn a_task_for_nobody_sends_nothing() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    ada.task(&apollo, "Count down").await;
    app.settled().await;
    let posts = app.stack().gateway().outbox.record().posts;
    assert_eq!((posts, outbox(&app).await.len()), (0, 0));
}

#[tokio::test]
async fn a_failing_mail_service_is_tried_again_after_one_two_and_three_minutes_and_then_given_up() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    let service = &app.stack().gateway().outbox;
    service.script(Fault::ServerError, 4);
    assign(&ada, &apollo, "Count down").await;
    app.settled().await;

    for (posts, wait) in [(1, 60), (2, 120), (3, 180)] {
        assert_eq!(service.record().posts, posts);
        app.advance(Duration::from_secs(wait - 2));
        app.settled().await;
        assert_eq!(service.record().posts, posts, "it waits for {wait} s");
        app.advance(Duration::from_secs(3));
        app.settled().await;
    }
    assert_eq!(service.record().posts, 4);
    assert_eq!(dead_letters(&app), 1);
    assert!(outbox(&app).await.is_empty());
}

#[tokio::test]
async fn a_failure_that_passes_delays_an_email_and_loses_none() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    for fault in [
        Fault::ServerError,
        Fault::ConcurrentRequest,
        Fault::AcceptThenFail,
    ] {
        app.stack().gateway().outbox.script(fault, 1);
    }
    for title in ["One", "Two", "Three", "Four"] {
        assign(&ada, &apollo, title).await;
    }
    app.settled().await;
    app.advance(Duration::from_secs(61));
    app.settled().await;

    let mut subjects: Vec<_> = outbox(&app)
        .await
        .into_iter()
        .map(|email| email.subject)
        .collect();
    subjects.sort();
    assert_eq!(
        subjects,
        [
            "New task: Four",
            "New task: One",
            "New task: Three",
            "New task: Two"
        ]
    );
    assert_eq!(dead_letters(&app), 0);
}

#[tokio::test]
async fn a_busy_mail_service_is_waited_for_as_it_says_without_spending_an_attempt() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    let service = &app.stack().gateway().outbox;
    service.script(Fault::TooManyRequests { retry_after: 7 }, 60);
    assign(&ada, &apollo, "Count down").await;
    for _ in 0..60 {
        app.settled().await;
        app.advance(Duration::from_secs(8));
    }
    app.settled().await;
    assert_eq!(service.record().posts, 61);
    assert_eq!(outbox(&app).await.len(), 1);
    assert_eq!(dead_letters(&app), 0);
}

#[tokio::test]
async fn a_mail_service_that_is_busy_for_days_is_asked_less_often_and_nothing_is_lost() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    let service = &app.stack().gateway().outbox;
    service.script(Fault::TooManyRequests { retry_after: 1 }, 10_000);
    assign(&ada, &apollo, "Count down").await;
    for _ in 0..115 {
        app.settled().await;
        app.advance(Duration::from_secs(901));
    }
    app.settled().await;
    let posts = service.record().posts;
    assert_eq!(posts, 116);
    app.advance(Duration::from_secs(890));
    app.settled().await;
    assert_eq!(
        service.record().posts,
        posts,
        "it waits for 15 minutes by now"
    );

    service.clear_script();
    app.advance(Duration::from_secs(15));
    app.settled().await;
    assert_eq!(outbox(&app).await.len(), 1);
    assert_eq!(dead_letters(&app), 0);
}

#[tokio::test]
async fn a_busy_mail_service_is_not_asked_again_for_the_rest_of_a_batch() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    assign(&ada, &apollo, "Count down").await;
    app.settled().await;
    let service = &app.stack().gateway().outbox;
    service.reset_record();
    service.script(Fault::TooManyRequests { retry_after: 7 }, 1);
    let task = app.ledger().await.tasks[0]["id"].clone();
    let batch = [0, 1, 2].map(|number| record(&ada, &task, number));
    let batch = json!({ "Records": batch });
    let lambda = app.stack().lambda();
    let answer = lambda.invoke("send-email", batch).await.expect("it serves");
    let failures = answer["batchItemFailures"].as_array().map(Vec::len);
    assert_eq!((failures, service.record().posts), (Some(3), 1), "{answer}");
}

/// A message as the queue delivers it.
fn record(member: &Member, task: &Value, number: u32) -> Value {
    let id = format!("{}/project/x/2/{number}", member.tenant_id);
    let job = json!({
        "id": id,
        "type": "task:assigned",
        "version": 1,
        "tenant_id": member.tenant_id,
        "payload": { "taskId": task, "assignedTo": member.user_id, "title": "Count down" },
    });
    json!({ "messageId": id, "receiptHandle": "none", "body": job.to_string(), "attributes": {} })
}

#[tokio::test]
async fn what_the_mail_service_rejects_is_given_up_at_once_and_holds_up_no_other() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    app.stack().gateway().outbox.script(Fault::Refused, 1);
    assign(&ada, &apollo, "One").await;
    assign(&ada, &apollo, "Two").await;
    app.settled().await;
    assert_eq!(outbox(&app).await.len(), 1);
    assert_eq!(dead_letters(&app), 1);
}

#[tokio::test]
async fn no_more_than_two_emails_are_posted_at_once() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let apollo = ada.project("Apollo").await;
    let service = &app.stack().gateway().outbox;
    service.script(Fault::Delay(Duration::from_millis(30)), 12);
    futures::future::join_all((0..12).map(|_| assign(&ada, &apollo, "Count down"))).await;
    app.settled().await;
    assert_eq!(outbox(&app).await.len(), 12);
    assert!(service.record().peak <= 2, "{:?}", service.record());
}

#[tokio::test]
async fn who_has_lost_a_task_or_sight_of_it_by_then_gets_no_email() {
    let app = App::start().await;
    let ada = ada(&app).await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let (apollo, hidden) = (ada.project("Apollo").await, ada.project("Hidden").await);
    let private = json!({ "visibility": "private" });
    let shared = ada.project("Shared").await;
    let member = format!("/api/projects/{shared}/members/{}", bob.user_id);
    ada.put(&member, json!({ "role": "editor" }))
        .await
        .expect(200);
    let shared = format!("/api/projects/{shared}");
    ada.patch(&shared, private.clone()).await.expect(200);
    app.settled().await;

    let outage = front::Fault::new(FaultKind::DieAfterReply).function("send-email");
    let outage = app.fault(outage.times(u32::MAX));
    let given = async |project: &str, title: &str| {
        let body = json!({ "title": title, "assigned_to": bob.user_id });
        let made = ada.post(&format!("{project}/tasks"), body).await;
        let id = made.expect(201)["data"]["id"].clone();
        format!("/api/tasks/{}", id.as_str().expect("it has an id"))
    };
    let (apollo, hidden) = (
        format!("/api/projects/{apollo}"),
        format!("/api/projects/{hidden}"),
    );
    let kept = given(&apollo, "Kept").await;
    let taken = given(&apollo, "Taken away").await;
    let deleted = given(&apollo, "Deleted").await;
    let concealed = given(&hidden, "Hidden").await;
    given(&shared, "Unshared").await;
    for task in [&kept, &concealed] {
        let text = json!({ "text": format!("<@{}>", bob.user_id) });
        ada.post(&format!("{task}/comments"), text)
            .await
            .expect(201);
    }
    ada.patch(&taken, json!({ "assigned_to": null }))
        .await
        .expect(200);
    ada.delete(&deleted).await.expect(204);
    ada.patch(&hidden, private).await.expect(200);
    ada.delete(&member).await.expect(204);
    outage.disarm();
    for _ in 0..2 {
        app.advance(HIDDEN);
        app.settled().await;
    }
    let emails = app.outbox().await.into_iter();
    let to_bob = emails.filter(|email| email.to == [&*bob.email]);
    let mut subjects: Vec<_> = to_bob.map(|email| email.subject).collect();
    subjects.retain(|subject| !subject.contains("email address"));
    subjects.sort();
    assert_eq!(subjects, ["New task: Kept", "You were mentioned: Kept"]);
    assert_eq!(dead_letters(&app), 0);
}

fn dead_letters(app: &App) -> u64 {
    let counts = app.stack().sqs().counts("tenon-email-dead-letters");
    counts.expect("the queue exists").total()
}
