//! The life of a project: listed for all or for some, archived, deleted, restored and, in the end, purged.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, attachment, tables};

const DAY: Duration = Duration::from_hours(24);

fn path(project: &str) -> String {
    format!("/api/projects/{project}")
}

async fn made(member: &Member, name: &str, visibility: &str) -> String {
    let body = json!({ "name": name, "visibility": visibility });
    let made = member.post("/api/projects", body).await;
    let location = made.header("location").map(str::to_owned);
    let id = made.expect(201)["data"]["id"].as_str().map(str::to_owned);
    let id = id.expect("it has an id");
    assert_eq!(location, Some(path(&id)));
    id
}

async fn page(member: &Member, query: &str) -> (Vec<String>, Option<String>) {
    let page = member
        .get(&format!("/api/projects?{query}"))
        .await
        .expect(200);
    let projects = page["data"].as_array().expect("it is a list");
    let names = projects.iter().map(|project| project["name"].as_str());
    let names = names.map(|name| name.expect("it has a name").to_owned());
    let next = page["meta"]["next_cursor"].as_str();
    (names.collect(), next.map(str::to_owned))
}

async fn names(member: &Member, query: &str) -> Vec<String> {
    page(member, query).await.0
}

async fn restore(member: &Member, project: &str) -> Answer {
    let path = format!("{}/restore", path(project));
    member.post(&path, json!({})).await
}

/// A task with a file.
async fn task(member: &Member, project: &str) -> String {
    let file = attachment(PNG, "pixel.png", "image/png");
    let body = json!({
        "projectId": project, "title": "Count down", "attachment": file,
        "assignedTo": member.user_id, "dueDate": 1_900_000_000_000_i64,
    });
    let made = member.post("/api/create-task", body).await.expect(201)["task"]["id"].clone();
    made.as_str().expect("it has an id").to_owned()
}

/// Ada, and Bob in her tenant, who may write.
async fn start() -> (App, Member, Member) {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    (app, ada, bob)
}

#[tokio::test]
async fn all_that_somebody_sees_is_listed_once_while_others_make_more() {
    let (app, ada, bob) = start().await;
    for name in ["One", "Two", "Six"] {
        made(&ada, name, "tenant").await;
    }
    made(&bob, "Bob's own", "private").await;
    made(&bob, "Bob's for all", "tenant").await;
    assert_eq!(
        names(&ada, "").await,
        ["Bob's for all", "Six", "Two", "One"]
    );
    let mut walked = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let (names, next) = page(&bob, &query).await;
        walked.extend(names);
        made(&ada, "Meanwhile", "tenant").await;
        let Some(next) = next else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(walked, ["Bob's for all", "Bob's own", "Six", "Two", "One"]);
    let (_, next) = page(&bob, "limit=1").await;
    let other = format!(
        "/api/projects?archived=true&cursor={}",
        next.expect("there are more")
    );
    bob.get(&other).await.refused(400);
    let eve = app.member("eve").await;
    assert!(names(&eve, "").await.is_empty());
}

#[tokio::test]
async fn projects_are_listed_in_both_directions() {
    let (_app, ada, bob) = start().await;
    for (name, visibility) in [
        ("One", "tenant"),
        ("Two", "private"),
        ("Six", "tenant"),
        ("Ten", "private"),
    ] {
        made(&ada, name, visibility).await;
    }
    made(&bob, "Bob's own", "private").await;
    let oldest_first = ["One", "Two", "Six", "Ten"];
    for (sort, turn) in [
        ("sort=created_at,-name", false),
        ("sort=created_at", false),
        ("sort=-created_at,name", true),
        ("archived=false", true),
    ] {
        let mut expected = oldest_first;
        if turn {
            expected.reverse();
        }
        assert_eq!(names(&ada, sort).await, expected, "{sort}");
        let mut walked = Vec::new();
        let mut query = format!("{sort}&limit=1");
        loop {
            let (names, next) = page(&ada, &query).await;
            walked.extend(names);
            let Some(next) = next else { break };
            query = format!("{sort}&limit=1&cursor={next}");
        }
        assert_eq!(walked, expected, "{sort}");
        let second = format!("{sort}&page=2&per_page=3");
        assert_eq!(names(&ada, &second).await, [expected[3]], "{sort}");
    }
    let (_, next) = page(&ada, "sort=created_at&limit=1").await;
    let next = next.expect("there are more");
    for (query, status) in [
        (format!("sort=created_at,name&cursor={next}"), 200),
        (format!("cursor={next}"), 400),
        ("sort=name".to_owned(), 400),
        ("sort=name,created_at".to_owned(), 400),
        ("sort=colour".to_owned(), 400),
        ("sort=updated_at&limit=0".to_owned(), 400),
    ] {
        let answer = ada.get(&format!("/api/projects?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn deleted_projects_are_listed_for_whoever_may_restore_them_and_nobody_else() {
    let (app, ada, bob) = start().await;
    let (carol, eve) = (app.member("carol").await, app.member("eve").await);
    let carol = app.enrol(&ada, &carol, "editor").await;
    let mut ids = Vec::new();
    for (member, name, visibility) in [
        (&ada, "Ada's", "tenant"),
        (&bob, "Bob's", "tenant"),
        (&bob, "Bob's secret", "private"),
        (&ada, "Ada's secret", "private"),
    ] {
        ids.push(made(member, name, visibility).await);
    }
    for (who, role) in [(&carol, "admin"), (&ada, "editor")] {
        let member = format!("{}/members/{}", path(&ids[2]), who.user_id);
        bob.put(&member, json!({ "role": role })).await.expect(200);
    }
    made(&ada, "Kept", "tenant").await;
    eve.delete(&path(&made(&eve, "Eve's", "tenant").await))
        .await
        .expect(204);
    let archived = json!({ "archived": true });
    ada.patch(&path(&ids[0]), archived).await.expect(200);
    let everybody = [&ada, &bob, &carol, &eve];
    for who in &everybody[..3] {
        assert!(names(who, "deleted=true").await.is_empty());
    }
    for (at, who) in [(3, &ada), (0, &ada), (2, &carol), (1, &ada)] {
        who.delete(&path(&ids[at])).await.expect(204);
    }
    let listed = async |query: &str| {
        let mut lists = Vec::new();
        for who in everybody {
            lists.push(names(who, query).await);
        }
        lists
    };
    let expected = [
        vec!["Ada's secret", "Bob's", "Ada's"],
        vec!["Bob's secret", "Bob's"],
        vec!["Bob's secret"],
        vec!["Eve's"],
    ];
    assert_eq!(listed("deleted=true").await, expected);
    let others = [vec!["Kept"], vec!["Kept"], vec!["Kept"], vec![]];
    assert_eq!(listed("deleted=false").await, others);
    assert!(names(&ada, "archived=true").await.is_empty());
    let oldest_first = ["Ada's", "Bob's", "Ada's secret"];
    let (first, next) = page(&ada, "deleted=true&sort=created_at&limit=1").await;
    let next = next.expect("there are more");
    let more = format!("deleted=true&sort=created_at&cursor={next}");
    assert_eq!([first, names(&ada, &more).await].concat(), oldest_first);
    for (query, status) in [
        (format!("sort=created_at&cursor={next}"), 400),
        ("deleted=true&archived=true".to_owned(), 400),
        ("deleted=true&archived=false&sort=name".to_owned(), 400),
        ("deleted=1".to_owned(), 400),
    ] {
        let answer = ada.get(&format!("/api/projects?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
    }
    let shown = ada
        .get("/api/projects?deleted=true&page=1&per_page=1")
        .await;
    let shown = shown.expect(200)["data"][0].clone();
    let month = i64::try_from((DAY * 30).as_millis()).expect("it is small");
    let updated_at = shown["updated_at"].as_i64().expect("it has one");
    assert_eq!(shown["restorable_until"], updated_at + month);

    // A role that is taken away is gone here, too.
    let member = format!("/api/members/{}", bob.user_id);
    ada.patch(&member, json!({ "role": "viewer" }))
        .await
        .expect(200);
    assert!(names(&bob, "deleted=true").await.is_empty());
    ada.patch(&member, json!({ "role": "editor" }))
        .await
        .expect(200);
    restore(&carol, &ids[2]).await.expect(200);
    restore(&bob, &ids[1]).await.expect(200);
    assert_eq!(names(&bob, "").await, ["Kept", "Bob's secret", "Bob's"]);
    let expected = [vec!["Ada's secret", "Ada's"], vec![], vec![], vec!["Eve's"]];
    assert_eq!(listed("deleted=true").await, expected);
    app.advance(DAY * 30 + Duration::from_hours(1));
    let ada = app.log_in(&ada).await;
    assert!(names(&ada, "deleted=true").await.is_empty(), "too late");
    app.advance(Duration::from_hours(6));
    app.sweep("sweep-projects").await;
    app.settled().await;
    for id in [&ids[0], &ids[3]] {
        let left = traces(&app, id).await;
        assert!(left.is_empty(), "{left:#?}");
    }
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_private_project_with_as_many_admins_as_there_can_be_is_deleted_and_restored() {
    let (app, ada, bob) = start().await;
    let id = made(&ada, "Crowded", "private").await;
    let member = format!("{}/members/{}", path(&id), bob.user_id);
    ada.put(&member, json!({ "role": "admin" }))
        .await
        .expect(200);
    let rows = app.rows(tables::DATA, "PROJECT").await;
    let mut row = rows
        .into_iter()
        .find(|row| row["sk"] == "PROJECT" && row["id"] == id)
        .expect("it is stored");
    let first = row["members"][0].clone();
    let members = (1..100).map(|number| {
        let mut member = first.clone();
        member["user_id"] = json!(format!("01900000-0000-7000-8000-{number:012}"));
        member
    });
    row["members"] = json!(
        [first.clone()]
            .into_iter()
            .chain(members)
            .collect::<Vec<_>>()
    );
    app.put(tables::DATA, &row).await;
    let once = |method: &str, path: &str| {
        let request = ada.request(method, path).header("idempotency-key", path);
        async move { Answer::of(request.send().await.expect("the API answers")).await }
    };
    once("DELETE", &path(&id)).await.expect(204);
    for who in [&ada, &bob] {
        assert_eq!(names(who, "deleted=true").await, ["Crowded"]);
    }
    once("POST", &format!("{}/restore", path(&id)))
        .await
        .expect(200);
    for who in [&ada, &bob] {
        assert!(names(who, "deleted=true").await.is_empty());
        assert_eq!(names(who, "").await, ["Crowded"]);
    }
}

#[tokio::test]
async fn an_archived_project_is_read_and_not_changed() {
    let (app, ada, bob) = start().await;
    let id = made(&ada, "Apollo", "tenant").await;
    let task = task(&ada, &id).await;
    let archive = async |archived: bool| {
        let body = json!({ "archived": archived });
        bob.patch(&path(&id), body).await.expect(200)["data"]["archived_at"].clone()
    };
    assert!(archive(true).await.is_number());
    assert!(names(&ada, "").await.is_empty() && ada.projects().await.0.is_empty());
    assert_eq!(names(&ada, "archived=true").await, ["Apollo"]);
    let of_task = format!("/api/tasks/{task}");
    ada.get(&of_task).await.expect(200);
    ada.patch(&of_task, json!({ "title": "Count up" }))
        .await
        .refused(409);
    ada.delete(&of_task).await.refused(409);
    let body = json!({ "projectId": id, "title": "One more" });
    ada.post("/api/create-task", body).await.refused(409);
    app.settled().await;
    app.ledger().await.assert_consistent();
    assert_eq!(archive(false).await, Value::Null);
    assert_eq!(names(&ada, "").await, ["Apollo"]);
    ada.delete(&of_task).await.expect(204);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_deleted_project_is_gone_at_once_and_comes_back_as_it_was() {
    let (app, ada, bob) = start().await;
    let id = made(&ada, "Apollo", "tenant").await;
    let task = task(&ada, &id).await;
    let mut socket = bob.connect().await;
    socket.subscribe(&id).await;
    bob.delete(&path(&id)).await.refused(403);
    let stale = ada
        .request("DELETE", &path(&id))
        .header("if-match", "\"0-x\"");
    let stale = Answer::of(stale.send().await.expect("the API answers")).await;
    stale.refused(412);
    ada.delete(&path(&id)).await.expect(204);
    assert_eq!(socket.expect_next().await["type"], "project:deleted");
    for who in [&ada, &bob] {
        who.get(&path(&id)).await.refused(404);
        who.get(&format!("/api/tasks/{task}")).await.refused(404);
        who.patch(&path(&id), json!({ "name": "Gemini" }))
            .await
            .refused(404);
        who.delete(&path(&id)).await.refused(404);
        let search = json!({ "projectId": id, "query": "count" });
        who.post("/api/search-tasks", search).await.refused(404);
        let more = json!({ "projectId": id, "title": "One more" });
        who.post("/api/create-task", more).await.refused(404);
        assert!(names(who, "").await.is_empty());
    }
    assert!(ada.projects().await.0.is_empty());
    let mut refused = bob.connect().await;
    let asked = json!({ "action": "subscribe", "room": format!("project/{id}") });
    assert_ne!(refused.ask(asked).await["type"], "subscribed");
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_usage();

    app.advance(DAY * 29);
    app.settled().await;
    let (ada, bob) = (
        app.log_in(&ada).await,
        app.log_in(&bob).await.acting_in(&ada.tenant_id),
    );
    restore(&bob, &id).await.refused(404);
    let back = restore(&ada, &id).await.expect(200)["data"].clone();
    assert_eq!(
        (&back["name"], &back["task_count"]),
        (&json!("Apollo"), &json!(1))
    );
    restore(&ada, &id).await.refused(404);
    ada.get(&format!("/api/tasks/{task}")).await.expect(200);
    assert_eq!(names(&ada, "").await, ["Apollo"]);
    assert_eq!(ada.projects().await.0.len(), 1);
    app.advance(DAY * 2);
    app.sweep("sweep-projects").await;
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    assert_eq!((ledger.files(), ledger.tasks.len()), (1, 1));
}

/// What of a project is left: rows that name it and files.
async fn traces(app: &App, id: &str) -> Vec<String> {
    let mut traces = Vec::new();
    for table in [tables::DATA, tables::EPHEMERAL] {
        for row in app.rows(table, "").await {
            let key = format!("{} {}", row["pk"], row["sk"]);
            let is_kept = ["#AUDIT#", "#ROOM#", "CONN#"]
                .iter()
                .any(|kept| key.contains(kept));
            if !is_kept && row.to_string().contains(id) {
                traces.push(key);
            }
        }
    }
    traces.extend(
        app.objects()
            .await
            .into_iter()
            .filter(|path| path.contains(id)),
    );
    traces
}

#[tokio::test]
async fn after_30_days_nothing_of_a_deleted_project_is_left() {
    let (app, ada, _) = start().await;
    let kept = made(&ada, "Kept", "tenant").await;
    let kept_task = task(&ada, &kept).await;
    let id = made(&ada, "Apollo", "private").await;
    let task_id = task(&ada, &id).await;
    let gone = task(&ada, &id).await;
    for number in 0..120 {
        ada.task(&id, &format!("Task {number}")).await;
    }
    ada.delete(&format!("/api/tasks/{gone}")).await.expect(204);
    app.settled().await;
    ada.delete(&path(&id)).await.expect(204);
    app.settled().await;
    app.advance(DAY * 30 + Duration::from_hours(7));
    app.sweep("sweep-projects").await;
    app.sweep("sweep-uploads").await;
    app.settled().await;
    let ada = app.log_in(&ada).await;
    restore(&ada, &id).await.refused(404);
    let left = traces(&app, &id).await;
    assert!(left.is_empty(), "{left:#?}");
    ada.get(&format!("/api/tasks/{task_id}")).await.refused(404);
    ada.get(&format!("/api/tasks/{kept_task}"))
        .await
        .expect(200);
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    assert_eq!(ledger.files(), 1);
}

#[tokio::test]
async fn whoever_claims_a_deleted_project_first_has_it() {
    let (app, ada, _) = start().await;
    let id = made(&ada, "Apollo", "tenant").await;
    ada.delete(&path(&id)).await.expect(204);
    app.settled().await;
    let notes = app.rows(tables::EPHEMERAL, "0").await;
    let note = notes.iter().find(|note| note["project_id"] == id);
    let mut note = note.expect("it waits to be purged").clone();
    note["claimed"] = json!(true);
    app.put(tables::EPHEMERAL, &note).await;
    restore(&ada, &id).await.refused(404);
    note["claimed"] = json!(false);
    app.put(tables::EPHEMERAL, &note).await;
    restore(&ada, &id).await.expect(200);
}

#[tokio::test]
async fn a_purge_may_die_after_any_call() {
    let (app, ada, _) = start().await;
    let mut deaths = app.deaths_of("erase");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let id = made(&ada, "Apollo", "private").await;
        task(&ada, &id).await;
        app.settled().await;
        ada.delete(&path(&id)).await.expect(204);
        app.settled().await;
        let purged = async {
            app.advance(DAY * 30 + Duration::from_hours(7));
            app.sweep("sweep-projects").await;
            app.settled().await;
        };
        deaths.befall(purged).await;
        // Until its job is delivered again.
        app.advance(Duration::from_hours(2));
        app.settled().await;
        let left = traces(&app, &id).await;
        assert!(left.is_empty(), "death {}: {left:#?}", deaths.count());
        app.ledger().await.assert_consistent();
    }
    deaths.assert_at_least(8);
}

#[tokio::test]
async fn delete_project_may_die_after_any_call() {
    let (app, ada, _) = start().await;
    let mut deaths = app.deaths_of("delete-project");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let id = made(&ada, "Apollo", "private").await;
        task(&ada, &id).await;
        deaths.befall_request(ada.delete(&path(&id))).await;
        deaths.assert_mended().await;
    }
    deaths.assert_at_least(3);
}

#[tokio::test]
async fn restore_project_may_die_after_any_call() {
    let (app, ada, _) = start().await;
    let mut deaths = app.deaths_of("restore-project");
    while deaths.go_on() {
        let ada = app.log_in(&ada).await;
        let id = made(&ada, "Apollo", "private").await;
        task(&ada, &id).await;
        ada.delete(&path(&id)).await.expect(204);
        deaths.befall_request(restore(&ada, &id)).await;
        deaths.assert_mended().await;
    }
    deaths.assert_at_least(3);
}

#[tokio::test]
async fn a_private_project_is_there_for_its_owner_alone() {
    let (app, ada, bob) = start().await;
    let id = made(&bob, "Bob's", "tenant").await;
    let task = task(&bob, &id).await;
    let mut socket = ada.connect().await;
    socket.subscribe(&id).await;
    let private = json!({ "visibility": "private" });
    let carol = app.member("carol").await;
    let carol = app.enrol(&ada, &carol, "editor").await;
    carol.patch(&path(&id), private.clone()).await.refused(403);
    bob.patch(&path(&id), private).await.expect(200);
    let replaced = bob
        .put(&path(&id), json!({ "name": "Bob's" }))
        .await
        .expect(200);
    assert_eq!(replaced["data"]["visibility"], "private", "it was left out");
    bob.task(&id, "A secret").await;
    for who in [&ada, &carol] {
        who.get(&path(&id)).await.refused(404);
        who.get(&format!("/api/tasks/{task}")).await.refused(404);
        who.delete(&path(&id)).await.refused(404);
        assert!(names(who, "").await.is_empty());
        let search = json!({ "projectId": id, "query": "secret" });
        who.post("/api/search-tasks", search).await.refused(404);
    }
    assert_eq!(names(&bob, "").await, ["Bob's"]);
    let to_ada = json!({ "assigned_to": ada.user_id });
    let refused = bob.patch(&format!("/api/tasks/{task}"), to_ada).await;
    assert_eq!(refused.bad_fields(), ["assigned_to"]);
    app.settled().await;
    let for_all = json!({ "visibility": "tenant" });
    bob.patch(&path(&id), for_all).await.expect(200);
    // What happened meanwhile is never told to who did not see it.
    let heard = socket.expect_next().await;
    assert_eq!(
        (heard["type"].as_str(), heard["seq"].as_u64()),
        (Some("project:updated"), Some(5))
    );
    assert_eq!(names(&ada, "").await, ["Bob's"]);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_private_project_is_there_for_whom_it_is_shared_with_for_as_long_as_it_is() {
    let (app, ada, bob) = start().await;
    let id = made(&bob, "Bob's", "private").await;
    let member = format!("{}/members/{}", path(&id), ada.user_id);
    ada.put(&member, json!({ "role": "admin" }))
        .await
        .refused(404);
    bob.put(&member, json!({ "role": "viewer" }))
        .await
        .expect(200);
    assert_eq!(names(&ada, "").await, ["Bob's"]);
    ada.get(&path(&id)).await.expect(200);
    ada.patch(&path(&id), json!({ "name": "Ada's" }))
        .await
        .refused(403);
    let body = json!({ "projectId": id, "title": "Count down" });
    ada.post("/api/create-task", body.clone())
        .await
        .refused(403);
    let carol = app.member("carol").await;
    let theirs = format!("{}/members/{}", path(&id), carol.user_id);
    bob.put(&theirs, json!({ "role": "editor" }))
        .await
        .refused(404);
    let owner = format!("{}/members/{}", path(&id), bob.user_id);
    bob.put(&owner, json!({ "role": "viewer" }))
        .await
        .refused(409);
    bob.put(&member, json!({ "role": "admin" }))
        .await
        .expect(200);
    ada.post("/api/create-task", body.clone()).await.expect(201);
    let listed = bob.get(&format!("{}/members", path(&id))).await.expect(200);
    assert_eq!(listed["data"][0]["user_id"], ada.user_id);
    assert_eq!(listed["data"][0]["role"], "admin");

    let mut socket = ada.connect().await;
    socket.subscribe(&id).await;
    bob.delete(&member).await.expect(204);
    bob.task(&id, "A secret").await;
    app.settled().await;
    ada.get(&path(&id)).await.refused(404);
    assert!(names(&ada, "").await.is_empty());
    bob.delete(&member).await.refused(404);
    bob.put(&member, json!({ "role": "viewer" }))
        .await
        .expect(200);
    assert_eq!(socket.expect_next().await["type"], "project:shared");
    ada.delete(&member).await.expect(204);
    ada.get(&path(&id)).await.refused(404);
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn who_leaves_the_tenant_and_comes_back_is_not_let_in_again() {
    let (app, ada, bob) = start().await;
    let id = made(&ada, "Ada's", "private").await;
    let member = format!("{}/members/{}", path(&id), bob.user_id);
    ada.put(&member, json!({ "role": "editor" }))
        .await
        .expect(200);
    bob.get(&path(&id)).await.expect(200);
    let of_tenant = format!("/api/members/{}", bob.user_id);
    ada.delete(&of_tenant).await.expect(204);
    app.advance(Duration::from_secs(5));
    let bob = app.enrol(&ada, &bob, "editor").await;
    bob.get(&path(&id)).await.refused(404);
    let listed = ada.get(&format!("{}/members", path(&id))).await.expect(200);
    assert_eq!(listed["data"], json!([]));
    ada.put(&member, json!({ "role": "editor" }))
        .await
        .expect(200);
    bob.get(&path(&id)).await.expect(200);
}
