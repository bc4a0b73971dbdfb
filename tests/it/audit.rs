//! The audit log: what is in it, who sees it, and that nothing is lost from it or changed in it.

use std::collections::BTreeSet;
use std::time::Duration;

use local::front::{Fault, FaultKind, Moment, Service};
use serde_json::{Value, json};
use shared::event::Event;
use shared::event::caller::Editor;
use shared::input::Nothing;
use shared::lambda::socket;
use shared::sdk::Sdk;
use tests::{App, Member, PASSWORD, tables};

/// What a member sees of the log, newest first, and where it goes on.
async fn page(member: &Member, query: &str) -> (Vec<Value>, Option<String>) {
    let body = member
        .get(&format!("/api/audit-log?{query}"))
        .await
        .expect(200);
    let entries = body["data"].as_array().expect("it is a list").clone();
    (
        entries,
        body["meta"]["next_cursor"].as_str().map(str::to_owned),
    )
}

/// The whole log, in pages of so many.
async fn all(member: &Member, limit: usize, filters: &str) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut query = format!("limit={limit}&{filters}");
    loop {
        let (more, cursor) = page(member, &query).await;
        assert!(more.len() <= limit);
        entries.extend(more);
        let Some(cursor) = cursor else { return entries };
        query = format!("limit={limit}&cursor={cursor}&{filters}");
    }
}

fn actions(entries: &[Value]) -> Vec<&str> {
    let text = |entry: &'_ Value| entry["action"].as_str().map(str::to_owned);
    assert!(entries.iter().all(|entry| text(entry).is_some()));
    entries
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .collect()
}

/// From the next request on, this is what they may do.
async fn becomes(app: &App, member: &Member, role: &str) {
    let mut rows = app.rows(tables::IDENTITY, "MEMBER#").await;
    rows.retain(|row| row["pk"] == format!("USER#{}", member.user_id));
    rows[0]["role"] = json!(role);
    app.put(tables::IDENTITY, &rows[0]).await;
}

#[tokio::test]
async fn what_is_done_in_a_tenant_is_told_with_who_what_which_when_and_from_where() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let before = app.stack().clock().now();
    let body = json!({ "projectId": project, "title": "Keep this to yourself" });
    let made = ada.post("/api/create-task", body).await;
    let request_id = made.header("x-request-id").map(str::to_owned);
    let task = made.expect(201)["task"]["id"].clone();
    app.settled().await;

    let (entries, cursor) = page(&ada, "").await;
    assert_eq!(
        actions(&entries),
        ["task:created", "project:created", "tenant:created"]
    );
    assert_eq!(cursor, None);
    let entry = &entries[0];
    let at = entry["at"].as_i64().expect("it has a time");
    assert!((before..=app.stack().clock().now()).contains(&at));
    let expected = json!({
        "id": entry["id"],
        "at": at,
        "actor": ada.user_id,
        "action": "task:created",
        "object": format!("task/{}", task.as_str().expect("it has an id")),
        "ip": "127.0.0.1",
        "request_id": request_id,
        "outcome": "done",
    });
    assert_eq!(entry, &expected);
    assert_eq!(entries[1]["object"], format!("project/{project}"));
    assert_eq!(entries[2]["object"], format!("tenant/{}", ada.tenant_id));
    let stored = serde_json::to_string(&app.audited().await).expect("they are rows");
    assert!(!stored.contains("yourself"), "nothing of what was sent");
}

#[tokio::test]
async fn a_wrong_password_that_was_to_be_changed_is_told_as_a_failure_and_says_nothing_of_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let change = async |current: &str| {
        let body = json!({ "current_password": current, "password": "another long one" });
        ada.post("/api/change-password", body).await
    };
    change("my secret guess").await.expect(422);
    change(PASSWORD).await.expect(204);
    app.settled().await;

    let entries = all(&ada, 50, "action=account:password_changed").await;
    let told: Vec<_> = entries
        .iter()
        .map(|entry| [&entry["outcome"], &entry["actor"], &entry["object"]])
        .collect();
    let (who, which) = (json!(ada.user_id), json!(format!("user/{}", ada.user_id)));
    let (done, failed) = (json!("done"), json!("failed"));
    assert_eq!(told, [[&done, &who, &which], [&failed, &who, &which]]);
    let stored = serde_json::to_string(&app.audited().await).expect("they are rows");
    assert!(!stored.contains("guess") && !stored.contains("another long"));
}

#[tokio::test]
async fn log_ins_are_told_and_those_that_fail_in_the_tenant_that_they_would_have_begun_in() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let later = app.log_in(&ada).await;
    let attempt = async |email: &str| {
        app.forget_calls();
        let body = json!({ "email": email, "password": "wrong" });
        let mut answer = app.post("/api/log-in", body).await.expect(401);
        answer["error"]["request_id"].take();
        let calls = app.calls_of("log-in").into_iter();
        let mut calls: Vec<_> = calls.map(|call| call.operation).collect();
        calls.sort();
        (answer, calls)
    };
    let (known, unknown) = (
        attempt(&ada.email).await,
        attempt("nobody@example.com").await,
    );
    assert_eq!(known, unknown, "nothing tells one from the other");
    app.settled().await;

    let entries = all(&ada, 50, "action=session:began").await;
    let told: Vec<_> = entries
        .iter()
        .map(|entry| [&entry["outcome"], &entry["actor"], &entry["object"]])
        .collect();
    let (nobody, session) = (Value::Null, format!("session/{}", later.session_id()));
    assert_eq!(
        told,
        [
            [
                &json!("failed"),
                &nobody,
                &json!(format!("user/{}", ada.user_id))
            ],
            [&json!("done"), &json!(ada.user_id), &json!(session)],
        ]
    );
    assert_eq!(app.audited().await.len(), 3, "of nobody there is no entry");
}

#[tokio::test]
async fn a_refresh_token_that_is_used_twice_ends_its_session_and_the_log_says_why() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = json!({ "refresh_token": ada.refresh_token });
    app.post("/api/refresh-token", body.clone())
        .await
        .expect(200);
    app.advance(Duration::from_secs(31));
    app.post("/api/refresh-token", body).await.expect(401);
    let ada = app.log_in(&ada).await;
    ada.post("/api/log-out-everywhere", json!({}))
        .await
        .expect(204);
    let ada = app.log_in(&ada).await;
    app.settled().await;

    let entries = all(&ada, 50, "").await;
    let began = "session:began";
    assert_eq!(
        actions(&entries),
        [
            began,
            "sessions:ended",
            began,
            "refresh_token:reused",
            "tenant:created"
        ]
    );
    assert_eq!(
        entries[3]["actor"],
        Value::Null,
        "owner or thief, who knows"
    );
    let stolen = entries[3]["object"].as_str().expect("it has one");
    assert!(stolen.starts_with("session/"), "{stolen}");
}

#[tokio::test]
async fn a_refusal_is_told_before_it_is_given_out() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    becomes(&app, &ada, "viewer").await;
    let refused = ada
        .post("/api/create-project", json!({ "name": "Apollo" }))
        .await;
    let request_id = refused.header("x-request-id").map(str::to_owned);
    refused.refused(403);
    becomes(&app, &ada, "editor").await;
    ada.get("/api/audit-log").await.refused(403);
    becomes(&app, &ada, "admin").await;

    // It has not to be waited for.
    let (entries, _) = page(&ada, &format!("actor={}&limit=2", ada.user_id)).await;
    assert_eq!(actions(&entries), ["get-audit-log", "create-project"]);
    let entry = &entries[1];
    assert_eq!(entry["outcome"], "refused");
    assert_eq!(entry["object"], format!("tenant/{}", ada.tenant_id));
    assert_eq!(entry["ip"], "127.0.0.1");
    assert_eq!(entry["request_id"], json!(request_id));
}

#[tokio::test]
async fn a_refusal_that_can_t_be_told_is_not_given_out() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    becomes(&app, &ada, "viewer").await;
    let kind = FaultKind::InternalError(Moment::BeforeEffect);
    let outage = Fault::new(kind)
        .service(Service::DynamoDb)
        .operation("PutItem");
    let armed = app.fault(outage.function("create-project").times(u32::MAX));
    let body = json!({ "name": "Apollo" });
    let (code, _) = ada
        .post("/api/create-project", body.clone())
        .await
        .refused(503);
    assert_eq!(code, "UNAVAILABLE");
    armed.disarm();
    // An answer that was lost on the way is one entry.
    let lost = FaultKind::InternalError(Moment::AfterEffect);
    let armed = app.fault(
        Fault::new(lost)
            .operation("PutItem")
            .function("create-project"),
    );
    ada.post("/api/create-project", body).await.refused(403);
    assert_eq!(armed.fired(), 1);
    becomes(&app, &ada, "admin").await;
    app.settled().await;
    let entries = all(&ada, 50, "action=create-project").await;
    assert_eq!(entries.len(), 1);
}

#[tokio::test]
async fn a_refusal_over_a_socket_is_told_as_well() {
    let app = App::start_with(|options| {
        options.functions = local::functions::all()
            .into_iter()
            .map(|function| {
                if function.endpoint.name == "realtime-unsubscribe" {
                    socket::message(function.endpoint, for_editors)
                } else {
                    function
                }
            })
            .collect();
    })
    .await;
    let ada = app.member("ada").await;
    let mut socket = ada.connect().await;
    becomes(&app, &ada, "viewer").await;
    let answer = socket.ask(json!({ "action": "unsubscribe" })).await;
    assert_eq!(answer["error"]["code"], "FORBIDDEN", "{answer}");
    becomes(&app, &ada, "admin").await;
    let (entries, _) = page(&ada, "action=realtime-unsubscribe").await;
    assert_eq!(entries[0]["outcome"], "refused");
    assert_eq!(entries[0]["ip"], "127.0.0.1");
    assert_eq!(entries[0]["request_id"], answer["error"]["request_id"]);
    socket.close().await;
}

async fn for_editors(_sdk: Sdk, _event: Event<Nothing, Editor>) -> shared::error::Result<()> {
    Ok(())
}

#[tokio::test]
async fn pages_show_each_entry_once_whatever_is_asked_for() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut projects = Vec::new();
    for name in ["Apollo", "Gemini", "Mercury"] {
        let project = ada.project(name).await;
        for title in ["One", "Two"] {
            ada.task(&project, title).await;
        }
        projects.push(project);
    }
    app.settled().await;
    let whole = all(&ada, 100, "").await;
    assert_eq!(whole.len(), 10);
    let times: Vec<_> = whole.iter().map(|entry| entry["at"].as_i64()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "the newest first");
    for limit in [1, 3, 9, 10] {
        assert_eq!(all(&ada, limit, "").await, whole, "{limit}");
    }

    let of = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        whole
            .iter()
            .filter(|entry| wanted(entry))
            .cloned()
            .collect()
    };
    let (from, to) = (whole[7]["at"].clone(), whole[3]["at"].clone());
    let within = |entry: &Value| (from.as_i64()..=to.as_i64()).contains(&entry["at"].as_i64());
    let apollo = format!("project/{}", projects[0]);
    let user = ada.user_id.as_str();
    for (filters, expected) in [
        (
            "action=task:created".to_owned(),
            of(&|entry| entry["action"] == "task:created"),
        ),
        (
            format!("object={apollo}"),
            of(&|entry| entry["object"] == apollo),
        ),
        (format!("actor={user}"), whole.clone()),
        (format!("from={from}&to={to}"), of(&within)),
        (
            format!("actor={user}&action=task:created&from={from}&to={to}"),
            of(&|entry| entry["action"] == "task:created" && within(entry)),
        ),
        (format!("actor={user}&object={apollo}&action=x"), Vec::new()),
        ("actor=nobody".to_owned(), Vec::new()),
    ] {
        for limit in [1, 2, 50] {
            assert_eq!(
                all(&ada, limit, &filters).await,
                expected,
                "{filters}, {limit}"
            );
        }
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_filters_and_opens_nobody_else_s_log() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    ada.project("Apollo").await;
    ada.project("Gemini").await;
    app.settled().await;
    let (_, cursor) = page(&ada, "limit=1").await;
    let cursor = cursor.expect("there is more");
    let (code, message) = ada
        .get(&format!(
            "/api/audit-log?cursor={cursor}&action=project:created"
        ))
        .await
        .refused(400);
    assert_eq!(code, "BAD_REQUEST");
    assert_eq!(
        message,
        "This cursor is of another list, or of other filters"
    );
    for bad in ["x", "AQAA", &format!("{cursor}A"), &cursor[1..]] {
        let answer = ada.get(&format!("/api/audit-log?cursor={bad}")).await;
        answer.refused(400);
    }

    let (theirs, _) = page(&bob, &format!("limit=1&cursor={cursor}")).await;
    let own: BTreeSet<_> = all(&bob, 50, "")
        .await
        .iter()
        .map(Value::to_string)
        .collect();
    assert!(theirs.iter().all(|entry| own.contains(&entry.to_string())));
    assert!(own.iter().all(|entry| entry.contains(&bob.user_id)));
}

#[tokio::test]
async fn the_log_goes_back_a_year_and_what_is_older_is_neither_shown_nor_kept() {
    let app = App::start().await;
    let mut ada = app.member("ada").await;
    let mut expected = vec!["tenant:created"];
    app.settled().await;
    for _ in 0..6 {
        app.advance(Duration::from_hours(40 * 24));
        ada = app.log_in(&ada).await;
        ada.project("Apollo").await;
        app.settled().await;
        expected.extend(["session:began", "project:created"]);
    }
    expected.reverse();
    for limit in [1, 4, 50] {
        let entries = all(&ada, limit, "").await;
        assert_eq!(actions(&entries), expected, "{limit}");
    }
    assert_eq!(all(&ada, 2, "action=project:created").await.len(), 6);

    // 240 days have gone by: the first entry is 366 days old then, and the next ones 326.
    app.advance(Duration::from_hours(126 * 24));
    let ada = app.log_in(&ada).await;
    app.settled().await;
    expected.pop();
    expected.insert(0, "session:began");
    assert_eq!(actions(&all(&ada, 50, "").await), expected);
    let deadline = std::time::Instant::now() + tests::PATIENCE;
    while app.audited().await.len() > expected.len() {
        assert!(std::time::Instant::now() < deadline, "it is removed");
        app.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_entry_that_has_expired_is_not_shown_though_it_is_still_there() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.settled().await;
    let mut rows = app.audited().await;
    rows[0]["ttl"] = json!(app.stack().clock().now() / 1000);
    app.put(tables::DATA, &rows[0]).await;
    for filters in ["", "action=tenant:created"] {
        assert!(all(&ada, 50, filters).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_told_again_is_the_same_entry() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    ada.project("Apollo").await;
    app.settled().await;
    let before = app.audited().await;
    let app = app
        .restart_with(|options| {
            for entry in std::fs::read_dir(&options.data).expect("the folder can be read") {
                let path = entry.expect("it has entries").path();
                if path.to_string_lossy().contains("triggers.sqlite") {
                    std::fs::remove_file(path).expect("it can be removed");
                }
            }
        })
        .await;
    app.settled().await;
    assert!(
        !app.calls_of("record-audit").is_empty(),
        "it was told again"
    );
    assert_eq!(app.audited().await, before);
}
