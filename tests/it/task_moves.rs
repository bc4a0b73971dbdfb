//! Tasks that go into another project: with all that is theirs, for those who may, and never lost on the way.

use std::time::Duration;

use futures::future::join_all;
use local::front::{Fault, FaultKind};
use serde_json::{Value, json};
use tests::{Answer, App, HIDDEN, Member, PNG, attachment, tables};

/// Longer than a file stays that is nobody's.
const SWEPT: Duration = Duration::from_hours(2);

async fn moved(member: &Member, task: &str, project: &str) -> Answer {
    let path = format!("/api/tasks/{task}/move");
    member.post(&path, json!({ "project_id": project })).await
}

/// A task with a file that ada is to do.
async fn given(ada: &Member, project: &str) -> String {
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "title": "Count down", "assigned_to": ada.user_id, "attachment": file });
    let path = format!("/api/projects/{project}/tasks");
    let made = ada.post(&path, body).await.expect(201);
    made["data"]["id"]
        .as_str()
        .expect("it has an id")
        .to_owned()
}

async fn says(member: &Member, task: &str, text: &str) -> String {
    let path = format!("/api/tasks/{task}/comments");
    let made = member
        .post(&path, json!({ "text": text }))
        .await
        .expect(201);
    format!(
        "{path}/{}",
        made["data"]["id"].as_str().expect("it has an id")
    )
}

/// What is said on a task, read in pages of so many.
async fn said(member: &Member, task: &str, sort: &str, limit: usize) -> Vec<String> {
    let mut texts = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/api/tasks/{task}/comments?sort={sort}&limit={limit}{next}");
        let page = member.get(&path).await.expect(200);
        let found = page["data"].as_array().expect("it is a list").iter();
        texts.extend(found.map(|comment| comment["text"].as_str().expect("a text").to_owned()));
        match page["meta"]["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return texts,
        }
    }
}

async fn titles(member: &Member, path: &str) -> Vec<Value> {
    let page = member.get(path).await.expect(200);
    let tasks = page["data"].as_array().expect("it is a list").iter();
    tasks.map(|task| task["title"].clone()).collect()
}

async fn counts(member: &Member, project: &str) -> Value {
    let shown = member.get(&format!("/api/projects/{project}")).await;
    shown.expect(200)["data"]["task_counts"]["todo"].clone()
}

async fn told(member: &Member, project: &str) -> Vec<Value> {
    let path = format!("/api/projects/{project}/events?after=0");
    let events = member.get(&path).await.expect(200);
    let events = events["data"].as_array().expect("it is a list").iter();
    events.map(|event| event["type"].clone()).collect()
}

/// That all is as it should be once what follows has been done, and no file is left that is nobody's.
async fn assert_all_is_done(app: &App) {
    app.advance(SWEPT);
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    ledger.assert_usage();
}

#[tokio::test]
async fn a_task_goes_into_another_project_with_all_that_is_its_own() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = given(&ada, &apollo).await;
    for text in ["Ten", "Nine", "Eight"] {
        says(&ada, &task, text).await;
    }
    ada.task(&gemini, "Already there").await;
    app.settled().await;
    let before = app.objects().await;

    let answer = moved(&ada, &task, &gemini).await;
    let tag = answer.header("etag").map(str::to_owned);
    let shown = answer.expect(200)["data"].clone();
    assert_eq!(shown["project_id"], gemini);
    assert_eq!(shown["attachment"]["filename"], "pixel.png");
    let read = ada.get(&format!("/api/tasks/{task}")).await;
    assert_eq!(read.header("etag").map(str::to_owned), tag);
    assert_eq!(read.expect(200)["data"], shown);
    assert_eq!(
        said(&ada, &task, "created_at", 2).await,
        ["Ten", "Nine", "Eight"]
    );
    app.settled().await;
    assert_eq!(
        said(&ada, &task, "-created_at", 2).await,
        ["Eight", "Nine", "Ten"]
    );

    let there = format!("/api/projects/{gemini}/tasks?sort=position");
    assert_eq!(titles(&ada, &there).await, ["Already there", "Count down"]);
    let left = format!("/api/projects/{apollo}/tasks");
    assert_eq!(titles(&ada, &left).await, [] as [Value; 0]);
    assert_eq!(
        titles(&ada, "/api/tasks?assigned_to=me").await,
        ["Count down"]
    );
    assert_eq!(
        (counts(&ada, &apollo).await, counts(&ada, &gemini).await),
        (json!(0), json!(2))
    );
    assert_eq!(told(&ada, &apollo).await.last(), Some(&json!("task:left")));
    assert_eq!(
        told(&ada, &gemini).await.last(),
        Some(&json!("task:joined"))
    );
    let (hits, _) = ada.search(&gemini, "count down").await;
    assert!(
        hits.iter().any(|hit| hit["title"] == "Count down"),
        "{hits:?}"
    );
    let (hits, _) = ada.search(&apollo, "count down").await;
    assert_eq!(hits, [] as [Value; 0]);

    assert_all_is_done(&app).await;
    let after = app.objects().await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before, after);
    let rows = app.rows(tables::DATA, "TASK#").await;
    assert!(
        rows.iter().all(|row| row["comments_from"].is_null()),
        "{rows:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_task_is_there_for_whoever_asks_while_it_is_moved() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let projects = [ada.project("Apollo").await, ada.project("Gemini").await];
    let task = ada.task(&projects[0], "Count down").await;
    let path = format!("/api/tasks/{task}");
    let moving = async {
        for project in projects.iter().cycle().skip(1).take(12) {
            moved(&ada, &task, project).await.expect(200);
        }
    };
    let reading = async {
        for _ in 0..60 {
            ada.get(&path).await.expect(200);
        }
    };
    let changing = async {
        for nth in 0..30 {
            let title = json!({ "title": format!("Count {nth}") });
            ada.patch(&path, title).await.expect(200);
        }
    };
    futures::join!(moving, reading, changing);
    app.settled().await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn a_task_is_moved_by_who_may_change_both_projects() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let carl = app.member("carl").await;
    let carl = app.enrol(&ada, &carl, "viewer").await;
    let eve = app.member("eve").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = given(&ada, &apollo).await;
    moved(&carl, &task, &gemini).await.refused(403);
    moved(&eve, &task, &eve.project("Eve's").await)
        .await
        .refused(404);
    moved(&ada, &task, &eve.project("Eve's").await)
        .await
        .refused(404);
    let nowhere = format!("/api/tasks/{task}/move");
    let fields = bob.post(&nowhere, json!({ "projectId": gemini })).await;
    assert_eq!(fields.bad_fields(), ["project_id", "projectId"]);

    let private = json!({ "name": "Skunk", "visibility": "private" });
    let skunk = bob.post("/api/projects", private).await.expect(201)["data"]["id"].clone();
    let skunk = skunk.as_str().expect("it has an id");
    moved(&ada, &task, skunk).await.refused(404);
    assert_eq!(moved(&bob, &task, skunk).await.bad_fields(), ["project_id"]);

    let same = moved(&ada, &task, &apollo).await;
    assert_eq!(same.header("x-event-seq"), None);
    let first = same.header("etag").expect("it has a tag").to_owned();
    same.expect(200);
    ada.patch(
        &format!("/api/tasks/{task}"),
        json!({ "title": "Count up" }),
    )
    .await
    .expect(200);
    let stale = ada.request("POST", &nowhere).header("if-match", first);
    let stale = stale.json(&json!({ "project_id": gemini })).send().await;
    Answer::of(stale.expect("the API answers"))
        .await
        .refused(412);

    let archive = json!({ "archived": true });
    let project = format!("/api/projects/{gemini}");
    ada.patch(&project, archive).await.expect(200);
    moved(&ada, &task, &gemini).await.refused(409);
    ada.patch(&project, json!({ "archived": false }))
        .await
        .expect(200);
    ada.delete(&format!("/api/tasks/{task}")).await.expect(204);
    moved(&ada, &task, &gemini).await.refused(404);
    app.settled().await;
    assert_all_is_done(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn comments_are_read_changed_and_made_while_they_follow_their_task() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = ada.task(&apollo, "Count down").await;
    let ten = says(&ada, &task, "Ten").await;
    let nine = says(&ada, &task, "Nine").await;
    says(&ada, &task, "Eight").await;
    app.settled().await;
    let outage = Fault::new(FaultKind::DieAfterReply).function("index-task");
    let outage = app.fault(outage.times(u32::MAX));
    moved(&ada, &task, &gemini).await.expect(200);
    ada.put(&ten, json!({ "text": "Ten!" })).await.expect(200);
    ada.delete(&nine).await.expect(204);
    ada.get(&nine).await.refused(404);
    assert_eq!(ada.get(&ten).await.expect(200)["data"]["text"], "Ten!");
    says(&ada, &task, "Seven").await;
    says(&ada, &task, "Six").await;
    let all = ["Ten!", "Eight", "Seven", "Six"];
    for limit in 1..=5 {
        assert_eq!(said(&ada, &task, "created_at", limit).await, all);
        let mut backwards = said(&ada, &task, "-created_at", limit).await;
        backwards.reverse();
        assert_eq!(backwards, all);
    }
    // They would not find it any more.
    let (code, _) = moved(&ada, &task, &apollo).await.refused(409);
    assert_eq!(code, "CONFLICT");

    outage.disarm();
    app.settled().await;
    app.advance(HIDDEN);
    app.settled().await;
    assert_eq!(said(&ada, &task, "created_at", 2).await, all);
    moved(&ada, &task, &apollo).await.expect(200);
    assert_eq!(said(&ada, &task, "created_at", 2).await, all);
    app.settled().await;
    let comments = app.rows(tables::DATA, "COMMENT#").await;
    assert_eq!(comments.len(), all.len());
    for comment in &comments {
        assert_eq!(comment["project_id"], apollo);
        let pk = comment["pk"].as_str().expect("it has one");
        assert!(pk.contains(&apollo), "{pk}");
    }
    app.stop().await;
}

#[tokio::test]
async fn comments_of_a_task_that_is_deleted_on_the_way_go_with_it_and_come_back() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = ada.task(&apollo, "Count down").await;
    says(&ada, &task, "Ten").await;
    moved(&ada, &task, &gemini).await.expect(200);
    ada.delete(&format!("/api/tasks/{task}")).await.expect(204);
    app.settled().await;
    let rows = app.rows(tables::DATA, "COMMENT#").await;
    assert!(rows.iter().all(|row| row["ttl"].is_number()), "{rows:?}");
    let restore = format!("/api/tasks/{task}/restore");
    ada.post(&restore, json!({})).await.expect(200);
    app.settled().await;
    let rows = app.rows(tables::DATA, "COMMENT#").await;
    assert!(rows.iter().all(|row| row["ttl"].is_null()), "{rows:?}");
    assert_eq!(said(&ada, &task, "created_at", 2).await, ["Ten"]);
    app.stop().await;
}

#[tokio::test]
async fn whoever_changes_a_task_while_it_is_moved_changes_it_before_or_after() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = given(&ada, &apollo).await;
    let path = format!("/api/tasks/{task}");
    let comments = format!("{path}/comments");
    let says = (0..6).map(|nth| ada.post(&comments, json!({ "text": format!("{nth}") })));
    let edits = (0..3).map(|nth| ada.patch(&path, json!({ "title": format!("Title {nth}") })));
    let (answers, edited, answer) =
        futures::join!(join_all(says), join_all(edits), moved(&ada, &task, &gemini));
    answer.expect(200);
    // Who looks for it where it was a moment ago finds that it is not there.
    let outcomes = |answers: &[Answer], done: u16| {
        for answer in answers {
            assert!([done, 404].contains(&answer.status), "{}", answer.status);
        }
        answers
            .iter()
            .filter(|answer| answer.status == done)
            .count()
    };
    outcomes(&edited, 200);
    let done = outcomes(&answers, 201);
    app.settled().await;
    assert_eq!(said(&ada, &task, "created_at", 4).await.len(), done);
    assert_eq!(
        ada.get(&path).await.expect(200)["data"]["project_id"],
        gemini
    );
    assert_all_is_done(&app).await;
    app.stop().await;
}

#[tokio::test]
async fn move_task_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("move-task");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
        let task = given(&ada, &apollo).await;
        says(&ada, &task, "Ten").await;
        deaths.befall_request(moved(&ada, &task, &gemini)).await;
        app.settled().await;
        assert_eq!(said(&ada, &task, "created_at", 4).await, ["Ten"]);
        assert_all_is_done(&app).await;
    }
    // Four rows, the file's note, the file twice, and the transaction.
    deaths.assert_at_least(8);
    app.stop().await;
}

#[tokio::test]
async fn what_moves_the_comments_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("index-task");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
        let task = ada.task(&apollo, "Count down").await;
        for text in ["Ten", "Nine"] {
            says(&ada, &task, text).await;
        }
        app.settled().await;
        let followed = async {
            moved(&ada, &task, &gemini).await.expect(200);
            app.settled().await;
        };
        deaths.befall(followed).await;
        assert_eq!(said(&ada, &task, "created_at", 4).await, ["Ten", "Nine"]);
        deaths.assert_mended().await;
        let rows = app.rows(tables::DATA, "COMMENT#").await;
        let here = rows.iter().filter(|row| row["project_id"] == gemini);
        assert_eq!(here.count(), 2, "{rows:?}");
    }
    deaths.assert_at_least(6);
    app.stop().await;
}
