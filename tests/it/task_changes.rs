//! Tasks by their ids: read, changed, moved, deleted and restored, and never lost to another's change.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, attachment, tables};

/// A day.
const DAY: Duration = Duration::from_hours(24);

fn path(task: &str) -> String {
    format!("/api/tasks/{task}")
}

async fn read(member: &Member, task: &str, known: &str) -> Answer {
    let request = member.request("GET", &path(task));
    let request = request.header("if-none-match", known);
    Answer::of(request.send().await.expect("the API answers")).await
}

async fn send(member: &Member, method: &str, task: &str, seen: &str, body: Value) -> Answer {
    let request = member.request(method, &path(task)).json(&body);
    let request = request.header("if-match", seen);
    Answer::of(request.send().await.expect("the API answers")).await
}

async fn shown(member: &Member, task: &str) -> Value {
    member.get(&path(task)).await.expect(200)["data"].clone()
}

async fn restore(member: &Member, task: &str) -> Answer {
    let path = format!("{}/restore", path(task));
    member.post(&path, json!({})).await
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("it has a tag").to_owned()
}

/// The titles of the tasks of a status, in their order.
async fn column(app: &App, status: &str) -> Vec<String> {
    let mut tasks = app.rows(tables::DATA, "TASK#").await;
    tasks.retain(|task| task["status"] == status);
    tasks.sort_by_key(|task| task["l1"].as_str().map(str::to_owned));
    let titles = tasks.iter().map(|task| task["title"].as_str());
    titles
        .map(|title| title.unwrap_or_default().to_owned())
        .collect()
}

/// A project with a task for each title; returns their ids.
async fn tasks<const N: usize>(ada: &Member, titles: [&str; N]) -> (String, [String; N]) {
    let project = ada.project("Apollo").await;
    let mut ids = Vec::new();
    for title in titles {
        ids.push(ada.task(&project, title).await);
    }
    (project, ids.try_into().expect("there is one for each"))
}

#[tokio::test]
async fn a_task_is_replaced_as_a_whole_and_changed_in_part() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, [id]) = tasks(&ada, ["Count down"]).await;
    let first = shown(&ada, &id).await;
    assert_eq!(
        first,
        json!({
            "id": id, "project_id": project, "title": "Count down", "description": null,
            "status": "todo", "position": first["position"], "priority": "none",
            "assigned_to": null, "start_date": null, "due_date": null, "parent_id": null,
            "labels": [], "attachment": null,
            "created_by": ada.user_id, "created_at": first["created_at"],
            "updated_at": first["created_at"], "completed_at": null, "comment_count": 0,
        })
    );

    let whole = json!({
        "title": "Count up", "description": "From ten", "status": "in_progress", "priority": "high",
        "assigned_to": ada.user_id, "start_date": 1_000, "due_date": 2_000,
    });
    let answer = ada.put(&path(&id), whole.clone()).await;
    assert_eq!(answer.event_seq(), 3);
    let changed = answer.expect(200)["data"].clone();
    for (name, value) in whole.as_object().expect("it is one") {
        assert_eq!(&changed[name], value, "{name}");
    }
    assert_eq!(changed, shown(&ada, &id).await);

    let part = async |body: Value| ada.patch(&path(&id), body).await.expect(200)["data"].clone();
    let changed = part(json!({ "assigned_to": null, "priority": "urgent" })).await;
    assert_eq!(changed["assigned_to"], Value::Null);
    assert_eq!(changed["priority"], "urgent");
    assert_eq!(changed["description"], "From ten");
    let least = json!({ "title": "Count", "status": "todo" });
    let replaced = ada.put(&path(&id), least).await.expect(200)["data"].clone();
    for left_out in ["description", "start_date", "due_date"] {
        assert_eq!(replaced[left_out], Value::Null, "{left_out}");
    }
    assert_eq!(replaced["priority"], "none");
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    ledger.assert_usage();
}

#[tokio::test]
async fn a_task_is_done_since_it_became_so_and_is_counted_by_its_status() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, [id, _]) = tasks(&ada, ["One", "Two"]).await;
    let counts = async || {
        let shown = ada.get(&format!("/api/projects/{project}")).await;
        shown.expect(200)["data"]["task_counts"].clone()
    };
    let to = async |status: &str| {
        let answer = ada.patch(&path(&id), json!({ "status": status })).await;
        answer.expect(200)["data"].clone()
    };
    assert_eq!(
        counts().await,
        json!({ "todo": 2, "in_progress": 0, "done": 0 })
    );
    let done = to("done").await;
    assert_eq!(done["completed_at"], done["updated_at"]);
    assert_eq!(
        counts().await,
        json!({ "todo": 1, "in_progress": 0, "done": 1 })
    );
    app.advance(Duration::from_mins(5));
    let later = ada
        .patch(&path(&id), json!({ "title": "First" }))
        .await
        .expect(200);
    assert_eq!(later["data"]["completed_at"], done["completed_at"]);
    assert_eq!(to("in_progress").await["completed_at"], Value::Null);
    assert_eq!(
        counts().await,
        json!({ "todo": 1, "in_progress": 1, "done": 0 })
    );
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn every_bad_field_is_named_and_nothing_is_written() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (_, [id]) = tasks(&ada, ["Count down"]).await;
    let before = shown(&ada, &id).await;
    for (body, fields) in [
        (
            json!({ "title": null, "status": "Gone", "position": {}, "priority": 1, "due_date": -1, "size": 1 }),
            vec![
                "title", "status", "position", "priority", "due_date", "size",
            ],
        ),
        (
            json!({ "position": { "after": id, "end": "last" } }),
            vec!["position"],
        ),
        (json!({ "position": null }), vec!["position"]),
        (
            json!({ "position": { "end": "middle" } }),
            vec!["position.end"],
        ),
        (
            json!({ "position": { "after": id } }),
            vec!["position.after"],
        ),
        (
            json!({ "position": { "before": eve.user_id } }),
            vec!["position.before"],
        ),
        (json!({ "assigned_to": eve.user_id }), vec!["assigned_to"]),
        (json!({ "start_date": 2, "due_date": 1 }), vec!["due_date"]),
    ] {
        let refused = ada.patch(&path(&id), body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert_eq!(refused.bad_fields(), fields, "{body}");
    }
    let refused = ada.put(&path(&id), json!({ "description": "" })).await;
    assert_eq!(refused.bad_fields(), ["title", "status"]);
    ada.patch(&path(&id), json!({ "due_date": 5 }))
        .await
        .expect(200);
    let refused = ada.patch(&path(&id), json!({ "start_date": 6 })).await;
    assert_eq!(refused.bad_fields(), ["due_date"]);
    ada.patch(&path(&id), json!({ "due_date": null }))
        .await
        .expect(200);
    let after = shown(&ada, &id).await;
    assert_eq!(
        (&after["title"], &after["status"]),
        (&before["title"], &before["status"])
    );
}

#[tokio::test]
async fn all_that_a_task_cannot_be_is_told_at_once() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (project, [task, next]) = tasks(&ada, ["Count down", "Lift off"]).await;
    let path = format!("/api/tasks/{task}");
    let label = uuid::Uuid::now_v7();
    let bad = json!({
        "title": "Count down", "status": "in_limbo", "assigned_to": bob.user_id, "start_date": 2, "due_date": 1,
        "parent_id": task, "labels": [label],
    });
    let fields = ["due_date", "assigned_to", "status", "parent_id", "labels"];
    assert_eq!(ada.put(&path, bad.clone()).await.bad_fields(), fields);
    let mut dragged = bad.clone();
    dragged["position"] = json!({ "after": next });
    let answer = ada.patch(&path, dragged.clone()).await;
    assert_eq!(
        answer.bad_fields(),
        [&fields[..], &["position.after"]].concat()
    );

    let bulk = format!("/api/projects/{project}/tasks/bulk");
    dragged["op"] = json!("update");
    dragged["id"] = json!(task);
    let answer = ada.post(&bulk, json!({ "operations": [dragged] })).await;
    let refusal = answer.expect(200)["data"][0]["error"].clone();
    let details = refusal["details"].as_array().expect("they are a list");
    assert_eq!(details.len(), fields.len() + 1, "{refusal}");

    // What is not there, or has changed, is told before what is wrong with the change.
    let gone = format!("/api/tasks/{}", uuid::Uuid::now_v7());
    ada.put(&gone, bad.clone()).await.refused(404);
    send(&ada, "PUT", &task, "\"7-x\"", bad).await.refused(412);
    assert_eq!(shown(&ada, &task).await["title"], "Count down");
    app.stop().await;
}

#[tokio::test]
async fn whose_task_it_is_may_stay_when_they_have_left() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let editor = app.enrol(&ada, &bob, "editor").await;
    let (_, [task]) = tasks(&ada, ["Count down"]).await;
    let path = format!("/api/tasks/{task}");
    ada.patch(&path, json!({ "assigned_to": editor.user_id }))
        .await
        .expect(200);
    ada.delete(&format!("/api/members/{}", editor.user_id))
        .await
        .expect(204);
    let whole = json!({ "title": "Lift off", "status": "todo", "assigned_to": editor.user_id });
    ada.put(&path, whole).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn what_changes_nothing_is_no_event() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, [one, two]) = tasks(&ada, ["One", "Two"]).await;
    let before = ada.get(&path(&two)).await;
    for body in [
        json!({}),
        json!({ "title": " Two ", "status": "todo", "due_date": null }),
        json!({ "position": { "after": one } }),
    ] {
        let answer = ada.patch(&path(&two), body).await;
        assert_eq!(answer.header("x-event-seq"), None);
        assert_eq!(tag(&answer), tag(&before));
        assert_eq!(answer.expect(200), before.body);
    }
}

#[tokio::test]
async fn a_drag_changes_one_row_and_puts_it_where_it_was_dropped() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, [a, b, c, d]) = tasks(&ada, ["A", "B", "C", "D"]).await;
    let drag = async |task: &str, body: Value| {
        let all = |rows: Vec<Value>| -> Vec<(String, String)> {
            rows.iter()
                .map(|row| (row["id"].to_string(), row["position"].to_string()))
                .collect()
        };
        let before = all(app.rows(tables::DATA, "TASK#").await);
        ada.patch(&path(task), body).await.expect(200);
        let after = all(app.rows(tables::DATA, "TASK#").await);
        let moved: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
        assert!(
            moved.len() <= 1 && moved.iter().all(|(id, _)| id.contains(task)),
            "{moved:?}"
        );
        column(&app, "todo").await.concat()
    };
    assert_eq!(column(&app, "todo").await.concat(), "ABCD");
    assert_eq!(
        drag(&d, json!({ "position": { "after": a } })).await,
        "ADBC"
    );
    assert_eq!(
        drag(&a, json!({ "position": { "end": "last" } })).await,
        "DBCA"
    );
    assert_eq!(
        drag(&c, json!({ "position": { "before": d } })).await,
        "CDBA"
    );
    assert_eq!(
        drag(&b, json!({ "position": { "end": "first" } })).await,
        "BCDA"
    );
    assert_eq!(
        drag(&b, json!({ "position": { "after": a } })).await,
        "CDAB"
    );
    assert_eq!(
        drag(&a, json!({ "position": { "before": c } })).await,
        "ACDB"
    );

    // Into another column: at its end, unless it is said where.
    assert_eq!(drag(&c, json!({ "status": "done" })).await, "ADB");
    assert_eq!(
        drag(&d, json!({ "status": "done", "position": { "before": c } })).await,
        "AB"
    );
    assert_eq!(drag(&b, json!({ "status": "done" })).await, "A");
    assert_eq!(column(&app, "done").await.concat(), "DCB");
    let refused = ada
        .patch(&path(&a), json!({ "position": { "after": c } }))
        .await;
    assert_eq!(
        refused.bad_fields(),
        ["position.after"],
        "it is in another column"
    );
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_drag_at_once_never_put_two_in_one_place() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, ids) = tasks(&ada, ["A", "B", "C", "D", "E", "F"]).await;
    for round in 0..4 {
        let beside = &ids[round];
        let others = ids.iter().filter(|id| *id != beside);
        let drags = others.map(async |id| {
            let side = if round % 2 == 0 { "after" } else { "before" };
            ada.patch(&path(id), json!({ "position": { side: beside } }))
                .await
        });
        for answer in join_all(drags).await {
            answer.expect(200);
        }
        app.ledger().await.assert_consistent();
    }
    app.settled().await;
    app.ledger().await.assert_nothing_left_to_do();
}

#[tokio::test]
async fn what_has_been_read_is_sent_again_once_it_is_something_else() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, [id]) = tasks(&ada, ["Count down"]).await;
    let first = tag(&ada.get(&path(&id)).await);
    let again = read(&ada, &id, &first).await;
    assert_eq!((again.status, again.body), (304, Value::Null));
    // Another task of its project is no change of this one.
    ada.task(&project, "Another").await;
    assert_eq!(read(&ada, &id, &first).await.status, 304);
    ada.patch(&path(&id), json!({ "priority": "low" }))
        .await
        .expect(200);
    assert_eq!(read(&ada, &id, &first).await.status, 200);
}

#[tokio::test]
async fn a_change_of_what_another_has_changed_meanwhile_is_refused() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, [id]) = tasks(&ada, ["Count down"]).await;
    let seen = tag(&ada.get(&path(&id)).await);
    let title = |title: &str| json!({ "title": title });
    let changed = send(&ada, "PATCH", &id, &seen, title("Up")).await;
    assert_eq!(changed.status, 200);
    let whole = json!({ "title": "Down", "status": "done" });
    send(&ada, "PATCH", &id, &seen, title("Down"))
        .await
        .refused(412);
    send(&ada, "PUT", &id, &seen, whole).await.refused(412);
    send(&ada, "DELETE", &id, &seen, json!({}))
        .await
        .refused(412);
    assert_eq!(shown(&ada, &id).await["title"], "Up");
    let gone = send(&ada, "DELETE", &id, &tag(&changed), json!({})).await;
    assert_eq!(gone.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_change_what_they_have_seen_at_once_one_does_and_parts_are_all_kept() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, [id]) = tasks(&ada, ["Count down"]).await;
    let seen = tag(&ada.get(&path(&id)).await);
    let titles: Vec<_> = (0..12).map(|number| format!("Number {number}")).collect();
    let writes = titles
        .iter()
        .map(|title| send(&ada, "PATCH", &id, &seen, json!({ "title": title })));
    let answers = join_all(writes).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert!(
        statuses.iter().all(|status| [200, 412].contains(status)),
        "{statuses:?}"
    );

    for round in 0..4_i64 {
        let parts = [
            json!({ "title": format!("Round {round}") }),
            json!({ "due_date": round }),
            json!({ "status": "done" }),
            json!({ "priority": "low" }),
        ];
        let at = path(&id);
        for answer in join_all(parts.map(|part| ada.patch(&at, part))).await {
            answer.expect(200);
        }
        let shown = shown(&ada, &id).await;
        assert_eq!(shown["title"], format!("Round {round}"));
        assert_eq!(
            (&shown["due_date"], &shown["priority"]),
            (&json!(round), &json!("low"))
        );
        ada.patch(&at, json!({ "status": "todo" }))
            .await
            .expect(200);
    }
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn its_room_hears_what_has_become_of_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, [id]) = tasks(&ada, ["Count down"]).await;
    let mut socket = ada.connect().await;
    socket.subscribe(&project).await;
    let patched = async |body: Value| ada.patch(&path(&id), body).await;
    let answer = patched(json!({ "title": "Count up", "status": "done" })).await;
    let heard = socket.expect_next().await;
    assert_eq!(
        (&heard["type"], heard["seq"].as_u64()),
        (&json!("task:updated"), Some(answer.event_seq()))
    );
    let fields = ["title", "status", "position"];
    assert_eq!(
        heard["data"],
        json!({ "id": id, "version": 2, "fields": fields })
    );

    let moved = patched(json!({ "status": "todo" })).await.expect(200)["data"].clone();
    let heard = socket.expect_next().await;
    assert_eq!(heard["type"], "task:moved");
    let data = json!({ "id": id, "version": 3, "status": "todo", "position": moved["position"] });
    assert_eq!(heard["data"], data);

    ada.delete(&path(&id)).await.expect(204);
    let heard = socket.expect_next().await;
    assert_eq!(
        (&heard["type"], &heard["data"]),
        (&json!("task:deleted"), &json!({ "id": id }))
    );
    restore(&ada, &id).await.expect(200);
    let heard = socket.expect_next().await;
    let data = json!({ "id": id, "version": 4 });
    assert_eq!(
        (&heard["type"], &heard["data"]),
        (&json!("task:restored"), &data)
    );
    app.stop().await;
}

#[tokio::test]
async fn whoever_is_given_a_task_is_told_and_its_new_words_are_found() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let (project, [id]) = tasks(&ada, ["Count down"]).await;
    let given = json!({ "assigned_to": bob.user_id, "title": "Polish the telescope" });
    ada.patch(&path(&id), given.clone()).await.expect(200);
    ada.patch(&path(&id), given).await.expect(200);
    app.settled().await;
    let emails = app.emails("New task: ").await;
    assert_eq!(emails.len(), 1, "{emails:?}");
    let search = async || {
        let body = json!({ "projectId": project, "query": "Polish the telescope" });
        ada.post("/api/search-tasks", body).await.expect(200)["results"].clone()
    };
    let found = search().await;
    assert_eq!(found[0]["title"], "Polish the telescope", "{found}");
    ada.delete(&path(&id)).await.expect(204);
    assert_eq!(search().await, json!([]));
    app.settled().await;
    assert!(app.rows(tables::DATA, "VECTOR#").await.is_empty());
    restore(&ada, &id).await.expect(200);
    app.settled().await;
    assert_eq!(search().await[0]["title"], "Polish the telescope");
    app.stop().await;
}

#[tokio::test]
async fn a_deleted_task_is_nowhere_and_comes_back_as_it_was() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "projectId": project, "title": "With a file", "attachment": file });
    let made = ada.post("/api/create-task", body).await.expect(201)["task"]["id"].clone();
    let id = made.as_str().expect("it has an id");
    let before = shown(&ada, id).await;
    assert_eq!(
        before["attachment"],
        json!({ "filename": "pixel.png", "bytes": PNG.len() })
    );

    ada.delete(&path(id)).await.expect(204);
    ada.get(&path(id)).await.refused(404);
    ada.patch(&path(id), json!({ "title": "Back" }))
        .await
        .refused(404);
    ada.delete(&path(id)).await.refused(404);
    let project = ada
        .get(&format!("/api/projects/{project}"))
        .await
        .expect(200);
    assert_eq!(project["data"]["task_count"], 0);
    app.advance(DAY * 29);
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    ledger.assert_usage();
    assert_eq!(ledger.files(), 1);

    let ada = app.log_in(&ada).await;
    let back = restore(&ada, id).await.expect(200)["data"].clone();
    for same in ["title", "status", "attachment", "created_at"] {
        assert_eq!(back[same], before[same], "{same}");
    }
    restore(&ada, id).await.refused(404);
    app.settled().await;
    app.ledger().await.assert_usage();
    app.advance(DAY * 2);
    app.sweep("sweep-uploads").await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    assert_eq!((ledger.files(), ledger.deleted.len()), (1, 0));
}

#[tokio::test]
async fn of_many_who_restore_a_task_at_once_one_does() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, [task]) = tasks(&ada, ["Count down"]).await;
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "title": "With a file", "attachment": file });
    let list = format!("/api/projects/{project}/tasks");
    let made = ada.post(&list, body).await.expect(201)["data"]["id"].clone();
    let with_file = made.as_str().expect("it has an id").to_owned();
    for task in [&task, &with_file, &task, &with_file] {
        ada.delete(&path(task)).await.expect(204);
        let answers = join_all((0..4).map(|_| restore(&ada, task))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404, 404, 404]);
    }
    app.settled().await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn after_30_days_a_deleted_task_and_its_file_are_gone() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "projectId": project, "title": "With a file", "attachment": file });
    let made = ada.post("/api/create-task", body).await.expect(201)["task"]["id"].clone();
    let id = made.as_str().expect("it has an id");
    ada.delete(&path(id)).await.expect(204);
    app.advance(DAY * 30);
    let ada = app.log_in(&ada).await;
    restore(&ada, id).await.refused(404);
    app.advance(Duration::from_hours(2));
    app.sweep("sweep-uploads").await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    assert_eq!(ledger.files(), 0);
    let ada = app.log_in(&ada).await;
    restore(&ada, id).await.refused(404);
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
    let (_, [id, gone]) = tasks(&ada, ["Count down", "Gone"]).await;
    ada.delete(&path(&gone)).await.expect(204);
    for (who, status) in [(&bob, 403), (&eve, 404)] {
        who.patch(&path(&id), json!({ "title": "Up" }))
            .await
            .refused(status);
        who.put(&path(&id), json!({ "title": "Up", "status": "done" }))
            .await
            .refused(status);
        who.delete(&path(&id)).await.refused(status);
        restore(who, &gone).await.refused(status);
    }
    eve.get(&path(&id)).await.refused(404);
    assert_eq!(shown(&bob, &id).await["title"], "Count down");
}

#[tokio::test]
async fn a_text_that_changes_while_it_is_indexed_is_indexed_as_it_is() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (_, [id]) = tasks(&ada, ["Count down"]).await;
    app.settled().await;
    for number in 0..3 {
        for half in ["a", "b"] {
            let title = format!("Number {number}{half}");
            ada.patch(&path(&id), json!({ "title": title }))
                .await
                .expect(200);
        }
    }
    ada.delete(&path(&id)).await.expect(204);
    restore(&ada, &id).await.expect(200);
    app.settled().await;
    assert_eq!(app.rows(tables::DATA, "VECTOR#").await.len(), 1);
    ada.delete(&path(&id)).await.expect(204);
    app.settled().await;
    assert_eq!(app.rows(tables::DATA, "VECTOR#").await.len(), 0);
    app.ledger().await.assert_consistent();
}

/// A new task, with a file, and who asks.
async fn fresh(app: &App, ada: &Member) -> (Member, String, String) {
    let ada = app.log_in(ada).await;
    let project = ada.project("Apollo").await;
    let other = ada.task(&project, "Other").await;
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({ "projectId": project, "title": "Count down", "attachment": file });
    let made = ada.post("/api/create-task", body).await.expect(201)["task"]["id"].clone();
    let id = made.as_str().expect("it has an id").to_owned();
    (ada, id, other)
}

#[tokio::test]
async fn update_task_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("update-task");
    while deaths.go_on() {
        let (ada, id, other) = fresh(&app, &ada).await;
        let body = json!({
            "title": "Count up", "assigned_to": ada.user_id, "position": { "before": other },
        });
        deaths.befall_request(ada.patch(&path(&id), body)).await;
        deaths.assert_mended().await;
    }
    deaths.assert_at_least(6);
    app.stop().await;
}

#[tokio::test]
async fn delete_task_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("delete-task");
    while deaths.go_on() {
        let (ada, id, _) = fresh(&app, &ada).await;
        deaths.befall_request(ada.delete(&path(&id))).await;
        deaths.assert_mended().await;
    }
    deaths.assert_at_least(4);
    app.stop().await;
}

#[tokio::test]
async fn restore_task_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut deaths = app.deaths_of("restore-task");
    while deaths.go_on() {
        let (ada, id, _) = fresh(&app, &ada).await;
        ada.delete(&path(&id)).await.expect(204);
        deaths.befall_request(restore(&ada, &id)).await;
        deaths.assert_mended().await;
    }
    deaths.assert_at_least(4);
    app.stop().await;
}
