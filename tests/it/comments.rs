//! Comments: said, changed and taken back by those who may, listed in pages, and gone with their task.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member, tables};

/// A day.
const DAY: Duration = Duration::from_hours(24);

fn comments(task: &str) -> String {
    format!("/api/tasks/{task}/comments")
}

/// Says something; returns where it is found.
async fn said(member: &Member, task: &str, text: &str) -> String {
    let body = json!({ "text": text });
    let made = member.post(&comments(task), body).await;
    let location = made.header("location").expect("it says where").to_owned();
    let made = made.expect(201);
    let id = made["data"]["id"].as_str().expect("it has an id");
    assert_eq!(location, format!("{}/{id}", comments(task)));
    location
}

async fn listed(member: &Member, task: &str, query: &str) -> (Vec<String>, Value) {
    let path = format!("{}?{query}", comments(task));
    let page = member.get(&path).await.expect(200);
    let texts = page["data"].as_array().expect("it is a list").iter();
    let texts = texts.map(|comment| comment["text"].as_str().expect("it is a text").to_owned());
    (texts.collect(), page["meta"]["next_cursor"].clone())
}

/// ada, an admin, with a task; bob, an editor; and carl, who only reads.
async fn scene(app: &App) -> ([Member; 3], String, String) {
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let carl = app.member("carl").await;
    let carl = app.enrol(&ada, &carl, "viewer").await;
    let project = ada.project("Apollo").await;
    let task = ada.task(&project, "Count down").await;
    ([ada, bob, carl], project, task)
}

#[tokio::test]
async fn a_comment_is_changed_by_its_author_alone_and_removed_by_an_admin_as_well() {
    let app = App::start().await;
    let ([ada, bob, carl], _, task) = scene(&app).await;
    let eve = app.member("eve").await;
    let bobs = said(&bob, &task, "Ten, nine").await;
    let shown = carl.get(&bobs).await;
    let tag = shown.header("etag").expect("it has a tag").to_owned();
    let shown = shown.expect(200)["data"].clone();
    assert_eq!(
        shown,
        json!({
            "id": shown["id"], "task_id": task, "text": "Ten, nine", "mentions": [],
            "created_by": bob.user_id, "created_at": shown["created_at"],
            "updated_at": shown["created_at"],
        })
    );

    let other = json!({ "text": "Eight" });
    for (who, status) in [(&ada, 403), (&carl, 403), (&eve, 404)] {
        who.put(&bobs, other.clone()).await.refused(status);
        who.patch(&bobs, other.clone()).await.refused(status);
    }
    carl.delete(&bobs).await.refused(403);
    carl.post(&comments(&task), other.clone())
        .await
        .refused(403);
    for path in [&bobs, &comments(&task)] {
        eve.get(path).await.refused(404);
    }
    eve.post(&comments(&task), other.clone()).await.refused(404);
    let adas = said(&ada, &task, "Go").await;
    bob.delete(&adas).await.refused(403);

    let changed = bob.put(&bobs, other).await.expect(200)["data"].clone();
    assert_eq!(changed["text"], "Eight");
    assert_eq!(changed["created_at"], shown["created_at"]);
    let unchanged = bob.patch(&bobs, json!({})).await;
    assert_eq!(unchanged.header("x-event-seq"), None);
    assert_eq!(unchanged.expect(200)["data"], changed);
    let late = bob
        .if_match("PATCH", &bobs, &tag, json!({ "text": "Seven" }))
        .await;
    late.refused(412);
    bob.if_match("DELETE", &bobs, &tag, json!({}))
        .await
        .refused(412);
    ada.delete(&bobs).await.expect(204);
    bob.get(&bobs).await.refused(404);
    bob.delete(&bobs).await.refused(404);
    assert_eq!(
        listed(&carl, &task, "").await,
        (vec!["Go".to_owned()], Value::Null)
    );

    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    // What was said is told to nobody but who asks for it.
    let mut told = app.rows(tables::DATA, "EVENT#").await;
    told.retain(|event| {
        event["type"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("comment:"))
    });
    assert_eq!(told.len(), 4);
    for event in told {
        assert_eq!(event["object"], format!("task/{task}"));
        let event = event.to_string();
        assert!(
            !event.contains("Eight") && !event.contains("Ten"),
            "{event}"
        );
    }
}

#[tokio::test]
async fn comments_are_read_page_by_page_while_others_write() {
    let app = App::start().await;
    let ([ada, bob, _], project, task) = scene(&app).await;
    let other = ada.task(&project, "Another").await;
    for number in 0..7 {
        said(&ada, &task, &format!("Number {number}")).await;
        said(&bob, &other, "Elsewhere").await;
    }
    for (query, first_is) in [
        ("limit=2", "Number 0"),
        ("limit=2&sort=-created_at", "Number 6"),
    ] {
        let (mut seen, mut next) = listed(&ada, &task, query).await;
        assert_eq!(seen[0], first_is);
        while let Some(cursor) = next.as_str() {
            let between = said(&bob, &task, "Between").await;
            let (page, behind) = listed(&ada, &task, &format!("{query}&cursor={cursor}")).await;
            seen.extend(page);
            next = behind;
            bob.delete(&between).await.expect(204);
        }
        seen.retain(|text| text != "Between");
        seen.sort();
        let all: Vec<_> = (0..7).map(|number| format!("Number {number}")).collect();
        assert_eq!(seen, all);
    }
    let (_, cursor) = listed(&ada, &task, "limit=1").await;
    let cursor = cursor.as_str().expect("there are more");
    for elsewhere in [
        format!("{}?cursor={cursor}", comments(&other)),
        format!("{}?cursor={cursor}&sort=-created_at", comments(&task)),
    ] {
        ada.get(&elsewhere).await.refused(400);
    }
}

#[tokio::test]
async fn who_is_mentioned_is_a_member() {
    let app = App::start().await;
    let ([ada, bob, _], _, task) = scene(&app).await;
    let eve = app.member("eve").await;
    let text = format!("<@{}> and <@{}>: see <@nobody>", bob.user_id, ada.user_id);
    let made = ada
        .post(&comments(&task), json!({ "text": text }))
        .await
        .expect(201);
    assert_eq!(made["data"]["mentions"], json!([bob.user_id, ada.user_id]));
    let stranger = json!({ "text": format!("<@{}>", eve.user_id) });
    let refused = ada.post(&comments(&task), stranger.clone()).await;
    assert_eq!(refused.body["error"]["details"][0]["field"], "text");
    refused.refused(422);
    let id = made["data"]["id"].as_str().expect("it has an id");
    let path = format!("{}/{id}", comments(&task));
    ada.put(&path, stranger).await.refused(422);

    // Who has left since stays mentioned, and can't be mentioned anew.
    ada.delete(&format!("/api/members/{}", bob.user_id))
        .await
        .expect(204);
    let still = json!({ "text": format!("{text}!") });
    ada.put(&path, still.clone()).await.expect(200);
    ada.post(&comments(&task), still).await.refused(422);
}

#[tokio::test]
async fn comments_go_with_their_task_and_come_back_with_it() {
    let app = App::start().await;
    let ([ada, ..], project, task) = scene(&app).await;
    let stays = ada.task(&project, "Stays").await;
    let kept = said(&ada, &stays, "Here").await;
    let mut paths = Vec::new();
    for number in 0..12 {
        paths.push(said(&ada, &task, &format!("Number {number}")).await);
    }
    let ends = async || {
        app.settled().await;
        let mut rows = app.rows(tables::DATA, "COMMENT#").await;
        rows.retain(|row| row["task_id"] == *task);
        let ends: Vec<_> = rows.iter().map(|row| row["ttl"].as_i64()).collect();
        ends
    };
    assert_eq!(ends().await, vec![None; 12]);
    ada.delete(&format!("/api/tasks/{task}")).await.expect(204);
    ada.get(&comments(&task)).await.refused(404);
    for path in &paths {
        ada.get(path).await.refused(404);
        ada.delete(path).await.refused(404);
    }
    let deleted = app.ledger().await.deleted[0]["ttl"].as_i64();
    let a_day_later = deleted.map(|ttl| ttl + 24 * 3600);
    assert_eq!(ends().await, vec![a_day_later; 12]);

    app.advance(DAY * 29);
    let ada = app.log_in(&ada).await;
    let restore = format!("/api/tasks/{task}/restore");
    ada.post(&restore, json!({})).await.expect(200);
    assert_eq!(ends().await, vec![None; 12]);
    let (texts, _) = listed(&ada, &task, "").await;
    assert_eq!(texts.len(), 12);
    ada.get(&kept).await.expect(200);
}

#[tokio::test]
async fn a_task_counts_what_is_said_on_it_and_is_no_other_for_that() {
    let app = App::start().await;
    let ([ada, bob, _], _, task) = scene(&app).await;
    let path = format!("/api/tasks/{task}");
    let seen = ada.get(&path).await;
    let tag = seen.header("etag").expect("it has a tag").to_owned();
    assert_eq!(seen.expect(200)["data"]["comment_count"], 0);
    let ten = said(&ada, &task, "Ten").await;
    said(&bob, &task, "Nine").await;
    let known = ada.request("GET", &path).header("if-none-match", &tag);
    let shown = Answer::of(known.send().await.expect("the API answers")).await;
    assert_eq!(shown.expect(200)["data"]["comment_count"], 2);
    let renamed = ada
        .if_match("PATCH", &path, &tag, json!({ "title": "Count" }))
        .await;
    assert_eq!(renamed.expect(200)["data"]["comment_count"], 2);

    ada.put(&ten, json!({ "text": "Eleven" })).await.expect(200);
    ada.delete(&ten).await.expect(204);
    ada.delete(&ten).await.refused(404);
    ada.delete(&path).await.expect(204);
    let restored = ada.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!(restored.expect(200)["data"]["comment_count"], 1);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_counts_all_that_is_said_while_it_is_changed() {
    let app = App::start().await;
    let ([ada, bob, _], _, task) = scene(&app).await;
    let path = format!("/api/tasks/{task}");
    let first = said(&bob, &task, "First").await;
    let answers = join_all((0..6).map(async |at| said(&bob, &task, &format!("{at}")).await));
    let changes = join_all((0..6).map(async |at| {
        let title = json!({ "title": format!("Count {at}") });
        ada.patch(&path, title).await.expect(200);
    }));
    let (_, _, removed) = futures::join!(answers, changes, bob.delete(&first));
    removed.expect(204);
    let shown = ada.get(&path).await.expect(200);
    assert_eq!(shown["data"]["comment_count"], 6);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn nothing_is_said_on_a_task_that_is_deleted_meanwhile() {
    let app = App::start().await;
    let ([ada, bob, _], project, _) = scene(&app).await;
    for round in 0..4 {
        let task = ada.task(&project, "Count down").await;
        let first = said(&bob, &task, "First").await;
        let saying = (0..4).map(|number| {
            let (bob, path) = (bob.clone(), comments(&task));
            async move {
                bob.post(&path, json!({ "text": format!("{number}") }))
                    .await
                    .status
            }
        });
        let changing = bob.put(&first, json!({ "text": "Changed" }));
        let path = format!("/api/tasks/{task}");
        let (said, changed, deleted) = tokio::join!(join_all(saying), changing, ada.delete(&path));
        deleted.expect(204);
        assert!(
            said.iter().all(|status| [201, 404].contains(status)),
            "{round}: {said:?}"
        );
        assert!([200, 404].contains(&changed.status), "{}", changed.body);
        app.settled().await;
        let mut rows = app.rows(tables::DATA, "COMMENT#").await;
        rows.retain(|row| row["task_id"] == *task);
        let done = said.iter().filter(|status| **status == 201).count();
        assert_eq!(rows.len(), 1 + done);
        assert!(
            rows.iter().all(|row| row["ttl"].is_number()),
            "it stays for ever"
        );
    }
    app.ledger().await.assert_consistent();
}

/// A function that changes what is said of a task dies after each of its calls; what it did is there once, or not at all.
async fn may_die(function: &str, least: u32, ask: impl AsyncFn(&Member, &str, &str) -> Answer) {
    let app = App::start().await;
    let ([ada, ..], project, _) = scene(&app).await;
    let mut deaths = app.deaths_of(function);
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let task = ada.task(&project, "Count down").await;
        let comment = said(&ada, &task, "First").await;
        deaths.befall_request(ask(&ada, &task, &comment)).await;
        deaths.assert_mended().await;
        assert_told(&app, &task).await;
    }
    deaths.assert_at_least(least);
    app.stop().await;
}

/// What is there of a task's comments is what its log tells.
async fn assert_told(app: &App, task: &str) {
    let mut events = app.rows(tables::DATA, "EVENT#").await;
    events.retain(|event| event["object"] == format!("task/{task}"));
    let told = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    let mut comments = app.rows(tables::DATA, "COMMENT#").await;
    comments.retain(|row| row["task_id"] == *task);
    let written = comments.iter().filter_map(|row| row["version"].as_u64());
    let rewritten: u64 = written.map(|version| version - 1).sum();
    assert_eq!(
        comments.len(),
        told("comment:created") - told("comment:deleted")
    );
    assert_eq!(rewritten, told("comment:updated") as u64);
}

#[tokio::test]
async fn create_comment_may_die_after_any_call() {
    may_die("create-comment", 5, async |ada, task, _| {
        let body = json!({ "text": format!("<@{}>", ada.user_id) });
        ada.post(&comments(task), body).await
    })
    .await;
}

#[tokio::test]
async fn update_comment_may_die_after_any_call() {
    may_die("update-comment", 5, async |ada, _, comment| {
        let body = json!({ "text": format!("<@{}>", ada.user_id) });
        ada.put(comment, body).await
    })
    .await;
}

#[tokio::test]
async fn delete_comment_may_die_after_any_call() {
    may_die("delete-comment", 5, async |ada, _, comment| {
        ada.delete(comment).await
    })
    .await;
}

#[tokio::test]
async fn what_settles_comments_may_die_after_any_call() {
    let app = App::start().await;
    let ([ada, ..], project, _) = scene(&app).await;
    let mut deaths = app.deaths_of("index-task");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let task = ada.task(&project, "Count down").await;
        for number in 0..3 {
            said(&ada, &task, &format!("Number {number}")).await;
        }
        app.settled().await;
        let settled = async {
            ada.delete(&format!("/api/tasks/{task}")).await.expect(204);
            app.settled().await;
        };
        deaths.befall(settled).await;
        deaths.assert_mended().await;
        let mut rows = app.rows(tables::DATA, "COMMENT#").await;
        rows.retain(|row| row["task_id"] == *task);
        let expire = rows.iter().all(|row| row["ttl"].is_number());
        assert!(expire, "death {}", deaths.count());
    }
    deaths.assert_at_least(4);
    app.stop().await;
}
