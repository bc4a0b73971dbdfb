//! What a project says of itself: read, changed as a whole and in part, and never lost to another's change.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member};

fn path(project: &str) -> String {
    format!("/api/projects/{project}")
}

async fn read(member: &Member, project: &str, known: &str) -> Answer {
    let request = member.request("GET", &path(project));
    let request = request.header("if-none-match", known);
    Answer::of(request.send().await.expect("the API answers")).await
}

async fn patch(member: &Member, project: &str, seen: &str, body: Value) -> Answer {
    let request = member.request("PATCH", &path(project)).json(&body);
    let request = request.header("if-match", seen);
    Answer::of(request.send().await.expect("the API answers")).await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("it has a tag").to_owned()
}

#[tokio::test]
async fn a_project_is_replaced_as_a_whole_and_changed_in_part() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    ada.task(&id, "Count down").await;
    let shown = ada.get(&path(&id)).await.expect(200)["data"].clone();
    assert_eq!(
        shown,
        json!({
            "id": id, "user_id": ada.user_id, "name": "Apollo", "description": null,
            "visibility": "tenant", "archived_at": null, "task_count": 1,
            "task_counts": { "todo": 1, "in_progress": 0, "done": 0 },
            "created_at": shown["created_at"], "updated_at": shown["updated_at"],
        })
    );
    assert_eq!(ada.projects().await.0[0]["name"], "Apollo");

    let whole = json!({ "name": "Gemini", "description": "Two seats" });
    let answer = ada.put(&path(&id), whole).await;
    assert_eq!(answer.event_seq(), 3);
    let changed = answer.expect(200)["data"].clone();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("Gemini"), &json!("Two seats"))
    );
    assert_eq!(changed, ada.get(&path(&id)).await.expect(200)["data"]);
    let (listed, from_cache) = ada.projects().await;
    assert_eq!(
        (listed[0]["name"].as_str(), from_cache),
        (Some("Gemini"), false)
    );

    let part = async |body: Value| ada.patch(&path(&id), body).await;
    let changed = part(json!({ "description": "One seat" })).await.expect(200);
    assert_eq!(changed["data"]["name"], "Gemini");
    assert_eq!(changed["data"]["description"], "One seat");
    let cleared = part(json!({ "description": null })).await.expect(200);
    assert_eq!(cleared["data"]["description"], Value::Null);
    let whole = json!({ "name": "Mercury" });
    part(json!({ "description": "No seat" })).await.expect(200);
    let replaced = ada.put(&path(&id), whole).await.expect(200);
    assert_eq!(
        replaced["data"]["description"],
        Value::Null,
        "it was left out"
    );
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn what_changes_nothing_is_no_event() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let before = ada.get(&path(&id)).await;
    for body in [
        json!({}),
        json!({ "name": " Apollo " }),
        json!({ "description": null }),
    ] {
        let answer = ada.patch(&path(&id), body).await;
        assert_eq!(answer.header("x-event-seq"), None);
        assert_eq!(answer.expect(200), before.body);
    }
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_written() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let before = ada.get(&path(&id)).await;
    let bad = json!({ "name": null, "description": 7, "status": "done" });
    let refused = ada.patch(&path(&id), bad.clone()).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.bad_fields(), ["name", "description", "status"]);
    let refused = ada
        .put(&path(&id), json!({ "description": "x".repeat(10_001) }))
        .await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.bad_fields(), ["name", "description"]);
    for seen in ["Apollo", "\"", "W/x"] {
        patch(&ada, &id, seen, json!({ "name": "Gemini" }))
            .await
            .refused(400);
    }
    assert_eq!(ada.get(&path(&id)).await.body, before.body);
}

#[tokio::test]
async fn what_has_been_read_is_sent_again_once_it_is_something_else() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let id = ada.project("Apollo").await;
    let first = tag(&ada.get(&path(&id)).await);
    let again = read(&ada, &id, &first).await;
    assert_eq!(
        (again.status, again.header("etag")),
        (304, Some(first.as_str()))
    );
    assert_eq!(again.body, Value::Null);
    assert_eq!(again.header("cache-control"), Some("private, no-cache"));

    // Somebody else in another role has another tag, whose own is known to them.
    let bobs = read(&bob, &id, &first).await;
    assert_eq!(bobs.status, 200);
    assert_eq!(read(&bob, &id, &tag(&bobs)).await.status, 304);

    // What is counted in it is a part of what is shown.
    ada.task(&id, "Count down").await;
    let counted = read(&ada, &id, &first).await;
    assert_eq!(counted.status, 200);
    ada.patch(&path(&id), json!({ "name": "Gemini" }))
        .await
        .expect(200);
    assert_eq!(read(&ada, &id, &tag(&counted)).await.status, 200);
}

#[tokio::test]
async fn a_change_of_what_another_has_changed_meanwhile_is_refused() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let seen = tag(&ada.get(&path(&id)).await);
    // A task in it is no change of what it says of itself.
    ada.task(&id, "Count down").await;
    let changed = patch(&ada, &id, &seen, json!({ "name": "Gemini" })).await;
    assert_eq!(changed.status, 200);
    let (code, _) = patch(&ada, &id, &seen, json!({ "name": "Mercury" }))
        .await
        .refused(412);
    assert_eq!(code, "PRECONDITION_FAILED");
    let shown = ada.get(&path(&id)).await.expect(200);
    assert_eq!(shown["data"]["name"], "Gemini");
    let again = patch(&ada, &id, &tag(&changed), json!({ "name": "Mercury" })).await;
    assert_eq!(again.status, 200);
    assert_eq!(
        patch(&ada, &id, "*", json!({ "name": "Vostok" }))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_change_what_they_have_seen_at_once_one_does() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let seen = tag(&ada.get(&path(&id)).await);
    let names: Vec<_> = (0..12).map(|number| format!("Gemini {number}")).collect();
    let writes = names
        .iter()
        .map(|name| patch(&ada, &id, &seen, json!({ "name": name })));
    let statuses: Vec<_> = join_all(writes)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [200, 412].contains(status)),
        "{statuses:?}"
    );
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_change_different_parts_at_once_lose_nothing() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    for round in 0..4 {
        let (name, description) = (format!("Gemini {round}"), format!("Seat {round}"));
        let parts = [
            json!({ "name": name }),
            json!({ "description": description }),
        ];
        let at = path(&id);
        for answer in join_all(parts.map(|part| ada.patch(&at, part))).await {
            answer.expect(200);
        }
        let shown = ada.get(&path(&id)).await.expect(200)["data"].clone();
        assert_eq!(
            (&shown["name"], &shown["description"]),
            (&json!(name), &json!(description))
        );
    }
}

#[tokio::test]
async fn its_room_hears_what_has_changed() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let mut socket = ada.connect().await;
    socket.subscribe(&id).await;
    let answer = ada
        .patch(
            &path(&id),
            json!({ "name": "Gemini", "description": "Two" }),
        )
        .await;
    let heard = socket.expect_next().await;
    assert_eq!(heard["type"], "project:updated");
    assert_eq!(heard["seq"], answer.event_seq());
    let data = json!({ "id": id, "version": 2, "fields": ["name", "description"] });
    assert_eq!(heard["data"], data);
    app.stop().await;
}

#[tokio::test]
async fn whoever_only_reads_changes_nothing_and_others_find_nothing() {
    let app = App::start().await;
    let (ada, bob, eve) = (
        app.member("ada").await,
        app.member("bob").await,
        app.member("eve").await,
    );
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let id = ada.project("Apollo").await;
    for body in [json!({ "name": "Gemini" }), json!({})] {
        bob.patch(&path(&id), body.clone()).await.refused(403);
        eve.patch(&path(&id), body).await.refused(404);
    }
    eve.get(&path(&id)).await.refused(404);
    assert_eq!(
        bob.get(&path(&id)).await.expect(200)["data"]["name"],
        "Apollo"
    );
}

#[tokio::test]
async fn update_project_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = ada.project("Apollo").await;
    let mut deaths = app.deaths_of("update-project");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let name = format!("Gemini {}", deaths.count());
        let body = json!({ "name": name });
        let answer = deaths.befall_request(ada.patch(&path(&id), body)).await;
        deaths.assert_mended().await;
        if answer.status == 200 {
            assert_eq!(ada.projects().await.0[0]["name"], name);
        }
    }
    deaths.assert_at_least(3);
    app.stop().await;
}
