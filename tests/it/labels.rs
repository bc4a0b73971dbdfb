//! Labels: made, changed and removed in a project, given to its tasks, and what tasks are found by.

use serde_json::{Value, json};
use tests::{App, Member, tables};

fn labels(project: &str) -> String {
    format!("/api/projects/{project}/labels")
}

/// Makes a label; returns its id.
async fn label(member: &Member, project: &str, name: &str) -> String {
    let made = member.post(&labels(project), json!({ "name": name })).await;
    let location = made.header("location").expect("it says where").to_owned();
    let made = made.expect(201)["data"].clone();
    let id = made["id"].as_str().expect("it has an id").to_owned();
    assert_eq!(location, format!("{}/{id}", labels(project)));
    id
}

/// Makes a task with labels; returns its id.
async fn labelled(member: &Member, project: &str, title: &str, labels: &[&str]) -> String {
    let path = format!("/api/projects/{project}/tasks");
    let body = json!({ "title": title, "labels": labels });
    let made = member.post(&path, body).await.expect(201);
    made["data"]["id"]
        .as_str()
        .expect("it has an id")
        .to_owned()
}

/// The titles of a page of the tasks that have a label, and where the next begins.
async fn with(member: &Member, project: &str, label: &str, more: &str) -> (Vec<String>, Value) {
    let path = format!("/api/projects/{project}/tasks?label={label}{more}");
    let page = member.get(&path).await.expect(200);
    let tasks = page["data"].as_array().expect("it is a list").iter();
    let titles = tasks.map(|task| task["title"].as_str().expect("it has one").to_owned());
    (titles.collect(), page["meta"].clone())
}

async fn labels_of(member: &Member, task: &str) -> Value {
    let shown = member.get(&format!("/api/tasks/{task}")).await.expect(200);
    shown["data"]["labels"].clone()
}

#[tokio::test]
async fn a_label_is_made_changed_and_removed_by_editors_and_seen_by_all_who_see_the_project() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let carl = app.member("carl").await;
    let carl = app.enrol(&ada, &carl, "viewer").await;
    let eve = app.member("eve").await;
    let project = ada.project("Apollo").await;
    let path = labels(&project);
    assert_eq!(ada.get(&path).await.expect(200)["data"], json!([]));

    let body = json!({ "name": " Fuel ", "color": "#1E90ff" });
    let made = ada.post(&path, body.clone()).await.expect(201)["data"].clone();
    let id = made["id"].as_str().expect("it has an id");
    let fuel = json!({ "id": id, "project_id": project, "name": "Fuel", "color": "#1e90ff" });
    assert_eq!(made, fuel);
    let one = format!("{path}/{id}");
    let shown = carl.get(&one).await;
    let tag = shown.header("etag").expect("it has a tag").to_owned();
    assert_eq!(shown.expect(200)["data"], fuel);
    assert_eq!(carl.get(&path).await.expect(200)["data"], json!([fuel]));
    for (who, status) in [(&carl, 403), (&eve, 404)] {
        who.post(&path, body.clone()).await.refused(status);
        who.put(&one, body.clone()).await.refused(status);
        who.patch(&one, json!({})).await.refused(status);
        who.delete(&one).await.refused(status);
    }
    eve.get(&path).await.refused(404);
    eve.get(&one).await.refused(404);

    let red = json!({ "color": "#ff0000" });
    let own_tag = ada.get(&one).await.header("etag").map(str::to_owned);
    let own_tag = own_tag.expect("it has a tag");
    assert_ne!(own_tag, tag, "who may do more is shown another tag");
    let changed = ada.if_match("PATCH", &one, &own_tag, red.clone()).await;
    assert_eq!(changed.expect(200)["data"]["name"], "Fuel");
    ada.if_match("PATCH", &one, &own_tag, red)
        .await
        .refused(412);
    let whole = ada.put(&one, json!({ "name": "Propellant" })).await;
    let whole = whole.expect(200)["data"].clone();
    assert_eq!(whole["color"], "#808080", "what is left out is as at first");
    let bad = json!({ "name": "", "color": "red", "size": 3 });
    let fields = ada.post(&path, bad).await.bad_fields();
    assert_eq!(fields, ["name", "color", "size"]);

    let other = label(&ada, &project, "Weather").await;
    for name in ["PROPELLANT", "propellant"] {
        ada.post(&path, json!({ "name": name })).await.refused(409);
        let other = format!("{path}/{other}");
        ada.patch(&other, json!({ "name": name }))
            .await
            .refused(409);
    }
    let elsewhere = ada.project("Gemini").await;
    label(&ada, &elsewhere, "Propellant").await;
    ada.get(&format!("{}/{other}", labels(&elsewhere)))
        .await
        .refused(404);
    ada.delete(&one).await.expect(204);
    ada.delete(&one).await.refused(404);
    ada.get(&one).await.refused(404);
    app.settled().await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn of_two_who_make_a_label_of_one_name_at_once_one_does() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let path = labels(&project);
    let made = (0..4).map(|_| ada.post(&path, json!({ "name": "Fuel" })));
    let made = futures::future::join_all(made).await;
    let mut statuses: Vec<_> = made.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(rows(&app, "LABEL#").await.len(), 1);
    app.settled().await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn labels_are_as_private_as_their_project_and_stay_as_they_are_in_one_that_is_archived() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "admin").await;
    let project = ada.project("Apollo").await;
    let one = format!(
        "{}/{}",
        labels(&project),
        label(&ada, &project, "Fuel").await
    );
    let says = async |says: Value| {
        let path = format!("/api/projects/{project}");
        ada.patch(&path, says).await.expect(200);
    };
    says(json!({ "visibility": "private" })).await;
    bob.get(&labels(&project)).await.refused(404);
    bob.get(&one).await.refused(404);
    bob.delete(&one).await.refused(404);
    let shared = format!("/api/projects/{project}/members/{}", bob.user_id);
    ada.put(&shared, json!({ "role": "viewer" }))
        .await
        .expect(200);
    bob.get(&one).await.expect(200);
    bob.delete(&one).await.refused(403);
    says(json!({ "archived": true })).await;
    ada.get(&one).await.expect(200);
    ada.delete(&one).await.refused(409);
    ada.post(&labels(&project), json!({ "name": "More" }))
        .await
        .refused(409);
    app.stop().await;
}

#[tokio::test]
async fn a_project_has_at_most_100_labels() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    for number in 0..100 {
        label(&ada, &project, &format!("Stage {number}")).await;
    }
    let one_more = json!({ "name": "One more" });
    ada.post(&labels(&project), one_more).await.refused(409);
    let all = ada.get(&labels(&project)).await.expect(200);
    assert_eq!(all["data"].as_array().map(Vec::len), Some(100));
    app.stop().await;
}

#[tokio::test]
async fn tasks_are_given_labels_and_found_by_them_wherever_they_go() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let (fuel, weather) = (
        label(&ada, &project, "Fuel").await,
        label(&ada, &project, "Weather").await,
    );
    let both = labelled(&ada, &project, "Both", &[&weather, &fuel, &fuel]).await;
    assert_eq!(labels_of(&ada, &both).await, json!([fuel, weather]));
    let one = labelled(&ada, &project, "One", &[&fuel]).await;
    let none = ada.task(&project, "None").await;
    let (titles, meta) = with(&ada, &project, &fuel, "").await;
    assert_eq!(titles, ["Both", "One"]);
    assert_eq!(meta, json!({ "next_cursor": null, "has_more": false }));

    let path = format!("/api/tasks/{none}");
    let given = ada.patch(&path, json!({ "labels": [fuel] })).await;
    assert_eq!(given.expect(200)["data"]["labels"], json!([fuel]));
    let (titles, meta) = with(&ada, &project, &fuel, "&limit=2&sort=-created_at").await;
    assert_eq!(titles, ["None", "One"]);
    let cursor = meta["next_cursor"].as_str().expect("there is more");
    let more = format!("&limit=2&sort=-created_at&cursor={cursor}");
    let (titles, _) = with(&ada, &project, &fuel, &more).await;
    assert_eq!(titles, ["Both"]);
    let (titles, meta) = with(&ada, &project, &fuel, "&page=2&per_page=2").await;
    assert_eq!(titles, ["None"]);
    assert_eq!(meta["total"], Value::Null, "nobody counts them");

    ada.patch(&path, json!({ "title": "Still one" }))
        .await
        .expect(200);
    assert_eq!(labels_of(&ada, &none).await, json!([fuel]));
    let whole = json!({ "title": "None again", "status": "todo" });
    let whole = ada.put(&path, whole).await.expect(200);
    assert_eq!(whole["data"]["labels"], json!([]), "it was left out");
    assert_eq!(with(&ada, &project, &fuel, "").await.0, ["Both", "One"]);

    let given = json!({ "labels": [fuel], "priority": "high" });
    ada.patch(&path, given).await.expect(200);
    let cleared = json!({ "labels": null, "priority": null });
    let cleared = ada.patch(&path, cleared).await.expect(200)["data"].clone();
    assert_eq!(
        [&cleared["labels"], &cleared["priority"]],
        [&json!([]), &json!("none")]
    );

    ada.delete(&format!("/api/tasks/{one}")).await.expect(204);
    assert_eq!(with(&ada, &project, &fuel, "").await.0, ["Both"]);
    let weather_path = format!("{}/{weather}", labels(&project));
    ada.delete(&format!("/api/tasks/{both}")).await.expect(204);
    ada.delete(&weather_path).await.expect(204);
    for task in [&one, &both] {
        let restore = format!("/api/tasks/{task}/restore");
        let restored = ada.post(&restore, json!({})).await.expect(200);
        assert_eq!(restored["data"]["labels"], json!([fuel]), "that is left");
    }
    assert_eq!(with(&ada, &project, &fuel, "").await.0, ["Both", "One"]);

    let elsewhere = ada.project("Gemini").await;
    let to = json!({ "project_id": elsewhere });
    let moved = ada.post(&format!("/api/tasks/{one}/move"), to).await;
    assert_eq!(moved.expect(200)["data"]["labels"], json!([]));
    assert_eq!(with(&ada, &project, &fuel, "").await.0, ["Both"]);
    assert_eq!(rows(&app, "LABELLED#").await.len(), 1);
    app.settled().await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn a_task_is_given_no_label_but_its_project_s() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let new = json!({ "name": "Thrust" });
    let path = labels(&project);
    let made = ada.if_match("POST", &path, "\"1-x\"", new).await;
    made.refused(400);
    let elsewhere = ada.project("Gemini").await;
    let own = label(&ada, &project, "Fuel").await;
    let others = label(&ada, &elsewhere, "Fuel").await;
    let tasks = format!("/api/projects/{project}/tasks");
    let task = format!("/api/tasks/{}", ada.task(&project, "Count down").await);
    let bad = json!({ "title": "Count up", "labels": [own, others] });
    for answer in [
        ada.post(&tasks, bad.clone()).await,
        ada.patch(&task, json!({ "labels": [others] })).await,
        ada.put(
            &task,
            json!({ "title": "Up", "status": "todo", "labels": [others] }),
        )
        .await,
    ] {
        assert_eq!(answer.status, 422);
        assert!(answer.body.to_string().contains(&others), "{}", answer.body);
        assert_eq!(answer.bad_fields(), ["labels"]);
    }
    let eleven: Vec<_> = (0..11).map(|_| uuid::Uuid::now_v7()).collect();
    let too_many = ada.patch(&task, json!({ "labels": eleven })).await;
    assert_eq!(too_many.bad_fields(), ["labels"]);
    let operations = json!([
        { "op": "create", "title": "One", "labels": [own] },
        { "op": "create", "title": "Two", "labels": [others] },
        { "op": "update", "id": task.rsplit('/').next(), "labels": [own] },
    ]);
    let bulk = ada
        .post(
            &format!("{tasks}/bulk"),
            json!({ "operations": operations }),
        )
        .await
        .expect(200);
    let statuses: Vec<_> = (0..3)
        .map(|at| bulk["data"][at]["status"].clone())
        .collect();
    assert_eq!(statuses, [201, 422, 200]);
    assert_eq!(
        with(&ada, &project, &own, "").await.0,
        ["Count down", "One"]
    );
    assert_eq!(
        ada.get(&format!("{tasks}?label={others}"))
            .await
            .expect(200)["data"],
        json!([])
    );
    let both = ada.get(&format!("{tasks}?label={own}&status=todo")).await;
    let details = both.expect(400)["error"]["details"].clone();
    let named: Vec<_> = (0..2).map(|at| details[at]["field"].clone()).collect();
    assert_eq!(named, ["status", "label"]);
    app.stop().await;
}

#[tokio::test]
async fn a_label_that_is_removed_is_taken_off_its_tasks_whatever_changes_meanwhile() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let fuel = label(&ada, &project, "Fuel").await;
    let kept = label(&ada, &project, "Weather").await;
    let mut tasks = Vec::new();
    for number in 0..12 {
        let title = format!("Stage {number}");
        tasks.push(labelled(&ada, &project, &title, &[&fuel, &kept]).await);
    }
    app.settled().await;
    let gone = format!("{}/{fuel}", labels(&project));
    ada.delete(&gone).await.expect(204);
    let changed = tasks.iter().map(|task| {
        let path = format!("/api/tasks/{task}");
        let ada = &ada;
        async move { ada.patch(&path, json!({ "priority": "high" })).await }
    });
    for answer in futures::future::join_all(changed).await {
        answer.expect(200);
    }
    app.settled().await;
    for task in &tasks {
        assert_eq!(labels_of(&ada, task).await, json!([kept]));
        let again = json!({ "labels": [fuel] });
        let again = ada.patch(&format!("/api/tasks/{task}"), again).await;
        assert_eq!(again.bad_fields(), ["labels"]);
    }
    assert_eq!(rows(&app, "LABELLED#").await.len(), 12);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn what_takes_a_label_off_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let mut deaths = app.deaths_of("index-task");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let fuel = label(&ada, &project, "Fuel").await;
        let task = labelled(&ada, &project, "Count down", &[&fuel]).await;
        app.settled().await;
        let path = format!("{}/{fuel}", labels(&project));
        let removed = async {
            ada.delete(&path).await.expect(204);
            app.settled().await;
        };
        deaths.befall(removed).await;
        deaths.assert_mended().await;
        assert_eq!(labels_of(&ada, &task).await, json!([]));
        assert_eq!(rows(&app, "LABELLED#").await.len(), 0);
    }
    deaths.assert_at_least(4);
    app.stop().await;
}

#[tokio::test]
async fn what_removes_a_label_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let mut deaths = app.deaths_of("change-labels");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let fuel = label(&ada, &project, &format!("Fuel {}", deaths.count())).await;
        let task = labelled(&ada, &project, "Count down", &[&fuel]).await;
        let path = format!("{}/{fuel}", labels(&project));
        deaths.befall_request(ada.delete(&path)).await;
        deaths.assert_mended().await;
        let is_there = ada.get(&path).await.status == 200;
        let labels = labels_of(&ada, &task).await;
        assert_eq!(labels, if is_there { json!([fuel]) } else { json!([]) });
    }
    deaths.assert_at_least(5);
    app.stop().await;
}

#[tokio::test]
async fn what_makes_a_label_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let mut deaths = app.deaths_of("change-labels");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let name = json!({ "name": format!("Fuel {}", deaths.count()) });
        let path = labels(&project);
        deaths.befall_request(ada.post(&path, name.clone())).await;
        deaths.assert_mended().await;
        let mut there = rows(&app, "LABEL#").await;
        let told = rows(&app, "EVENT#").await;
        let told = told.iter().filter(|event| event["type"] == "label:created");
        assert_eq!(told.count(), there.len());
        there.retain(|label| label["name"] == name["name"]);
        assert!(there.len() <= 1, "once, or not at all");
    }
    deaths.assert_at_least(5);
    app.stop().await;
}

async fn rows(app: &App, prefix: &str) -> Vec<Value> {
    app.rows(tables::DATA, prefix).await
}
