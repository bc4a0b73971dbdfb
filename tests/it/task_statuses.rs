//! A tenant's own statuses: given, listed, counted, and taken out of its settings.

use serde_json::{Value, json};
use tests::{Answer, App, Member};

async fn have(admin: &Member, statuses: Value) {
    let path = format!("/api/tenants/{}/settings", admin.tenant_id);
    let settings = json!({ "name": "Acme", "statuses": statuses });
    let tenant = admin.put(&path, settings).await.expect(200);
    assert_eq!(tenant["data"]["settings"]["statuses"], statuses);
}

fn path(task: &str) -> String {
    format!("/api/tasks/{task}")
}

fn tasks_of(project: &str) -> String {
    format!("/api/projects/{project}/tasks")
}

/// The titles of a list's tasks, and how many there are if that is counted.
async fn listed(member: &Member, project: &str, query: &str) -> (Vec<String>, Value) {
    let page = member.get(&format!("{}?{query}", tasks_of(project))).await;
    let page = page.expect(200);
    let tasks = page["data"].as_array().expect("it is a list").iter();
    let titles = tasks.map(|task| task["title"].as_str().unwrap_or_default().to_owned());
    (titles.collect(), page["meta"]["total"].clone())
}

async fn counts(member: &Member, project: &str) -> Value {
    let shown = member.get(&format!("/api/projects/{project}")).await;
    shown.expect(200)["data"]["task_counts"].clone()
}

fn said(answer: &Answer) -> String {
    assert_eq!(answer.clone().bad_fields(), ["status"]);
    let message = &answer.body["error"]["details"][0]["message"];
    message.as_str().expect("it is a text").to_owned()
}

#[tokio::test]
async fn a_task_is_given_a_status_of_its_own_tenant_and_no_other() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    have(&ada, json!(["qa", "in_review"])).await;
    let (project, other) = (ada.project("Apollo").await, eve.project("Gemini").await);
    let new = |status: &str| json!({ "title": "Count down", "status": status });
    let made = ada.post(&tasks_of(&project), new("qa")).await.expect(201);
    assert_eq!(made["data"]["status"], "qa");
    let refused = eve.post(&tasks_of(&other), new("qa")).await;
    assert_eq!(said(&refused), "Must be one of: todo, in_progress, done");

    let task = made["data"]["id"].as_str().expect("it has one").to_owned();
    let put = ada.put(&path(&task), new("in_review")).await.expect(200);
    assert_eq!(put["data"]["status"], "in_review");
    for refused in [
        ada.put(&path(&task), new("parked")).await,
        ada.patch(&path(&task), json!({ "status": "parked" })).await,
        ada.post(&tasks_of(&project), new("parked")).await,
    ] {
        let allowed = "Must be one of: todo, in_progress, done, qa, in_review";
        assert_eq!(said(&refused), allowed);
    }
    let malformed = ada
        .patch(&path(&task), json!({ "status": "In review" }))
        .await;
    assert!(said(&malformed).contains("1 to 30 of a-z, 0-9 and _"));

    let operations = json!({ "operations": [
        { "op": "create", "title": "One", "status": "in_review" },
        { "op": "create", "title": "Two", "status": "parked" },
        { "op": "update", "id": task, "status": "qa" },
        { "op": "update", "id": task, "status": "parked" },
    ] });
    let bulk = ada
        .post(&format!("{}/bulk", tasks_of(&project)), operations)
        .await
        .expect(200);
    let statuses = bulk["data"].as_array().expect("it is a list").iter();
    let statuses: Vec<_> = statuses.map(|outcome| outcome["status"].clone()).collect();
    assert_eq!(statuses, [201, 422, 200, 422]);
    assert_eq!(
        bulk["data"][3]["error"]["details"][0]["field"], "status",
        "{bulk}"
    );
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
    ledger.assert_usage();
}

#[tokio::test]
async fn tasks_are_ordered_counted_and_listed_by_their_tenant_s_own_statuses() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    have(&ada, json!(["qa", "qa_2"])).await;
    let project = ada.project("Apollo").await;
    let mut ids = Vec::new();
    for (title, status) in [("A", "qa"), ("B", "qa"), ("C", "qa_2"), ("D", "todo")] {
        let task = json!({ "title": title, "status": status });
        let made = ada.post(&tasks_of(&project), task).await.expect(201);
        ids.push(made["data"]["id"].as_str().expect("it has one").to_owned());
    }
    let to = async |at: usize, body: Value| {
        let answer = ada.patch(&path(&ids[at]), body).await;
        answer.expect(200)["data"].clone()
    };
    assert_eq!(
        counts(&ada, &project).await,
        json!({ "todo": 1, "in_progress": 0, "done": 0, "qa": 2, "qa_2": 1 })
    );
    let page = "page=1&status=qa";
    let both = (vec!["A".to_owned(), "B".to_owned()], json!(2));
    assert_eq!(listed(&ada, &project, page).await, both);
    assert_eq!(
        listed(&ada, &project, "page=1&status=parked").await,
        (Vec::new(), json!(0)),
        "it is one that nobody has"
    );
    let bad = ada
        .get(&format!("{}?status=In%20review", tasks_of(&project)))
        .await;
    let bad = bad.expect(400);
    assert_eq!(bad["error"]["details"][0]["field"], "status");

    // A drag within the column, and into it.
    to(1, json!({ "position": { "before": ids[0] } })).await;
    to(
        3,
        json!({ "status": "qa", "position": { "after": ids[1] } }),
    )
    .await;
    assert_eq!(listed(&ada, &project, "status=qa").await.0, ["B", "D", "A"]);
    assert_eq!(listed(&ada, &project, "status=qa_2").await.0, ["C"]);
    assert_eq!(
        listed(&ada, &project, "sort=position").await.0,
        ["B", "D", "A", "C"]
    );

    // Only what is done has been completed.
    let done = to(2, json!({ "status": "done" })).await;
    assert_eq!(done["completed_at"], done["updated_at"]);
    assert_eq!(
        to(2, json!({ "status": "qa" })).await["completed_at"],
        Value::Null
    );
    assert_eq!(
        counts(&ada, &project).await,
        json!({ "todo": 0, "in_progress": 0, "done": 0, "qa": 4 }),
        "what there is none of is not counted"
    );
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_status_that_is_taken_out_stays_with_its_tasks_and_is_given_to_no_other() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    have(&ada, json!(["qa"])).await;
    let project = ada.project("Apollo").await;
    let task = json!({ "title": "Count down", "status": "qa" });
    let made = ada.post(&tasks_of(&project), task).await.expect(201);
    let task = made["data"]["id"].as_str().expect("it has one").to_owned();
    let other = ada.task(&project, "Other").await;
    have(&ada, json!([])).await;

    assert_eq!(listed(&ada, &project, "status=qa").await.0, ["Count down"]);
    let named = ada
        .patch(&path(&task), json!({ "title": "Up", "status": "qa" }))
        .await
        .expect(200);
    assert_eq!(named["data"]["status"], "qa", "it has it already");
    let put = json!({ "title": "Up again", "status": "qa" });
    ada.put(&path(&task), put).await.expect(200);
    ada.delete(&path(&task)).await.expect(204);
    assert_eq!(
        counts(&ada, &project).await,
        json!({ "todo": 1, "in_progress": 0, "done": 0 })
    );
    let restored = ada
        .post(&format!("{}/restore", path(&task)), json!({}))
        .await;
    assert_eq!(restored.expect(200)["data"]["status"], "qa");

    let to_qa = json!({ "status": "qa" });
    let refused = ada.patch(&path(&other), to_qa.clone()).await;
    assert_eq!(said(&refused), "Must be one of: todo, in_progress, done");
    ada.patch(&path(&task), json!({ "status": "done" }))
        .await
        .expect(200);
    assert_eq!(said(&ada.patch(&path(&task), to_qa).await), said(&refused));
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
}
