//! Notifications: who is concerned is told, in a list of their own and by email, and never of their own doing.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member, tables};

const LIST: &str = "/api/notifications";
const READ: &str = "/api/notifications/read";
const CHOICE: &str = "/api/me/notifications";

/// ada with a task, and bob, who works with her.
struct Scene {
    app: App,
    ada: Member,
    bob: Member,
    project: String,
    task: String,
}

impl Scene {
    async fn start() -> Self {
        let app = App::start().await;
        let ada = app.member("ada").await;
        let bob = app.member("bob").await;
        let bob = app.enrol(&ada, &bob, "editor").await;
        let project = ada.project("Apollo").await;
        let task = ada.task(&project, "Count down").await;
        app.settled().await;
        app.stack().gateway().outbox.reset_record();
        Self {
            app,
            ada,
            bob,
            project,
            task,
        }
    }

    /// Somebody mentions others; returns the comment's id.
    async fn mention(&self, who: &Member, whom: &[&Member]) -> Answer {
        let named = whom.iter().map(|member| format!("<@{}>", member.user_id));
        let body = json!({ "text": format!("See {}", named.collect::<String>()) });
        who.post(&format!("/api/tasks/{}/comments", self.task), body)
            .await
    }

    async fn assign(&self, who: &Member, whom: &Member, title: &str) -> Answer {
        let body = json!({ "projectId": self.project, "title": title, "assignedTo": whom.user_id });
        who.post("/api/create-task", body).await
    }

    /// What is counted as unread is what has not been read, of everybody.
    async fn assert_counted(&self) {
        let told = self.app.rows(tables::DATA, "NOTE#").await;
        for inbox in self.app.rows(tables::DATA, "INBOX").await {
            let own = told.iter().filter(|row| row["pk"] == inbox["pk"]);
            let unread = own.filter(|row| row["read_at"].is_null()).count();
            assert_eq!(inbox["unread"].as_u64().unwrap_or(0), unread as u64);
        }
        for row in &told {
            assert_eq!(row["read_at"].is_null(), row["l1"].is_string(), "{row}");
            assert_eq!(row["read_at"].is_null(), row["ttl"].is_null(), "{row}");
        }
        self.app.ledger().await.assert_consistent();
    }
}

async fn listed(member: &Member, query: &str) -> (Vec<Value>, Value) {
    let page = member.get(&format!("{LIST}?{query}")).await.expect(200);
    let data = page["data"].as_array().expect("it is a list").clone();
    (data, page["meta"].clone())
}

async fn unread(member: &Member) -> u64 {
    let (_, meta) = listed(member, "limit=1").await;
    meta["unread"].as_u64().expect("it is a number")
}

#[tokio::test]
async fn who_is_mentioned_or_given_a_task_is_told_and_nobody_of_their_own_doing() {
    let scene = Scene::start().await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    let comment = scene.mention(ada, &[ada, bob, bob]).await.expect(201)["data"]["id"].clone();
    scene.assign(ada, bob, "Fuel").await.expect(201);
    scene.assign(bob, bob, "Own").await.expect(201);
    let path = format!("/api/tasks/{}", scene.task);
    ada.patch(&path, json!({ "assigned_to": bob.user_id }))
        .await
        .expect(200);
    ada.patch(&path, json!({ "title": "Count up" }))
        .await
        .expect(200);

    let (told, meta) = listed(bob, "").await;
    assert_eq!(
        meta,
        json!({ "next_cursor": null, "has_more": false, "unread": 3 })
    );
    let kinds: Vec<_> = told
        .iter()
        .map(|told| (&told["kind"], &told["title"]))
        .collect();
    let expected = [
        (json!("assigned"), json!("Count down")),
        (json!("assigned"), json!("Fuel")),
        (json!("mentioned"), json!("Count down")),
    ];
    assert_eq!(
        kinds,
        expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    assert_eq!(
        told[2],
        json!({
            "id": told[2]["id"], "kind": "mentioned", "project_id": scene.project,
            "task_id": scene.task, "comment_id": comment, "title": "Count down",
            "actor": ada.user_id, "created_at": told[2]["created_at"], "read_at": null,
        })
    );
    let (none, meta) = listed(ada, "").await;
    assert_eq!((none.len(), &meta["unread"]), (0, &json!(0)));

    // Who was mentioned before is not told again.
    let path = format!("{path}/comments/{}", comment.as_str().expect("it is an id"));
    let text = format!("Look, <@{}> and <@{}>", bob.user_id, ada.user_id);
    ada.put(&path, json!({ "text": text })).await.expect(200);
    assert_eq!(unread(bob).await, 3);
    scene.app.settled().await;
    let mentioned = scene.app.emails("You were mentioned: Count down").await;
    assert_eq!(mentioned.len(), 1);
    assert_eq!(mentioned[0].to, [&*bob.email]);
    scene.assert_counted().await;
}

#[tokio::test]
async fn what_somebody_was_told_of_a_project_shows_its_titles_while_it_is_there_for_them() {
    let scene = Scene::start().await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.assign(ada, bob, "Fuel").await.expect(201);
    scene.mention(ada, &[bob]).await.expect(201);
    let elsewhere = ada.project("Gemini").await;
    let given = json!({ "projectId": elsewhere, "title": "Dock", "assignedTo": bob.user_id });
    ada.post("/api/create-task", given).await.expect(201);
    let assert_told = async |titles: Value| {
        for query in ["", "unread=true"] {
            let (told, meta) = listed(bob, query).await;
            let shown: Vec<_> = told.iter().map(|told| &told["title"]).collect();
            assert_eq!(json!(shown), titles, "{query}");
            assert_eq!(meta["unread"], 3, "{query}");
            assert_eq!(told[1]["project_id"], scene.project, "{query}");
        }
    };
    let all = json!(["Dock", "Count down", "Fuel"]);
    let of_others = json!(["Dock", null, null]);
    let path = format!("/api/projects/{}", scene.project);
    let visible = async |to: &str| {
        let visibility = json!({ "visibility": to });
        ada.patch(&path, visibility).await.expect(200);
    };

    assert_told(all.clone()).await;
    visible("private").await;
    assert_told(of_others.clone()).await;
    visible("tenant").await;
    assert_told(all.clone()).await;
    ada.delete(&path).await.expect(204);
    assert_told(of_others).await;
    let restored = ada.post(&format!("{path}/restore"), json!({})).await;
    restored.expect(200);
    assert_told(all).await;
}

#[tokio::test]
async fn what_has_been_read_is_marked_by_its_id_or_up_to_one_and_is_counted() {
    let scene = Scene::start().await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    for number in 0..5 {
        scene
            .assign(ada, bob, &format!("Number {number}"))
            .await
            .expect(201);
    }
    let (told, _) = listed(bob, "").await;
    let id = |at: usize| told[at]["id"].clone();
    let read = async |body: Value| bob.post(READ, body).await;
    let answer = read(json!({ "ids": [id(0), id(0), ada.user_id] })).await;
    assert_eq!(
        answer.expect(200)["data"],
        json!({ "read": 1, "unread": 4, "has_more": false })
    );
    for unchanged in [json!({ "ids": [id(0)] }), json!({ "until": ada.user_id })] {
        let again = read(unchanged).await;
        assert_eq!(again.header("x-event-seq"), None);
        assert_eq!(again.expect(200)["data"]["read"], 0);
    }
    let answer = read(json!({ "until": id(3) })).await.expect(200);
    assert_eq!(
        answer["data"],
        json!({ "read": 2, "unread": 2, "has_more": false })
    );
    for bad in [
        json!({}),
        json!({ "ids": [] }),
        json!({ "ids": [id(1)], "until": id(1) }),
    ] {
        read(bad).await.refused(422);
    }
    // Others have none of them.
    let answer = ada.post(READ, json!({ "ids": [id(1)] })).await.expect(200);
    assert_eq!(answer["data"]["read"], 0);
    let (told, meta) = listed(bob, "").await;
    let read: Vec<_> = told
        .iter()
        .map(|told| told["read_at"].is_number())
        .collect();
    assert_eq!(read, [true, false, false, true, true]);
    assert_eq!(meta["unread"], 2);

    let (unread, _) = listed(bob, "unread=true").await;
    assert_eq!(unread, [told[1].clone(), told[2].clone()]);
    assert_eq!(listed(bob, "unread=false").await.0, told);
    let (first, of_unread) = listed(bob, "unread=true&limit=1").await;
    let cursor = of_unread["next_cursor"].as_str().expect("it goes on");
    let (second, end) = listed(bob, &format!("unread=true&limit=1&cursor={cursor}")).await;
    assert_eq!([first, second].concat(), unread);
    assert_eq!(
        end,
        json!({ "next_cursor": null, "has_more": false, "unread": 2 })
    );
    // Where it has begun has been read meanwhile.
    let body = json!({ "ids": [unread[0]["id"]] });
    let (_, of_all) = listed(bob, "limit=1").await;
    bob.post(READ, body).await.expect(200);
    let (rest, _) = listed(bob, &format!("unread=true&cursor={cursor}")).await;
    assert_eq!(rest, unread[1..]);
    let other = of_all["next_cursor"].as_str().expect("it goes on");
    for query in [
        format!("cursor={cursor}"),
        format!("unread=true&cursor={other}"),
        "unread=yes".to_owned(),
    ] {
        bob.get(&format!("{LIST}?{query}")).await.refused(400);
    }
    assert!(listed(ada, "unread=true").await.0.is_empty());

    let (told, _) = listed(bob, "").await;
    let (mut pages, mut meta) = listed(bob, "limit=2").await;
    while let Some(cursor) = meta["next_cursor"].as_str() {
        assert_eq!(meta["has_more"], true);
        let (page, next) = listed(bob, &format!("limit=2&cursor={cursor}")).await;
        pages.extend(page);
        meta = next;
    }
    assert_eq!(pages, told);
    scene.app.advance(Duration::from_hours(91 * 24));
    let bob = scene.app.log_in(bob).await.acting_in(&ada.tenant_id);
    let (left, _) = listed(&bob, "").await;
    assert_eq!(
        left.len(),
        1,
        "what was read is gone after 90 days, and the rest stays"
    );
}

#[tokio::test]
async fn however_many_there_are_one_call_reads_ninety() {
    let scene = Scene::start().await;
    scene
        .assign(&scene.ada, &scene.bob, "Fuel")
        .await
        .expect(201);
    let first = scene.app.rows(tables::DATA, "NOTE#").await.remove(0);
    for number in 0..99 {
        let mut row = first.clone();
        let id = format!("01900000-0000-7000-8000-{number:012}");
        row["sk"] = json!(format!("NOTE#{id}"));
        row["l1"] = json!(format!("UNREAD#{id}"));
        row["id"] = json!(id);
        scene.app.put(tables::DATA, &row).await;
    }
    let mut inbox = scene.app.rows(tables::DATA, "INBOX").await.remove(0);
    inbox["unread"] = json!(100);
    scene.app.put(tables::DATA, &inbox).await;
    let (unread, meta) = listed(&scene.bob, "unread=true&limit=100").await;
    assert_eq!((unread.len(), &meta["has_more"]), (100, &json!(false)));
    let (unread, meta) = listed(&scene.bob, "unread=true&limit=99").await;
    assert_eq!((unread.len(), &meta["has_more"]), (99, &json!(true)));
    let all = json!({ "until": first["id"] });
    for left in [
        json!([90, 10, true]),
        json!([10, 0, false]),
        json!([0, 0, false]),
    ] {
        let view = scene.bob.post(READ, all.clone()).await.expect(200)["data"].clone();
        assert_eq!(
            json!([view["read"], view["unread"], view["has_more"]]),
            left
        );
    }
    scene.assert_counted().await;
}

#[tokio::test]
async fn who_does_not_want_mail_of_something_gets_none_and_is_told_all_the_same() {
    let scene = Scene::start().await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    let all = json!({ "email": { "assigned": true, "mentioned": true, "due_soon": true } });
    let shown = bob.get(CHOICE).await;
    let tag = shown.header("etag").expect("it has a tag").to_owned();
    assert_eq!(shown.expect(200)["data"], all);
    let off = json!({ "email": { "mentioned": false } });
    let chosen = bob.patch(CHOICE, off.clone()).await.expect(200);
    assert_eq!(
        chosen["data"]["email"],
        json!({ "assigned": true, "mentioned": false, "due_soon": true })
    );
    assert_eq!(
        bob.patch(CHOICE, off.clone()).await.header("x-event-seq"),
        None
    );
    let late = bob
        .request("PATCH", CHOICE)
        .header("if-match", tag)
        .json(&all);
    Answer::of(late.send().await.expect("the API answers"))
        .await
        .refused(412);
    assert_eq!(ada.get(CHOICE).await.expect(200)["data"], all);

    scene.mention(ada, &[bob]).await.expect(201);
    scene.assign(ada, bob, "Fuel").await.expect(201);
    scene.app.settled().await;
    assert_eq!(scene.app.emails("You were mentioned").await.len(), 0);
    assert_eq!(scene.app.emails("New task: Fuel").await.len(), 1);
    bob.patch(CHOICE, json!({ "email": { "assigned": false } }))
        .await
        .expect(200);
    scene.assign(ada, bob, "Water").await.expect(201);
    scene.app.settled().await;
    assert_eq!(scene.app.emails("New task: Water").await.len(), 0);
    assert_eq!(unread(bob).await, 3);
    scene.assert_counted().await;
}

#[tokio::test]
async fn the_count_is_right_however_many_write_and_read_at_once() {
    let scene = Scene::start().await;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.mention(ada, &[bob]).await.expect(201);
    let other = ada.project("Gemini").await;
    let other = ada.task(&other, "Dock").await;
    let elsewhere = format!("/api/tasks/{other}/comments");
    let text = json!({ "text": format!("<@{}>", bob.user_id) });
    for _ in 0..3 {
        let (told, _) = listed(bob, "").await;
        let until = json!({ "until": told[0]["id"] });
        let writing = (0..3).map(async |_| scene.mention(ada, &[bob]).await);
        let writing_elsewhere = (0..3).map(|_| ada.post(&elsewhere, text.clone()));
        let reading = (0..3).map(|_| bob.post(READ, until.clone()));
        let (writing, elsewhere, reading) = tokio::join!(
            join_all(writing),
            join_all(writing_elsewhere),
            join_all(reading),
        );
        assert!(
            writing
                .iter()
                .chain(&elsewhere)
                .all(|answer| answer.status == 201)
        );
        assert!(reading.iter().all(|answer| answer.status == 200));
        scene.assert_counted().await;
    }
}

/// A function that tells somebody dies after each of its calls: what is counted is what there is.
async fn may_die(
    function: &str,
    least: u32,
    ask: impl AsyncFn(&Scene, &Member, &Member) -> Answer,
) {
    let scene = Scene::start().await;
    let mut deaths = scene.app.deaths_of(function);
    while deaths.go_on() {
        let ada = scene.app.log_in(&scene.ada).await;
        let bob = scene.app.log_in(&scene.bob).await.acting_in(&ada.tenant_id);
        scene.assign(&ada, &bob, "Fuel").await.expect(201);
        deaths.befall_request(ask(&scene, &ada, &bob)).await;
        deaths.assert_mended().await;
        scene.assert_counted().await;
    }
    deaths.assert_at_least(least);
    scene.app.stop().await;
}

#[tokio::test]
async fn what_mentions_somebody_may_die_after_any_call() {
    may_die("create-comment", 5, async |scene, ada, bob| {
        scene.mention(ada, &[bob]).await
    })
    .await;
}

#[tokio::test]
async fn what_gives_somebody_a_task_may_die_after_any_call() {
    may_die("update-task", 5, async |scene, ada, bob| {
        let task = ada.task(&scene.project, "Count down").await;
        let body = json!({ "assigned_to": bob.user_id });
        ada.patch(&format!("/api/tasks/{task}"), body).await
    })
    .await;
}

#[tokio::test]
async fn read_notifications_may_die_after_any_call() {
    may_die("read-notifications", 4, async |_, _, bob| {
        let (told, _) = listed(bob, "limit=1").await;
        bob.post(READ, json!({ "until": told[0]["id"] })).await
    })
    .await;
}

#[tokio::test]
async fn update_notifications_may_die_after_any_call() {
    may_die("update-notifications", 4, async |_, _, bob| {
        let now = bob.get(CHOICE).await.expect(200)["data"]["email"]["mentioned"] == true;
        bob.patch(CHOICE, json!({ "email": { "mentioned": !now } }))
            .await
    })
    .await;
}
