//! Tasks beneath others: put there, moved and taken away, and never in a circle.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member, tables};

/// A day.
const DAY: Duration = Duration::from_hours(24);

fn path(task: &str) -> String {
    format!("/api/tasks/{task}")
}

fn id(made: &Value) -> String {
    let id = made["data"]["id"].as_str();
    id.expect("it has one").to_owned()
}

async fn make(member: &Member, project: &str, title: &str, parent: Option<&str>) -> Answer {
    let task = json!({ "title": title, "parent_id": parent });
    member
        .post(&format!("/api/projects/{project}/tasks"), task)
        .await
}

async fn put_beneath(member: &Member, task: &str, parent: Option<&str>) -> Answer {
    member
        .patch(&path(task), json!({ "parent_id": parent }))
        .await
}

async fn parent(member: &Member, task: &str) -> Value {
    let shown = member.get(&path(task)).await.expect(200);
    shown["data"]["parent_id"].clone()
}

/// Tasks each of which is beneath the one before it.
async fn chain<const N: usize>(member: &Member, project: &str) -> [String; N] {
    let mut ids: Vec<String> = Vec::new();
    for at in 0..N {
        let above = ids.last().map(String::as_str);
        let made = make(member, project, &format!("Level {at}"), above).await;
        ids.push(id(&made.expect(201)));
    }
    ids.try_into().expect("there is one for each")
}

/// Why a task can't stand where it was to be put.
fn refusal(answer: &Answer) -> String {
    assert_eq!(
        (answer.status, answer.clone().bad_fields()),
        (422, vec!["parent_id".to_owned()])
    );
    let message = &answer.body["error"]["details"][0]["message"];
    message.as_str().expect("it is a text").to_owned()
}

const NO_PARENT: &str = "Must be another task of the same project";
const CIRCLE: &str = "Must be neither the task itself nor one of its subtasks";

#[tokio::test]
async fn a_task_is_put_beneath_another_of_its_project_and_taken_away_again() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let top = ada.task(&project, "Top").await;
    let made = make(&ada, &project, "Part", Some(&top)).await.expect(201);
    assert_eq!(made["data"]["parent_id"], top.as_str());
    let part = id(&made);
    let other = ada.task(&project, "Other").await;

    let moved = put_beneath(&ada, &part, Some(&other)).await;
    let seq = moved.event_seq();
    assert_eq!(moved.expect(200)["data"]["parent_id"], other.as_str());
    let log = format!("/api/projects/{project}/events?after={}", seq - 1);
    let event = ada.get(&log).await.expect(200)["data"][0].clone();
    assert_eq!(event["type"], "task:updated");
    assert_eq!(event["data"]["fields"], json!(["parent_id"]));
    let again = put_beneath(&ada, &part, Some(&other)).await;
    assert_eq!(again.header("x-event-seq"), None, "it is there already");

    let whole = json!({ "title": "Part", "status": "todo" });
    ada.put(&path(&part), whole.clone()).await.expect(200);
    assert_eq!(parent(&ada, &part).await, Value::Null, "it was left out");
    let mut beneath = whole;
    beneath["parent_id"] = json!(top);
    ada.put(&path(&part), beneath).await.expect(200);
    put_beneath(&ada, &part, None).await.expect(200);
    assert_eq!(parent(&ada, &part).await, Value::Null, "it was cleared");

    let operations = json!({ "operations": [
        { "op": "create", "title": "Another part", "parent_id": top },
        { "op": "update", "id": part, "parent_id": top },
        { "op": "update", "id": top, "parent_id": part },
        { "op": "update", "id": part, "parent_id": null },
    ] });
    let bulk = ada
        .post(&format!("/api/projects/{project}/tasks/bulk"), operations)
        .await
        .expect(200);
    let outcomes = bulk["data"].as_array().expect("it is a list").iter();
    let statuses: Vec<_> = outcomes.map(|outcome| outcome["status"].clone()).collect();
    assert_eq!(statuses, [201, 200, 422, 200]);
    assert_eq!(bulk["data"][0]["data"]["parent_id"], top.as_str());
    assert_eq!(bulk["data"][2]["error"]["message"], CIRCLE);
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
}

#[tokio::test]
async fn what_is_no_task_of_the_project_is_no_parent_whatever_else_it_is() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let (project, other) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let task = ada.task(&project, "Count down").await;
    let gone = ada.task(&project, "Gone").await;
    ada.delete(&path(&gone)).await.expect(204);
    let hers = eve.project("Hers").await;
    for stranger in [
        ada.task(&other, "Elsewhere").await,
        eve.task(&hers, "Another tenant's").await,
        "01900000-0000-7000-8000-000000000001".to_owned(),
        ada.user_id.clone(),
        gone,
    ] {
        for refused in [
            make(&ada, &project, "Part", Some(&stranger)).await,
            put_beneath(&ada, &task, Some(&stranger)).await,
        ] {
            assert_eq!(refusal(&refused), NO_PARENT, "{stranger}");
        }
    }
    let malformed = put_beneath(&ada, &task, Some("no id")).await;
    assert_ne!(refusal(&malformed), NO_PARENT);
    assert_eq!(parent(&ada, &task).await, Value::Null);
}

/// The titles of what stands right beneath a task, by pages of two.
async fn parts(member: &Member, project: &str, of: &str, sort: &str) -> Vec<String> {
    let list = format!("/api/projects/{project}/tasks?parent_id={of}&sort={sort}&limit=2");
    let (mut titles, mut after) = (Vec::new(), String::new());
    loop {
        let page = member.get(&format!("{list}{after}")).await.expect(200);
        let rows = page["data"].as_array().expect("it is a list");
        let row = |row: &Value| row["title"].as_str().map(str::to_owned);
        titles.extend(rows.iter().filter_map(row));
        let Some(next) = page["meta"]["next_cursor"].as_str() else {
            return titles;
        };
        after = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn what_stands_right_beneath_a_task_is_listed_wherever_it_comes_from() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let top = ada.task(&project, "Top").await;
    let mut made = Vec::new();
    for title in ["One", "Two", "Six"] {
        made.push(id(&make(&ada, &project, title, Some(&top))
            .await
            .expect(201)));
    }
    let deep = id(&make(&ada, &project, "Deep", Some(&made[0]))
        .await
        .expect(201));
    let late = ada.task(&project, "Late").await;
    put_beneath(&ada, &late, Some(&top)).await.expect(200);
    let beneath = async |of: &str| parts(&ada, &project, of, "created_at,title").await;
    assert_eq!(beneath(&top).await, ["One", "Two", "Six", "Late"]);
    let newest_first = parts(&ada, &project, &top, "-created_at").await;
    assert_eq!(newest_first, ["Late", "Six", "Two", "One"]);
    assert_eq!(beneath(&made[0]).await, ["Deep"]);
    assert!(beneath(&deep).await.is_empty());

    put_beneath(&ada, &deep, Some(&top)).await.expect(200);
    put_beneath(&ada, &made[1], None).await.expect(200);
    ada.delete(&path(&made[2])).await.expect(204);
    assert_eq!(beneath(&top).await, ["One", "Deep", "Late"]);
    assert!(beneath(&made[0]).await.is_empty());
    let restore = format!("{}/restore", path(&made[2]));
    ada.post(&restore, json!({})).await.expect(200);
    let elsewhere = ada.project("Gemini").await;
    let to = json!({ "project_id": elsewhere });
    ada.post(&format!("{}/move", path(&late)), to)
        .await
        .expect(200);
    assert_eq!(beneath(&top).await, ["One", "Six", "Deep"]);
    // They name it as before.
    ada.delete(&path(&top)).await.expect(204);
    assert_eq!(beneath(&top).await, ["One", "Six", "Deep"]);
    assert!(parts(&ada, &elsewhere, &top, "created_at").await.is_empty());
    for query in [
        format!("parent_id={top}&status=todo"),
        format!("parent_id={top}&sort=priority"),
        "parent_id=top".to_owned(),
    ] {
        let list = format!("/api/projects/{project}/tasks?{query}");
        ada.get(&list).await.refused(400);
    }
    let rows = app.rows(tables::DATA, "BENEATH#").await;
    assert_eq!(rows.len(), 3);
    app.settled().await;
    app.ledger().await.assert_consistent();

    ada.delete(&format!("/api/projects/{project}"))
        .await
        .expect(204);
    app.advance(DAY * 31);
    app.sweep("sweep-projects").await;
    app.settled().await;
    assert!(app.rows(tables::DATA, "BENEATH#").await.is_empty());
}

#[tokio::test]
async fn no_task_stands_beneath_itself_and_none_is_put_deeper_than_five_levels() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let levels: [String; 5] = chain(&ada, &project).await;
    for at in 0..5 {
        let refused = put_beneath(&ada, &levels[0], Some(&levels[at])).await;
        assert_eq!(refusal(&refused), CIRCLE, "level {at}");
    }
    let deep = "Must have at most 3 tasks above it";
    let refused = make(&ada, &project, "Level 5", Some(&levels[4])).await;
    assert_eq!(refusal(&refused), deep);
    let other = ada.task(&project, "Other").await;
    let refused = put_beneath(&ada, &other, Some(&levels[4])).await;
    assert_eq!(refusal(&refused), deep);
    put_beneath(&ada, &other, Some(&levels[3]))
        .await
        .expect(200);

    // What stands there moves along, and is no way to a circle.
    let above = ada.task(&project, "Above").await;
    put_beneath(&ada, &levels[0], Some(&above))
        .await
        .expect(200);
    for level in &levels {
        refusal(&put_beneath(&ada, &above, Some(level)).await);
    }
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn what_stands_beneath_a_deleted_task_stays_and_makes_no_circle_until_that_is_gone_for_good()
{
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let [top, middle, bottom] = chain(&ada, &project).await;
    ada.delete(&path(&middle)).await.expect(204);
    assert_eq!(parent(&ada, &bottom).await, middle.as_str());
    let title = json!({ "title": "Still there", "parent_id": middle });
    ada.patch(&path(&bottom), title).await.expect(200);

    // It would come back between the two.
    let refused = put_beneath(&ada, &top, Some(&bottom)).await;
    assert_eq!(refusal(&refused), CIRCLE);
    let restored = ada
        .post(&format!("{}/restore", path(&middle)), json!({}))
        .await;
    assert_eq!(restored.expect(200)["data"]["parent_id"], top.as_str());

    ada.delete(&path(&middle)).await.expect(204);
    app.advance(DAY * 31);
    app.settled().await;
    let ada = app.log_in(&ada).await;
    put_beneath(&ada, &top, Some(&bottom)).await.expect(200);
    assert_eq!(parent(&ada, &bottom).await, middle.as_str());
    put_beneath(&ada, &bottom, None).await.expect(200);
    let anew = put_beneath(&ada, &bottom, Some(&middle)).await;
    assert_eq!(refusal(&anew), NO_PARENT);
    app.ledger().await.assert_consistent();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_close_a_circle_at_once_one_is_refused() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    for size in [2, 2, 3, 4] {
        let titles = (0..size).map(|at| format!("Task {at}"));
        let tasks: Vec<String> =
            join_all(titles.map(async |title| ada.task(&project, &title).await)).await;
        let moves =
            (0..size).map(|at| put_beneath(&ada, &tasks[at], Some(&tasks[(at + 1) % size])));
        let answers = join_all(moves).await;
        let (done, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((done.len(), refused.len()), (size - 1, 1));
        assert_eq!(refusal(refused[0]), CIRCLE);
        for task in &tasks {
            let mut above = parent(&ada, task).await;
            for _ in 0..size {
                let Some(next) = above.as_str().map(str::to_owned) else {
                    break;
                };
                assert_ne!(&next, task, "it is above itself");
                above = parent(&ada, &next).await;
            }
            assert_eq!(above, Value::Null);
        }
    }
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
}
