//! Lists of tasks: in every order that has an index, page by page, whatever others do meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{join, join_all};
use serde_json::{Value, json};
use tests::{Answer, App, Member};

/// Where the tasks of a project are.
fn tasks_of(project: &str) -> String {
    format!("/api/projects/{project}/tasks")
}

async fn make(member: &Member, project: &str, task: Value) -> Value {
    let made = member.post(&tasks_of(project), task).await.expect(201);
    made["data"].clone()
}

async fn ask(member: &Member, path: &str, query: &str) -> Answer {
    member.get(&format!("{path}?{query}")).await
}

/// All of a list, by pages that follow their cursors.
async fn walked(member: &Member, path: &str, query: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = ask(member, path, &format!("{query}&limit={limit}{after}")).await;
        let page = page.expect(200);
        let data = page["data"].as_array().expect("it is a list");
        assert!(data.len() <= limit);
        rows.extend(data.iter().cloned());
        let next = page["meta"]["next_cursor"].as_str();
        assert_eq!(page["meta"]["has_more"], next.is_some());
        let Some(next) = next else {
            return rows;
        };
        after = format!("&cursor={next}");
    }
}

/// All of a list, by pages of a number.
async fn numbered(member: &Member, path: &str, query: &str, per_page: usize) -> Vec<Value> {
    let mut rows = Vec::new();
    for number in 1.. {
        let asked = format!("{query}&page={number}&per_page={per_page}");
        let page = ask(member, path, &asked).await.expect(200);
        assert_eq!(page["meta"]["page"], number);
        assert_eq!(page["meta"]["per_page"], per_page);
        rows.extend(
            page["data"]
                .as_array()
                .expect("it is a list")
                .iter()
                .cloned(),
        );
        if page["meta"]["has_more"] == false {
            break;
        }
    }
    rows
}

fn titles(rows: &[Value]) -> Vec<String> {
    let titles = rows.iter().map(|row| row["title"].as_str());
    titles
        .map(|title| title.unwrap_or_default().to_owned())
        .collect()
}

/// A project with tasks that differ in everything, and what they are.
async fn varied(ada: &Member, bob: &Member) -> (String, Vec<Value>) {
    let project = ada.project("Apollo").await;
    let mut all = Vec::new();
    for number in 0..12_i64 {
        let status = ["todo", "in_progress", "done"][usize::try_from(number % 3).expect("it is")];
        let priority = ["none", "low", "urgent", "high", "medium"];
        let mut task = json!({
            "title": format!("Number {number}"),
            "status": status,
            "priority": priority[usize::try_from(number % 5).expect("it is")],
        });
        if number % 2 == 0 {
            task["due_date"] = json!(1_000 * ((number * 7) % 5));
        }
        if number % 4 != 3 {
            let who = if number % 4 == 0 { bob } else { ada };
            task["assigned_to"] = json!(who.user_id);
        }
        all.push(make(ada, &project, task).await);
    }
    // Not in the order in which they were made.
    for at in [7, 2, 9] {
        let id = all[at]["id"].as_str().expect("it has one");
        let path = format!("/api/tasks/{id}");
        let body = json!({ "description": "Changed", "position": { "end": "first" } });
        all[at] = ada.patch(&path, body).await.expect(200)["data"].clone();
    }
    (project, all)
}

/// What a task is sorted by.
type SortKey = fn(&Value) -> (Sortable, Sortable);

/// Numbers and texts that sort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Sortable {
    Number(i64),
    Text(String),
}

fn key(row: &Value, name: &str) -> Sortable {
    match &row[name] {
        Value::Number(number) => Sortable::Number(number.as_i64().expect("it is whole")),
        Value::String(text) => Sortable::Text(text.clone()),
        // Behind all numbers.
        _ => Sortable::Number(i64::MAX),
    }
}

fn rank(row: &Value) -> Sortable {
    let ranks = ["urgent", "high", "medium", "low", "none"];
    let rank = ranks.iter().position(|rank| row["priority"] == *rank);
    Sortable::Number(i64::try_from(rank.expect("it is one")).expect("it is small"))
}

const NOTHING: Sortable = Sortable::Number(0);

const SORTS: [(&str, SortKey); 5] = [
    ("created_at", |_| (NOTHING, NOTHING)),
    ("due_date", |row| (key(row, "due_date"), NOTHING)),
    ("priority", |row| (rank(row), NOTHING)),
    ("updated_at", |row| (key(row, "updated_at"), NOTHING)),
    ("position", |row| (key(row, "status"), key(row, "position"))),
];

/// What is expected of a list: those that pass, in an order; those that are equal by it in that of their ids.
fn expected(all: &[Value], passes: impl Fn(&Value) -> bool, sort: &str) -> Vec<String> {
    let (name, down) = match sort.strip_prefix('-') {
        Some(name) => (name, true),
        None => (sort, false),
    };
    let (_, sort_key) = SORTS
        .iter()
        .find(|(sort, _)| *sort == name)
        .expect("it is one");
    let mut rows: Vec<_> = all.iter().filter(|row| passes(row)).cloned().collect();
    rows.sort_by_key(|row| (sort_key(row), row["id"].to_string()));
    if down {
        rows.reverse();
    }
    titles(&rows)
}

#[tokio::test]
async fn tasks_are_listed_in_every_order_and_by_every_filter_that_has_an_index() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "viewer").await;
    let (project, all) = varied(&ada, &bob).await;
    let path = tasks_of(&project);
    let changed = all[2]["updated_at"].as_i64().expect("it has one");
    let due = |row: &Value| row["due_date"].as_i64();
    let of_bob = |row: &Value| row["assigned_to"] == *bob.user_id;
    let with = |filter: String, passes: &dyn Fn(&Value) -> bool, sorts: &[&str]| {
        let lists = sorts.iter().map(|sort| {
            (
                format!("{filter}&sort={sort}"),
                expected(&all, passes, sort),
            )
        });
        let mut lists: Vec<_> = lists.collect();
        // The first is that which nobody has to ask for.
        lists.push((filter, expected(&all, passes, sorts[0])));
        lists
    };
    let by_due = ["due_date", "-due_date"];
    let mut lists = Vec::new();
    let any = "created_at,-created_at,priority,-priority,updated_at,-updated_at,position,-position";
    let any: Vec<_> = any.split(',').collect();
    lists.extend(with(String::new(), &|_| true, &any));
    for sort in by_due {
        lists.push((
            format!("sort={sort}"),
            expected(&all, |row| due(row).is_some(), sort),
        ));
    }
    for status in ["todo", "in_progress", "done"] {
        let passes = |row: &Value| row["status"] == status;
        lists.extend(with(
            format!("status={status}"),
            &passes,
            &["position", "-position"],
        ));
    }
    for priority in ["none", "low", "medium", "high", "urgent"] {
        let passes = |row: &Value| row["priority"] == priority;
        let sorts = ["created_at", "-created_at"];
        lists.extend(with(format!("priority={priority}"), &passes, &sorts));
    }
    let passes = |row: &Value| row["updated_at"].as_i64() >= Some(changed);
    let sorts = ["updated_at", "-updated_at"];
    lists.extend(with(format!("updated_after={changed}"), &passes, &sorts));
    lists.extend(with(
        format!("assigned_to={}", bob.user_id),
        &of_bob,
        &by_due,
    ));
    for (range, within) in [
        ("due_after=2000", 2000..i64::MAX),
        ("due_before=3000", 0..3000),
        ("due_after=1000&due_before=3000", 1000..3000),
    ] {
        let within = |row: &Value| due(row).is_some_and(|due| within.contains(&due));
        lists.extend(with(range.to_owned(), &within, &by_due));
        let both = |row: &Value| within(row) && of_bob(row);
        lists.extend(with(
            format!("{range}&assigned_to={}", bob.user_id),
            &both,
            &by_due,
        ));
    }
    for (query, expected) in lists {
        assert_eq!(
            titles(&walked(&bob, &path, &query, 100).await),
            expected,
            "{query}"
        );
        assert_eq!(
            titles(&walked(&bob, &path, &query, 2).await),
            expected,
            "{query}"
        );
        assert_eq!(
            titles(&numbered(&bob, &path, &query, 5).await),
            expected,
            "{query}"
        );
    }
    let me = ask(&bob, &path, "assigned_to=me").await.expect(200);
    assert_eq!(me["data"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn several_fields_sort_by_those_that_decide_anything() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, all) = varied(&ada, &ada).await;
    let path = tasks_of(&project);
    // Behind a time of making nothing decides, and neither does what all have.
    for (filter, several, sort) in [
        ("", "created_at,-title", "created_at"),
        ("", "-created_at,title,priority", "-created_at"),
        ("", "due_date,created_at", "due_date"),
        ("", "-due_date,-created_at,title", "-due_date"),
        ("", "priority,created_at,due_date", "priority"),
        ("", "-priority,-created_at", "-priority"),
        ("", "updated_at,created_at,-title", "updated_at"),
        ("", "-updated_at,-created_at", "-updated_at"),
        ("", "status,position", "position"),
        ("", "status", "position"),
        ("", "-status,-position,created_at", "-position"),
        ("", "-status", "-position"),
        ("status=done&", "-status,position", "position"),
        ("status=done&", "-position,status", "-position"),
        ("status=done&", "status", "position"),
        (
            "priority=high&",
            "priority,-created_at,title",
            "-created_at",
        ),
    ] {
        let passes = |row: &Value| match filter {
            "" => !sort.ends_with("due_date") || row["due_date"].is_number(),
            "status=done&" => row["status"] == "done",
            _ => row["priority"] == "high",
        };
        let expected = expected(&all, passes, sort);
        for limit in [2, 100] {
            let query = format!("{filter}sort={several}");
            let rows = walked(&ada, &path, &query, limit).await;
            assert_eq!(titles(&rows), expected, "{query}");
        }
    }
}

#[tokio::test]
async fn a_number_of_rows_is_told_where_it_is_counted() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, _) = varied(&ada, &ada).await;
    let path = tasks_of(&project);
    for (query, total) in [
        ("page=1", json!(12)),
        ("page=2&per_page=7&sort=-priority", json!(12)),
        ("page=1&status=done", json!(4)),
        ("page=9&status=todo", json!(4)),
        ("page=1&sort=due_date", Value::Null),
        ("page=1&priority=low", Value::Null),
        ("page=1&assigned_to=me", Value::Null),
    ] {
        let page = ask(&ada, &path, query).await.expect(200);
        assert_eq!(page["meta"]["total"], total, "{query}");
        assert_eq!(
            page["meta"].get("total").is_some(),
            total.is_number(),
            "{query}"
        );
    }
    let empty = ask(&ada, &path, "page=50&per_page=20").await.expect(200);
    assert_eq!(empty["data"], json!([]));
    assert_eq!(
        empty["meta"],
        json!({ "page": 50, "per_page": 20, "total": 12, "has_more": false })
    );
}

#[tokio::test]
async fn what_has_no_index_is_refused_and_told_what_there_is() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let path = tasks_of(&project);
    for (query, fields) in [
        ("status=todo&priority=low", vec!["status", "priority"]),
        (
            "status=Nearly&sort=name&page=0&colour=red",
            vec!["status", "sort", "page", "colour"],
        ),
        ("status=todo&sort=due_date", vec!["sort"]),
        ("deleted=true&status=todo", vec!["status", "deleted"]),
        ("deleted=true&sort=priority", vec!["sort"]),
        ("deleted=yes", vec!["deleted"]),
        ("sort=title,created_at", vec!["sort"]),
        ("sort=due_date,-created_at", vec!["sort"]),
        ("sort=due_date,priority", vec!["sort"]),
        ("sort=priority,updated_at,created_at", vec!["sort"]),
        ("sort=created_at,-created_at", vec!["sort"]),
        ("sort=created_at,", vec!["sort"]),
        ("sort=", vec!["sort"]),
        ("sort=%2Bcreated_at", vec!["sort"]),
        (
            "due_after=3&due_before=2&sort=--due_date&limit=0",
            vec!["sort", "limit"],
        ),
        (
            "due_after=3&due_before=2&sort=title",
            vec!["due_before", "sort"],
        ),
        ("due_after=2&due_before=2", vec!["due_before"]),
        (
            "due_after=-1&updated_after=soon",
            vec!["due_after", "updated_after"],
        ),
        ("assigned_to=you", vec!["assigned_to"]),
        ("page=2&limit=3&cursor=AQ", vec!["cursor"]),
        ("page=2&limit=3", vec!["limit"]),
        ("page=11&per_page=100", vec!["page"]),
        ("limit=0&per_page=101", vec!["per_page", "limit"]),
    ] {
        let answer = ask(&ada, &path, query).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let details = answer.body["error"]["details"]
            .as_array()
            .expect("it has them");
        let named: Vec<_> = details
            .iter()
            .map(|detail| detail["field"].clone())
            .collect();
        assert_eq!(named, fields, "{query}");
    }
    let nowhere = tasks_of("01900000-0000-7000-8000-000000000000");
    ada.get(&nowhere).await.expect(404);
}

#[tokio::test]
async fn deleted_tasks_are_listed_for_whoever_may_restore_them_until_they_can_t_be() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (bob, carol) = (app.member("bob").await, app.member("carol").await);
    let bob = app.enrol(&ada, &bob, "editor").await;
    let carol = app.enrol(&ada, &carol, "viewer").await;
    let project = ada.project("Apollo").await;
    let path = tasks_of(&project);
    let mut ids = Vec::new();
    for number in 0..6 {
        let task = json!({ "title": format!("Number {number}"), "assigned_to": bob.user_id });
        let id = make(&ada, &project, task).await["id"].clone();
        ids.push(id.as_str().expect("it has one").to_owned());
    }
    // Not in the order in which they were made.
    for at in [4, 1, 3] {
        ada.delete(&format!("/api/tasks/{}", ids[at]))
            .await
            .expect(204);
    }
    let deleted = async |query: &str| {
        let query = format!("deleted=true{query}");
        let rows = walked(&bob, &path, &query, 2).await;
        assert_eq!(numbered(&bob, &path, &query, 2).await, rows, "{query}");
        rows
    };
    let first = ["Number 1", "Number 3", "Number 4"];
    let last = ["Number 4", "Number 3", "Number 1"];
    assert_eq!(titles(&deleted("").await), first);
    assert_eq!(titles(&deleted("&sort=created_at,title").await), first);
    assert_eq!(titles(&deleted("&sort=-created_at").await), last);
    let month = 30 * 24 * 60 * 60 * 1000;
    for row in deleted("&expand=assignee").await {
        let until = row["restorable_until"]
            .as_i64()
            .expect("it can be restored");
        let updated_at = row["updated_at"].as_i64().expect("it has one");
        assert!((updated_at..updated_at + 60_000).contains(&(until - month)));
        assert_eq!(row["assignee"]["id"], bob.user_id);
    }
    let there = ask(&bob, &path, "deleted=false").await.expect(200);
    let there = there["data"].as_array().expect("it is a list");
    assert_eq!(titles(there), ["Number 0", "Number 2", "Number 5"]);
    assert!(
        there
            .iter()
            .all(|row| row.get("restorable_until").is_none())
    );

    ask(&carol, &path, "deleted=true").await.refused(403);
    let eve = app.member("eve").await;
    ask(&eve, &path, "deleted=true").await.refused(404);
    let page = ask(&bob, &path, "deleted=true&limit=1").await.expect(200);
    let next = page["meta"]["next_cursor"].as_str().expect("it goes on");
    ask(&bob, &path, &format!("cursor={next}"))
        .await
        .refused(400);

    bob.post(&format!("/api/tasks/{}/restore", ids[3]), json!({}))
        .await
        .expect(200);
    assert_eq!(titles(&deleted("").await), ["Number 1", "Number 4"]);
    app.advance(Duration::from_hours(15 * 24));
    let bob = app.log_in(&bob).await.acting_in(&ada.tenant_id);
    bob.delete(&format!("/api/tasks/{}", ids[0]))
        .await
        .expect(204);
    app.advance(Duration::from_hours(16 * 24));
    let bob = app.log_in(&bob).await.acting_in(&ada.tenant_id);
    let rows = walked(&bob, &path, "deleted=true", 1).await;
    assert_eq!(titles(&rows), ["Number 0"], "the others can't be restored");
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_cursor_goes_on_in_its_own_list_alone() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (project, _) = varied(&ada, &ada).await;
    let (other, _) = varied(&ada, &ada).await;
    let next = async |query: &str| {
        let page = ask(&ada, &tasks_of(&project), query).await.expect(200);
        page["meta"]["next_cursor"]
            .as_str()
            .expect("it goes on")
            .to_owned()
    };
    let cursor = next("limit=2&sort=priority").await;
    for (project, query, status) in [
        (&project, "sort=priority", 200),
        (&project, "sort=priority&limit=7", 200),
        (&project, "sort=priority,created_at,-title", 200),
        (&project, "sort=due_date", 400),
        (&project, "sort=-priority", 400),
        (&project, "priority=low", 400),
        (&project, "", 400),
        (&other, "sort=priority", 400),
    ] {
        let asked = format!("{query}&cursor={cursor}");
        let answer = ask(&ada, &tasks_of(project), &asked).await;
        assert_eq!(answer.status, status, "{query}");
    }
}

#[tokio::test]
async fn a_list_of_long_texts_is_walked_to_its_end() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let long = "🚀".repeat(10_000);
    for number in 0..35 {
        let task = json!({ "title": format!("Number {number}"), "description": long });
        make(&ada, &project, task).await;
    }
    let path = tasks_of(&project);
    let expected: Vec<_> = (0..35).map(|number| format!("Number {number}")).collect();
    for query in ["sort=created_at", "sort=updated_at"] {
        assert_eq!(
            titles(&walked(&ada, &path, query, 100).await),
            expected,
            "{query}"
        );
        assert_eq!(
            titles(&numbered(&ada, &path, query, 10).await),
            expected,
            "{query}"
        );
    }
    app.stop().await;
}

/// Others make, change, move and delete tasks for as long as somebody walks.
async fn disturb(ada: &Member, project: &str, rounds: usize) {
    let mut ids = Vec::new();
    for round in 0..rounds {
        let task = json!({ "title": "Passing", "due_date": round, "assigned_to": ada.user_id });
        let id = make(ada, project, task).await["id"].clone();
        ids.push(id.as_str().expect("it has one").to_owned());
        let path = format!("/api/tasks/{}", ids[round / 2]);
        let change = json!({ "status": "done", "priority": "urgent", "due_date": 5_000 - round });
        // It may have gone.
        ada.patch(&path, change).await;
        if round % 3 == 0 {
            ada.delete(&format!("/api/tasks/{}", ids[round / 3])).await;
        }
    }
}

#[tokio::test]
async fn what_is_there_throughout_a_walk_is_seen_exactly_once() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let stay = (0..20).map(|number| {
        let task = json!({
            "title": "Staying", "status": "done", "priority": "urgent",
            "due_date": number * 250, "assigned_to": ada.user_id,
        });
        make(&ada, &project, task)
    });
    let stay: BTreeSet<_> = join_all(stay)
        .await
        .iter()
        .map(|task| task["id"].to_string())
        .collect();
    let path = tasks_of(&project);
    let lists = [
        (path.as_str(), "sort=created_at"),
        (&path, "sort=-created_at"),
        (&path, "sort=due_date"),
        (&path, "sort=-priority"),
        (&path, "sort=position"),
        (&path, "status=done"),
        (&path, "priority=urgent"),
        (&path, "assigned_to=me"),
        (&path, "assigned_to=me&due_before=1000000"),
        ("/api/tasks", "assigned_to=me"),
        ("/api/tasks", "assigned_to=me&sort=-created_at"),
    ];
    let walks = async {
        for (path, query) in lists {
            let rows = walked(&ada, path, query, 3).await;
            let seen = rows.iter().filter(|row| row["title"] == "Staying");
            let seen: Vec<_> = seen.map(|row| row["id"].to_string()).collect();
            assert_eq!(seen.len(), stay.len(), "{query}: none twice");
            assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), stay, "{query}");
        }
    };
    join(walks, disturb(&ada, &project, 60)).await;
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_new_task_says_all_that_it_can_from_the_start() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let body = json!({
        "title": "Count down", "description": "From ten", "status": "done", "priority": "high",
        "assigned_to": ada.user_id, "start_date": 1_000, "due_date": 2_000,
        "attachment": tests::attachment(tests::PNG, "pixel.png", "image/png"),
    });
    let request = ada.request("POST", &tasks_of(&project)).json(&body);
    let request = request.header("idempotency-key", "once");
    let again = request.try_clone().expect("it has a body");
    let made = Answer::of(request.send().await.expect("the API answers")).await;
    let location = made.header("location").expect("it tells where").to_owned();
    let tag = made.header("etag").expect("it has one").to_owned();
    assert_eq!(made.event_seq(), 2);
    let task = made.expect(201)["data"].clone();
    assert_eq!(
        location,
        format!("/api/tasks/{}", task["id"].as_str().expect("it has one"))
    );
    for name in [
        "title",
        "description",
        "status",
        "priority",
        "assigned_to",
        "start_date",
        "due_date",
    ] {
        assert_eq!(task[name], body[name], "{name}");
    }
    assert_eq!(task["completed_at"], task["created_at"]);
    assert_eq!(task["attachment"]["filename"], "pixel.png");
    let read = ada.get(&location).await;
    assert_eq!(read.header("etag"), Some(&*tag));
    assert_eq!(read.expect(200)["data"], task);
    let again = Answer::of(again.send().await.expect("the API answers")).await;
    assert_eq!(again.header("location"), Some(&*location));
    assert_eq!(again.expect(201)["data"], task);
    let reversed = json!({ "title": "No", "start_date": 2, "due_date": 1 });
    let refused = ada.post(&tasks_of(&project), reversed).await;
    assert_eq!(refused.bad_fields(), ["due_date"]);
    app.settled().await;
    let ledger = app.ledger().await;
    ledger.assert_consistent();
    ledger.assert_nothing_left_to_do();
}

#[tokio::test]
async fn what_somebody_is_to_do_is_listed_whatever_project_it_is_in() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let mut ids = Vec::new();
    for (project, title, due) in [
        ("Apollo", "Third", Some(3_000)),
        ("Gemini", "First", Some(1_000)),
        ("Apollo", "Last", None),
        ("Mercury", "Second", Some(2_000)),
    ] {
        let project = ada.project(project).await;
        let task = json!({ "title": title, "assigned_to": bob.user_id, "due_date": due });
        ids.push(make(&ada, &project, task).await["id"].clone());
    }
    let listed =
        async |who: &Member, query: &str| titles(&walked(who, "/api/tasks", query, 2).await);
    let of_bob = format!("assigned_to={}", bob.user_id);
    assert_eq!(
        listed(&bob, "assigned_to=me").await,
        ["First", "Second", "Third", "Last"]
    );
    assert_eq!(
        listed(&ada, &of_bob).await,
        ["First", "Second", "Third", "Last"]
    );
    assert_eq!(
        listed(&bob, "assigned_to=me&sort=-due_date").await,
        ["Last", "Third", "Second", "First"]
    );
    assert_eq!(
        listed(&bob, "assigned_to=me&sort=created_at").await,
        ["Third", "First", "Last", "Second"]
    );
    assert_eq!(
        listed(&bob, "assigned_to=me&due_after=2000").await,
        ["Second", "Third"]
    );
    for (several, sort) in [
        ("-due_date,-created_at", "-due_date"),
        ("created_at,due_date,title", "created_at"),
        ("-created_at,title", "-created_at"),
    ] {
        assert_eq!(
            listed(&bob, &format!("assigned_to=me&sort={several}")).await,
            listed(&bob, &format!("assigned_to=me&sort={sort}")).await,
        );
    }
    for (query, sorts) in [
        ("sort=position", ": due_date, created_at, title"),
        ("sort=title", ": due_date,created_at; created_at"),
        ("due_after=2&sort=created_at", ": due_date,created_at"),
    ] {
        let asked = format!("assigned_to=me&{query}");
        let (_, message) = ask(&bob, "/api/tasks", &asked).await.refused(400);
        assert!(message.ends_with(sorts), "{query}: {message}");
    }
    assert!(listed(&ada, "assigned_to=me").await.is_empty());
    assert_eq!(ask(&ada, "/api/tasks", "").await.status, 400);
    assert_eq!(
        ask(
            &bob,
            "/api/tasks",
            "assigned_to=me&due_after=2&sort=created_at"
        )
        .await
        .status,
        400
    );

    let path = |at: usize| format!("/api/tasks/{}", ids[at].as_str().expect("it has one"));
    ada.patch(&path(0), json!({ "assigned_to": ada.user_id }))
        .await
        .expect(200);
    ada.patch(&path(2), json!({ "due_date": 500 }))
        .await
        .expect(200);
    ada.delete(&path(3)).await.expect(204);
    assert_eq!(listed(&bob, "assigned_to=me").await, ["Last", "First"]);
    assert_eq!(listed(&ada, "assigned_to=me").await, ["Third"]);
    let restored = format!("{}/restore", path(3));
    ada.post(&restored, json!({})).await.expect(200);
    ada.patch(&path(1), json!({ "assigned_to": null }))
        .await
        .expect(200);
    assert_eq!(listed(&bob, "assigned_to=me").await, ["Last", "Second"]);
    app.settled().await;
    app.ledger().await.assert_consistent();
}
