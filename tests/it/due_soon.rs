//! Due soon: whoever is to do a task hears of it a day before, once, in their list and by email, if there is still
//! something to tell.

use std::time::Duration;

use local::front::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::{App, HIDDEN, Member, tables};

use crate::watched::start;

const LIST: &str = "/api/notifications";
const HOUR: i64 = 60 * 60 * 1000;

/// Longer than it takes until a task that is due in two days is due soon.
const A_DAY: Duration = Duration::from_hours(25);

/// ada with a project, and bob, who works with her.
struct Scene {
    app: App,
    ada: Member,
    bob: Member,
    project: String,
}

impl Scene {
    async fn start() -> Self {
        let app = start().await;
        let ada = app.member("ada").await;
        let bob = app.member("bob").await;
        let bob = app.enrol(&ada, &bob, "editor").await;
        let project = ada.project("Apollo").await;
        Self {
            app,
            ada,
            bob,
            project,
        }
    }

    /// The time in so many hours.
    fn within(&self, hours: i64) -> i64 {
        self.app.stack().clock().now() + hours * HOUR
    }

    /// A task that bob is to do in so many hours; returns its id.
    async fn give(&self, title: &str, hours: i64) -> String {
        self.give_in(&self.project, title, hours).await
    }

    async fn give_in(&self, project: &str, title: &str, hours: i64) -> String {
        let body = json!({
            "title": title, "assigned_to": self.bob.user_id, "due_date": self.within(hours),
        });
        let path = format!("/api/projects/{project}/tasks");
        let made = self.ada.post(&path, body).await.expect(201);
        let id = made["data"]["id"].as_str().expect("it has an id");
        id.to_owned()
    }

    async fn change(&self, task: &str, part: Value) {
        let path = format!("/api/tasks/{task}");
        self.ada.patch(&path, part).await.expect(200);
    }

    /// Lets so much time pass, and what is due soon by then be told.
    async fn pass(&mut self, time: Duration) {
        self.app.settled().await;
        self.app.advance(time);
        self.sweep().await;
        self.ada = self.app.log_in(&self.ada).await;
        let bob = self.app.log_in(&self.bob).await;
        self.bob = bob.acting_in(&self.ada.tenant_id);
    }

    async fn sweep(&self) {
        self.app.settled().await;
        self.app.sweep("sweep-due").await;
        self.app.settled().await;
    }

    /// What somebody was told is due soon, in the order of the titles.
    async fn told(&self, member: &Member) -> Vec<String> {
        let page = member.get(&format!("{LIST}?limit=100")).await.expect(200);
        let told = page["data"].as_array().expect("it is a list").iter();
        let due = told.filter(|told| told["kind"] == "due_soon");
        let titles = due.map(|told| told["title"].as_str().expect("a title").to_owned());
        let mut titles: Vec<_> = titles.collect();
        titles.sort();
        titles
    }

    /// How many of what was told were emailed to somebody.
    async fn mailed(&self, member: &Member) -> usize {
        let emails = self.app.emails("Due soon: ").await;
        let to = emails.iter().filter(|email| email.to == [&*member.email]);
        to.count()
    }

    /// That what was told is counted, and what is still to be told is noted.
    async fn assert_consistent(&self) {
        let told = self.app.rows(tables::DATA, "NOTE#").await;
        for inbox in self.app.rows(tables::DATA, "INBOX").await {
            let own = told.iter().filter(|row| row["pk"] == inbox["pk"]);
            let unread = own.filter(|row| row["read_at"].is_null()).count();
            assert_eq!(inbox["unread"].as_u64().unwrap_or(0), unread as u64);
        }
        let ledger = self.app.ledger().await;
        ledger.assert_consistent();
        ledger.assert_usage();
    }

    /// Delivers the job that a task's note asks for, whether there is one or not.
    async fn deliver(&self, task: &str, due_date: i64) {
        let job = json!({
            "id": "1",
            "type": "task:tell_due",
            "version": 1,
            "tenant_id": self.ada.tenant_id,
            "payload": { "projectId": self.project, "taskId": task, "dueDate": due_date },
        });
        let record = json!({
            "messageId": "1", "receiptHandle": "none", "body": job.to_string(), "attributes": {},
        });
        let lambda = self.app.stack().lambda();
        let batch = json!({ "Records": [record] });
        let answer = lambda.invoke("index-task", batch).await.expect("it serves");
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        self.app.settled().await;
    }
}

#[tokio::test]
async fn who_is_to_do_a_task_is_told_a_day_before_it_is_due() {
    let mut scene = Scene::start().await;
    let task = scene.give("Fuel", 48).await;
    let due = scene.within(48);
    scene.pass(Duration::from_hours(23)).await;
    assert_eq!(scene.told(&scene.bob).await, [] as [String; 0]);
    let mut socket = scene.bob.connect().await;
    let room = format!("user/{}", scene.bob.user_id);
    let joined = socket.ask(json!({ "action": "subscribe", "room": room }));
    assert_eq!(joined.await["type"], "subscribed");

    scene.pass(Duration::from_hours(2)).await;
    let page = scene.bob.get(LIST).await.expect(200);
    assert_eq!(page["meta"]["unread"], 2);
    let told = &page["data"][0];
    assert_eq!(
        *told,
        json!({
            "id": told["id"], "kind": "due_soon", "project_id": scene.project, "task_id": task,
            "comment_id": null, "title": "Fuel", "actor": null,
            "created_at": told["created_at"], "read_at": null,
        })
    );
    assert_eq!(page["data"][1]["kind"], "assigned");
    let event = socket.expect_next().await;
    assert_eq!(event["type"], "task:due_soon");
    assert_eq!(event["data"]["id"], task);
    assert!((event["data"]["due_date"].as_i64()).is_some_and(|at| (due - at).abs() < HOUR));
    assert_eq!(
        (
            scene.mailed(&scene.bob).await,
            scene.mailed(&scene.ada).await
        ),
        (1, 0)
    );
    let read = json!({ "ids": [told["id"]] });
    let read = scene.bob.post("/api/notifications/read", read).await;
    assert_eq!(read.expect(200)["data"]["unread"], 1);
    let audited = scene.app.audited().await;
    let mut audited = audited.iter();
    let entry = audited.find(|entry| entry["action"] == "task:due_soon");
    let entry = entry.expect("it is in the audit log");
    assert_eq!(
        (&entry["object"], entry["actor"].is_null()),
        (&json!(format!("task/{task}")), true)
    );
    scene.assert_consistent().await;
}

#[tokio::test]
async fn who_does_not_want_mail_of_it_gets_none_and_is_told_all_the_same() {
    let mut scene = Scene::start().await;
    let off = json!({ "email": { "due_soon": false } });
    let chosen = scene.bob.patch("/api/me/notifications", off).await;
    assert_eq!(
        chosen.expect(200)["data"]["email"],
        json!({ "assigned": true, "mentioned": true, "due_soon": false })
    );
    scene.give("Fuel", 48).await;
    scene.pass(A_DAY).await;
    assert_eq!(scene.told(&scene.bob).await, ["Fuel"]);
    assert_eq!(scene.mailed(&scene.bob).await, 0);
    scene.assert_consistent().await;
}

#[tokio::test]
async fn what_a_task_has_become_by_then_is_what_is_told() {
    let mut scene = Scene::start().await;
    let carol = scene.app.member("carol").await;
    let carol = scene.app.enrol(&scene.ada, &carol, "editor").await;
    let gemini = scene.ada.project("Gemini").await;
    let (done, todo) = (json!({ "status": "done" }), json!({ "status": "todo" }));
    let task = scene.give("Done", 48).await;
    scene.change(&task, done.clone()).await;
    let task = scene.give("Done and not", 48).await;
    scene.change(&task, done).await;
    scene.change(&task, todo).await;
    let task = scene.give("Nobody's", 48).await;
    scene.change(&task, json!({ "assigned_to": null })).await;
    let task = scene.give("Carol's", 48).await;
    scene
        .change(&task, json!({ "assigned_to": carol.user_id }))
        .await;
    let task = scene.give("Later", 48).await;
    scene
        .change(&task, json!({ "due_date": scene.within(480) }))
        .await;
    let task = scene.give("Sooner", 480).await;
    scene
        .change(&task, json!({ "due_date": scene.within(40) }))
        .await;
    let task = scene.give("Whenever", 48).await;
    scene.change(&task, json!({ "due_date": null })).await;
    let task = scene.give("Renamed", 48).await;
    scene.change(&task, json!({ "title": "Named anew" })).await;
    let task = scene.give("Deleted", 48).await;
    scene
        .ada
        .delete(&format!("/api/tasks/{task}"))
        .await
        .expect(204);
    let task = scene.give("Restored", 48).await;
    let path = format!("/api/tasks/{task}");
    scene.ada.delete(&path).await.expect(204);
    scene
        .ada
        .post(&format!("{path}/restore"), json!({}))
        .await
        .expect(200);
    let task = scene.give("Moved", 48).await;
    let moved = json!({ "project_id": gemini });
    scene
        .ada
        .post(&format!("/api/tasks/{task}/move"), moved)
        .await
        .expect(200);
    scene.give("Past", -1).await;
    let bulk = json!({ "operations": [
        { "op": "create", "title": "One of many", "assigned_to": scene.bob.user_id, "due_date": scene.within(48) },
    ] });
    let path = format!("/api/projects/{}/tasks/bulk", scene.project);
    scene.ada.post(&path, bulk).await.expect(200);
    scene.assert_consistent().await;

    scene.pass(A_DAY).await;
    let told = [
        "Done and not",
        "Moved",
        "Named anew",
        "One of many",
        "Restored",
        "Sooner",
    ];
    assert_eq!(scene.told(&scene.bob).await, told);
    assert_eq!(scene.mailed(&scene.bob).await, told.len());
    let carol = scene
        .app
        .log_in(&carol)
        .await
        .acting_in(&scene.ada.tenant_id);
    assert_eq!(scene.told(&carol).await, ["Carol's"]);
    scene.assert_consistent().await;
    scene.pass(Duration::from_hours(24)).await;
    assert_eq!(scene.told(&scene.bob).await, told);
}

#[tokio::test]
async fn nobody_is_told_of_what_they_do_not_see_or_what_is_put_away() {
    let mut scene = Scene::start().await;
    let named = async |name: &str| scene.bob.project(name).await;
    let (hidden, shared) = (named("Hidden").await, named("Shared").await);
    let (archived, deleted) = (named("Archived").await, named("Deleted").await);
    for (project, title) in [
        (&hidden, "Hidden"),
        (&shared, "Shared"),
        (&archived, "Archived"),
        (&deleted, "Deleted"),
    ] {
        let body = json!({
            "title": title, "assigned_to": scene.ada.user_id, "due_date": scene.within(48),
        });
        let path = format!("/api/projects/{project}/tasks");
        scene.bob.post(&path, body).await.expect(201);
    }
    let path = |project: &str| format!("/api/projects/{project}");
    let member = format!("{}/members/{}", path(&shared), scene.ada.user_id);
    let private = json!({ "visibility": "private" });
    scene
        .bob
        .put(&member, json!({ "role": "viewer" }))
        .await
        .expect(200);
    for project in [&hidden, &shared] {
        scene
            .bob
            .patch(&path(project), private.clone())
            .await
            .expect(200);
    }
    let put_away = json!({ "archived": true });
    scene
        .bob
        .patch(&path(&archived), put_away)
        .await
        .expect(200);
    scene.bob.delete(&path(&deleted)).await.expect(204);
    scene.give("Of who has left", 48).await;
    let left = format!("/api/members/{}", scene.bob.user_id);
    scene.ada.delete(&left).await.expect(204);
    let bob = scene.bob.clone();

    scene.app.settled().await;
    scene.app.advance(A_DAY);
    scene.sweep().await;
    scene.ada = scene.app.log_in(&scene.ada).await;
    assert_eq!(scene.told(&scene.ada).await, ["Shared"]);
    assert_eq!(
        (scene.mailed(&scene.ada).await, scene.mailed(&bob).await),
        (1, 0)
    );
    scene.assert_consistent().await;
}

#[tokio::test]
async fn nobody_is_told_twice_however_often_it_is_asked_for() {
    let mut scene = Scene::start().await;
    let task = scene.give("Fuel", 48).await;
    let notes = scene.app.rows(tables::EPHEMERAL, "0").await;
    let note = notes.iter().find(|note| note["task_id"] == task);
    let note = note.expect("it is noted").clone();
    let due = note["due_date"].as_i64().expect("it is a time");
    scene.pass(A_DAY).await;
    scene.sweep().await;
    scene.deliver(&task, due).await;
    // The sweep died before it removed the note.
    scene.app.put(tables::EPHEMERAL, &note).await;
    scene.sweep().await;
    // Done and not, it is noted anew.
    scene.change(&task, json!({ "status": "done" })).await;
    scene.change(&task, json!({ "status": "todo" })).await;
    scene.sweep().await;
    // A late one, of when it was due before.
    scene.deliver(&task, due - HOUR).await;
    assert_eq!(scene.told(&scene.bob).await, ["Fuel"]);
    assert_eq!(scene.mailed(&scene.bob).await, 1);
    assert_eq!(
        scene.app.rows(tables::EPHEMERAL, "0").await,
        [] as [Value; 0]
    );
    scene.assert_consistent().await;
}

#[tokio::test]
async fn who_is_given_a_task_or_another_date_in_the_last_day_is_told_of_it() {
    let mut scene = Scene::start().await;
    let task = scene.give("Fuel", 48).await;
    scene.pass(A_DAY).await;
    let to = |member: &Member| json!({ "assigned_to": member.user_id });
    scene.change(&task, to(&scene.ada)).await;
    scene.sweep().await;
    assert_eq!(scene.told(&scene.ada).await, ["Fuel"]);
    scene.change(&task, to(&scene.bob)).await;
    scene.sweep().await;
    assert_eq!(scene.told(&scene.bob).await, ["Fuel"]);
    scene
        .change(&task, json!({ "due_date": scene.within(2) }))
        .await;
    scene.sweep().await;
    assert_eq!(scene.told(&scene.bob).await, ["Fuel", "Fuel"]);
    scene.assert_consistent().await;
}

#[tokio::test]
async fn a_note_that_is_written_anew_while_it_is_swept_is_swept_again() {
    let scene = Scene::start().await;
    let task = scene.give("Fuel", 1).await;
    scene.app.settled().await;
    let notes = scene.app.rows(tables::EPHEMERAL, "0").await;
    let note = notes.iter().find(|note| note["task_id"] == task);
    let before = note.expect("it is noted").clone();
    scene
        .change(&task, json!({ "assigned_to": scene.ada.user_id }))
        .await;
    let mut notes = scene.app.rows(tables::EPHEMERAL, "0").await;
    notes.retain(|note| note["task_id"] == task);
    assert_eq!(notes.len(), 1);
    assert!(notes[0]["version"].as_u64() > before["version"].as_u64());
    assert_eq!(notes[0]["sk"], before["sk"]);
    scene.sweep().await;
    assert_eq!(scene.told(&scene.ada).await, ["Fuel"]);
    assert_eq!(scene.told(&scene.bob).await, [] as [String; 0]);
    scene.assert_consistent().await;
}

#[tokio::test]
async fn whatever_changes_while_it_is_told_it_is_told_as_it_is_or_not_at_all() {
    let mut scene = Scene::start().await;
    let fault = Fault::new(FaultKind::DieAfterReply).function("index-task");
    for (title, part) in [
        ("Done", json!({ "status": "done" })),
        ("Nobody's", json!({ "assigned_to": null })),
        ("Later", json!({ "due_date": scene.within(480) })),
        ("Renamed", json!({ "title": "Named anew" })),
    ] {
        let task = scene.give(title, 1).await;
        scene.app.settled().await;
        let outage = scene.app.fault(fault.clone().times(u32::MAX));
        scene.sweep().await;
        scene.change(&task, part).await;
        outage.disarm();
        scene.pass(HIDDEN).await;
    }
    assert_eq!(scene.told(&scene.bob).await, ["Named anew"]);
    scene.assert_consistent().await;
}

#[tokio::test]
async fn what_is_past_by_then_is_told_to_nobody() {
    let mut scene = Scene::start().await;
    scene.give("Past", 2).await;
    scene.give("Soon", 5).await;
    scene.pass(Duration::from_hours(3)).await;
    assert_eq!(scene.told(&scene.bob).await, ["Soon"]);
    assert_eq!(scene.mailed(&scene.bob).await, 1);
    scene.assert_consistent().await;
    scene.app.stop().await;
}

#[tokio::test]
async fn what_tells_of_it_may_die_after_any_call() {
    let mut scene = Scene::start().await;
    let mut expected = Vec::new();
    for call in 1.. {
        let title = format!("Death {call:02}");
        scene.give(&title, 1).await;
        expected.push(title);
        scene.app.settled().await;
        let death = Fault::new(FaultKind::DieAfterReply).function("index-task");
        let armed = scene.app.fault(death.nth(call));
        scene.sweep().await;
        let died = armed.fired() == 1;
        armed.disarm();
        scene.assert_consistent().await;
        scene.pass(HIDDEN).await;
        assert_eq!(scene.told(&scene.bob).await, expected);
        assert_eq!(scene.mailed(&scene.bob).await, expected.len());
        scene.assert_consistent().await;
        if !died {
            break;
        }
    }
    // Project, task, member, log, whether they were told, and the transaction.
    let deaths = expected.len() - 1;
    tests::report(&format!("what tells of what is due died {deaths} times"));
    assert!(deaths >= 6, "{deaths}");
    scene.app.stop().await;
}

#[tokio::test]
async fn sweep_due_may_die_after_any_call() {
    let mut scene = Scene::start().await;
    let mut expected = Vec::new();
    for call in 1.. {
        let title = format!("Death {call:02}");
        scene.give(&title, 1).await;
        expected.push(title);
        scene.app.settled().await;
        let death = Fault::new(FaultKind::DieAfterReply).function("sweep-due");
        let armed = scene.app.fault(death.nth(call));
        let swept = scene.app.stack().triggers().fire("sweep-due-Sweep").await;
        let died = armed.fired() == 1;
        armed.disarm();
        assert_eq!(swept.is_err(), died, "{swept:?}");
        scene.app.settled().await;
        scene.pass(Duration::from_mins(6)).await;
        assert_eq!(scene.told(&scene.bob).await, expected);
        assert_eq!(scene.mailed(&scene.bob).await, expected.len());
        scene.assert_consistent().await;
        if !died {
            break;
        }
    }
    // Sixteen shards of notes, the job, the note.
    let deaths = expected.len() - 1;
    tests::report(&format!("sweep-due died {deaths} times"));
    assert!(deaths >= 18, "{deaths}");
    scene.app.stop().await;
}
