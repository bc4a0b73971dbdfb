//! Exports: everything of a tenant, nothing of another, in an archive that any tar unpacks.

mod unpacked;

use std::collections::BTreeSet;
use std::time::Duration;

use local::front::{Fault, FaultKind, Moment, Service};
use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, attachment, tables};

use self::unpacked::Unpacked;

/// Longer than the job of a function that died stays hidden.
const HIDDEN: Duration = Duration::from_secs(5401);

const WEEK: Duration = Duration::from_hours(7 * 24);

/// The largest file that a task takes, in bytes.
const LARGE: usize = 4 * 1024 * 1024;

fn exports(of: &Member) -> String {
    format!("/api/tenants/{}/exports", of.tenant_id)
}

async fn ask(admin: &Member) -> Answer {
    admin.post(&exports(admin), json!({})).await
}

/// Asks for an export; returns its id.
async fn asked(admin: &Member) -> String {
    let made = ask(admin).await.expect(202);
    made["data"]["id"]
        .as_str()
        .expect("it has an id")
        .to_owned()
}

async fn shown(admin: &Member, id: &str) -> Value {
    let path = format!("{}/{id}", exports(admin));
    admin.get(&path).await.expect(200)["data"].clone()
}

/// The archive of an export that is done.
async fn fetched(admin: &Member, id: &str) -> Unpacked {
    let shown = shown(admin, id).await;
    assert_eq!(shown["status"], "done", "{shown}");
    let url = shown["url"].as_str().expect("it has a link");
    let archive = reqwest::get(url).await.expect("the link can be followed");
    assert!(archive.status().is_success(), "{}", archive.status());
    let archive = archive.bytes().await.expect("it has bytes");
    assert_eq!(shown["bytes"], json!(archive.len()));
    let unpacked = Unpacked::by_tar(&archive);
    let manifest = unpacked.json("manifest.json");
    assert_eq!(
        unpacked.listed.last().map(String::as_str),
        Some("manifest.json")
    );
    assert_eq!(
        unpacked.listed.len(),
        unpacked.files.len(),
        "each file is there once"
    );
    assert_eq!(manifest["contents"], shown["contents"]);
    assert_eq!(manifest["tenant_id"], admin.tenant_id);
    assert_eq!(manifest["export_id"], id);
    unpacked
}

async fn task_with(member: &Member, project: &str, title: &str, file: &[u8], name: &str) -> String {
    let body = json!({
        "projectId": project,
        "title": title,
        "description": format!("{title} described"),
        "assignedTo": member.user_id,
        "attachment": attachment(file, name, "image/png"),
    });
    let made = member.post("/api/create-task", body).await.expect(201);
    made["task"]["id"]
        .as_str()
        .expect("it has an id")
        .to_owned()
}

/// Bytes that no compression makes fewer, in the form of a PNG.
fn incompressible(size: usize) -> Vec<u8> {
    let mut bytes = PNG.to_vec();
    bytes.resize_with(size, rand::random);
    bytes
}

/// A tenant with something of each kind.
struct Full {
    admin: Member,
    editor: Member,
    project: String,
    task: String,
    gone: String,
    secrets: Vec<String>,
}

impl Full {
    async fn of(app: &App, name: &str) -> Self {
        let admin = app.member(name).await;
        let editor = app.member(&format!("{name}-editor")).await;
        let editor = app.enrol(&admin, &editor, "editor").await;
        let project = admin.project(&format!("{name} Apollo")).await;
        admin.project(&format!("{name} Gemini")).await;
        admin.task(&project, "Plain").await;
        let file = [PNG, name.as_bytes()].concat();
        let task = task_with(&admin, &project, "With a file", &file, "ürgh ../pixel.png").await;
        for task in [&task, &admin.task(&project, "Discussed").await] {
            let path = format!("/api/tasks/{task}/comments");
            let text = format!("{name} says to <@{}>", editor.user_id);
            admin.post(&path, json!({ "text": text })).await.expect(201);
        }
        let labels = format!("/api/projects/{project}/labels");
        let label = json!({ "name": "Fuel", "color": "#ff0000" });
        let label = admin.post(&labels, label).await.expect(201)["data"]["id"].clone();
        let given = json!({ "labels": [label] });
        let path = format!("/api/tasks/{task}");
        admin.patch(&path, given).await.expect(200);
        let key = admin.api_key("viewer").await;
        let invited = json!({ "email": format!("{name}-guest@example.com"), "role": "viewer" });
        admin.post("/api/invitations", invited).await.expect(201);
        // Somebody who has been here, and has left a log.
        let gone = format!("{name}-gone@example.com");
        let invited = json!({ "email": gone });
        admin.post("/api/invitations", invited).await.expect(201);
        let token = app.emailed(&gone, "accept-invitation").await;
        let body = json!({ "token": token, "name": "Gone", "password": tests::PASSWORD });
        let joined = app.post("/api/accept-invitation", body).await.expect(200);
        let gone = app.signed_in(&joined["data"]);
        gone.post("/api/log-out-everywhere", json!({}))
            .await
            .expect(204);
        let path = format!("/api/members/{}", gone.user_id);
        admin.delete(&path).await.expect(204);
        app.settled().await;
        let secrets = vec![
            admin.token.clone(),
            admin.refresh_token.clone(),
            gone.refresh_token.clone(),
            key.key,
            token,
        ];
        Self {
            admin,
            editor,
            project,
            task,
            gone: gone.user_id,
            secrets,
        }
    }

    /// Its rows whose sort keys begin so, in the order of their keys.
    async fn rows(&self, app: &App, sk: &str) -> Vec<Value> {
        let of_it = format!("T#{}", self.admin.tenant_id);
        let mut rows = app.rows(tables::DATA, sk).await;
        rows.retain(|row| row["pk"].as_str().is_some_and(|pk| pk.starts_with(&of_it)));
        rows.sort_by_key(|row| format!("{}{}", row["pk"], row["sk"]));
        rows
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "all that a tenant has is a long list"
)]
#[tokio::test]
async fn an_archive_has_everything_of_its_tenant_and_nothing_of_another() {
    let app = App::start().await;
    let (one, other) = (Full::of(&app, "ada").await, Full::of(&app, "mallory").await);
    let admin = &one.admin;
    let answer = ask(admin).await;
    let location = answer.header("location").expect("it says where").to_owned();
    let seq = answer.event_seq();
    let id = answer.expect(202)["data"]["id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    assert_eq!(location, format!("{}/{id}", exports(admin)));
    app.settled().await;
    let archive = fetched(admin, &id).await;

    let profile = admin
        .get(&format!("/api/tenants/{}", admin.tenant_id))
        .await
        .expect(200);
    let tenant = archive.json("tenant.json");
    for field in ["id", "name", "slug", "created_at"] {
        assert_eq!(tenant[field], profile["data"][field], "{field}");
    }
    for (setting, value) in tenant["settings"].as_object().expect("it has settings") {
        assert_eq!(*value, profile["data"]["settings"][setting], "{setting}");
    }
    for (list, path) in [
        ("members-", "/api/members"),
        ("invitations-", "/api/invitations"),
        ("api_keys-", "/api/api-keys"),
    ] {
        let told = admin.get(path).await.expect(200)["data"].clone();
        let mut told = told.as_array().expect("it is a list").clone();
        told.sort_by_key(|row| row["created_at"].as_i64());
        let mut lines = archive.lines(list);
        lines.sort_by_key(|row| row["created_at"].as_i64());
        assert_eq!(lines, told, "{list}");
        assert!(!told.is_empty());
    }
    assert_same(
        archive.lines("projects-"),
        one.rows(&app, "PROJECT").await,
        &[
            "id",
            "user_id",
            "name",
            "description",
            "created_at",
            "updated_at",
            "task_count",
            "visibility",
            "members",
            "archived_at",
            "seq",
        ],
    );
    let tasks = archive.lines(&format!("projects/{}/tasks-", one.project));
    assert_eq!(tasks.len(), 3);
    assert_same(
        tasks.clone(),
        one.rows(&app, "TASK#").await,
        &[
            "id",
            "project_id",
            "title",
            "description",
            "status",
            "position",
            "priority",
            "assigned_to",
            "start_date",
            "due_date",
            "parent_id",
            "created_by",
            "created_at",
            "updated_at",
            "completed_at",
        ],
    );
    let labels = archive.lines(&format!("projects/{}/labels-", one.project));
    assert_same(
        labels.clone(),
        one.rows(&app, "LABEL#").await,
        &["id", "project_id", "name", "color"],
    );
    let labelled = tasks.iter().find(|task| task["id"] == *one.task);
    assert_eq!(
        labelled.expect("it is there")["labels"],
        json!([labels[0]["id"]])
    );
    let comments = archive.lines(&format!("projects/{}/comments-", one.project));
    assert_eq!(comments.len(), 2);
    assert_same(
        comments,
        one.rows(&app, "COMMENT#").await,
        &[
            "id",
            "task_id",
            "project_id",
            "text",
            "mentions",
            "created_by",
            "created_at",
            "updated_at",
        ],
    );
    let told = archive.lines(&format!("notifications/user-{}-", one.editor.user_id));
    let listed = one.editor.get("/api/notifications").await.expect(200)["data"].clone();
    let mut listed = listed.as_array().expect("it is a list").clone();
    listed.reverse();
    assert_eq!((told.len(), told), (2, listed));
    let file = format!("files/{}/{}/", one.project, one.task);
    let named = tasks.iter().find_map(|task| task["attachment"].as_str());
    let named = named.expect("a task has a file");
    assert!(named.starts_with(&file), "{named}");
    assert_eq!(archive.files[named], [PNG, b"ada"].concat());

    let mut events = archive.lines("projects/");
    events.retain(|line| line.get("seq").is_some());
    events.extend(archive.lines("events/"));
    let mut logged = one.rows(&app, "EVENT#").await;
    // Two were made when the archive was begun, and so was what it is of.
    logged.retain(|event| event["room"] != "tenant" || event["seq"].as_u64() <= Some(seq));
    assert_eq!(keyed(&events), keyed(&logged));
    let theirs = format!("events/user-{}-00001.jsonl", one.gone);
    assert_eq!(archive.lines(&theirs)[0]["type"], "sessions:ended");
    let audited = archive.lines("audit/");
    let told = admin.get("/api/audit-log?limit=100").await.expect(200)["data"].clone();
    let told = told.as_array().expect("it is a list");
    assert!(audited.len() > 8 && audited.iter().all(|entry| told.contains(entry)));

    let secrets = one.secrets.iter().chain(&other.secrets);
    assert_no_trace(&app, &archive, &other, secrets).await;
    assert!(!archive.has(&one.editor.token));
    app.stop().await;
}

/// Those fields, and no others but these: `attachment` is a path in the archive.
fn assert_same(lines: Vec<Value>, rows: Vec<Value>, fields: &[&str]) {
    let by_id = |row: &Value| row["id"].to_string();
    let mut rows: Vec<_> = rows
        .into_iter()
        .filter(|row| row["id"].is_string())
        .collect();
    let mut lines = lines;
    lines.sort_by_key(by_id);
    rows.sort_by_key(by_id);
    assert_eq!(lines.len(), rows.len());
    for (line, row) in lines.iter().zip(&rows) {
        for field in fields {
            assert_eq!(line[field], row[field], "{field} of {line}");
        }
        let named: BTreeSet<_> = line.as_object().expect("it has fields").keys().collect();
        let known = fields.iter().chain(&["attachment", "labels"]);
        let known: BTreeSet<_> = known.map(|field| (*field).to_owned()).collect();
        assert!(named.iter().all(|name| known.contains(*name)), "{line}");
    }
}

/// Which events there are.
fn keyed(events: &[Value]) -> BTreeSet<String> {
    let key = |event: &Value| format!("{} {} {}", event["room"], event["seq"], event["type"]);
    events.iter().map(key).collect()
}

/// No id and no text of another tenant, no secret and no hash, and nothing of how it is stored.
async fn assert_no_trace(
    app: &App,
    archive: &Unpacked,
    other: &Full,
    secrets: impl Iterator<Item = &String>,
) {
    let admin = &other.admin;
    for theirs in [
        &admin.tenant_id,
        &admin.user_id,
        &admin.email,
        &other.project,
        &other.task,
    ] {
        assert!(!archive.has(theirs), "{theirs}");
    }
    assert!(!archive.has("mallory"));
    for secret in secrets {
        assert!(!archive.has(secret), "{secret}");
    }
    for row in app.rows(tables::IDENTITY, "").await {
        let pk = row["pk"].as_str().expect("it has one");
        let hash = pk
            .split_once('#')
            .map(|(_, rest)| rest)
            .filter(|rest| rest.len() == 64);
        for hidden in [hash, row["hash"].as_str(), row["password_hash"].as_str()] {
            assert!(!hidden.is_some_and(|hidden| archive.has(hidden)), "{row}");
        }
    }
    for pattern in ["$argon2", "tnl_", "tnr_", "T#", "\"jobs\"", "tenants/"] {
        assert!(!archive.has(pattern), "{pattern}");
    }
    let names = archive.names();
    for internal in [
        "pk",
        "sk",
        "l1",
        "ttl",
        "hash",
        "link",
        "sent",
        "note_shard",
        "password_hash",
    ] {
        assert!(!names.contains(internal), "{internal}");
    }
}

#[tokio::test]
async fn it_is_recorded_who_has_asked_for_a_copy_and_who_was_given_a_link() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = asked(&ada).await;
    app.settled().await;
    assert_eq!(shown(&ada, &id).await["status"], "done");
    app.settled().await;
    let log = ada.get("/api/audit-log?limit=2").await.expect(200)["data"].clone();
    let told = |index: usize| {
        let entry = &log[index];
        (
            entry["action"].clone(),
            entry["object"].clone(),
            entry["actor"].clone(),
        )
    };
    let entry = |action: &str| {
        (
            json!(action),
            json!(format!("export/{id}")),
            json!(ada.user_id),
        )
    };
    assert_eq!(told(0), entry("tenant:export-link-given"));
    assert_eq!(told(1), entry("tenant:export-requested"));
    app.stop().await;
}

#[tokio::test]
async fn only_an_admin_in_person_exports_a_tenant_and_one_at_a_time() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let [bob, eve] = [app.member("bob").await, app.member("eve").await];
    let bob = app.enrol(&ada, &bob, "editor").await;
    let cleo = app.enrol(&ada, &app.member("cleo").await, "viewer").await;
    let key = ada.api_key("admin").await;
    // Nobody makes it as long as the log is not relayed.
    let outage = Fault::new(FaultKind::DieAfterReply)
        .function("export-tenant")
        .nth(1);
    let outage = app.fault(outage.times(u32::MAX));
    let id = asked(&ada).await;
    let one = format!("{}/{id}", exports(&ada));
    for (who, status) in [(&bob, 403), (&cleo, 403), (&*key, 403), (&eve, 404)] {
        who.post(&exports(&ada), json!({})).await.expect(status);
        who.get(&one).await.expect(status);
    }
    let eves = format!("{}/{id}", exports(&eve));
    eve.get(&eves).await.expect(404);
    ask(&ada).await.expect(409);
    app.settled().await;
    assert_eq!(shown(&ada, &id).await["url"], json!(null));
    ask(&ada).await.expect(409);

    // Who died is not waited for for ever.
    app.advance(Duration::from_hours(2));
    app.settled().await;
    let ada = app.log_in(&ada).await;
    assert_eq!(shown(&ada, &id).await["status"], "failed");
    outage.disarm();
    fetched(&ada, &asked_and_made(&app, &ada).await).await;
    app.stop().await;
}

async fn asked_and_made(app: &App, admin: &Member) -> String {
    let id = asked(admin).await;
    app.settled().await;
    id
}

#[tokio::test]
async fn a_link_is_given_out_for_seven_days() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = asked_and_made(&app, &ada).await;
    let expires_at = shown(&ada, &id).await["expires_at"]
        .as_i64()
        .expect("it has an end");
    let made = app.stack().clock().now();
    assert!((0..60_000).contains(&(made + 7 * 24 * 3_600_000 - expires_at)));
    app.advance(WEEK);
    let ada = app.log_in(&ada).await;
    let shown = shown(&ada, &id).await;
    assert_eq!(
        (&shown["status"], &shown["url"]),
        (&json!("done"), &json!(null))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_job_that_comes_again_does_nothing_more() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let id = asked_and_made(&app, &ada).await;
    let before = shown(&ada, &id).await;
    app.forget_calls();
    let job = json!({
        "id": "again", "type": "tenant:export", "version": 1,
        "tenant_id": ada.tenant_id, "payload": { "exportId": id },
    });
    deliver(&app, &job, 1).await;
    assert_eq!(
        app.calls_of("export-tenant")
            .iter()
            .filter(|call| call.service != Service::Sts)
            .count(),
        1
    );
    let after = shown(&ada, &id).await;
    assert_eq!(
        (&before["bytes"], &before["finished_at"]),
        (&after["bytes"], &after["finished_at"])
    );
    app.stop().await;
}

/// Hands a job to its function; returns whether it was done.
async fn deliver(app: &App, job: &Value, deliveries: u32) -> bool {
    let batch = json!({ "Records": [{
        "messageId": "1", "receiptHandle": "none", "body": job.to_string(),
        "attributes": { "ApproximateReceiveCount": deliveries.to_string() },
        "messageAttributes": {}, "eventSource": "aws:sqs",
    }]});
    let answer = app.stack().lambda().invoke("export-tenant", batch).await;
    answer.expect("it answers")["batchItemFailures"] == json!([])
}

#[tokio::test]
async fn an_export_may_die_after_any_call() {
    let app = App::start().await;
    let full = Full::of(&app, "ada").await;
    let mut ada = full.admin.clone();
    let mut whole = None;
    let mut deaths = app.deaths_of("export-tenant");
    while deaths.go_on() {
        let id = deaths.befall(asked_and_made(&app, &ada)).await;
        app.advance(HIDDEN);
        app.settled().await;
        ada = app.log_in(&ada).await;
        let archive = fetched(&ada, &id).await;
        let lists: Vec<_> = archive
            .files
            .keys()
            .filter(|path| !path.starts_with("audit/"))
            .cloned()
            .collect();
        let count = deaths.count();
        assert_eq!(*whole.get_or_insert(lists.clone()), lists, "death {count}");
        assert_eq!(
            archive
                .lines("projects/")
                .iter()
                .filter(|line| line.get("title").is_some())
                .count(),
            3
        );
    }
    deaths.assert_at_least(21);
    app.stop().await;
}

#[tokio::test]
async fn a_call_that_fails_once_holds_no_export_up() {
    let app = App::start().await;
    let full = Full::of(&app, "ada").await;
    asked_and_made(&app, &full.admin).await;
    app.forget_calls();
    asked_and_made(&app, &full.admin).await;
    let mut calls = BTreeSet::new();
    let mut befallen = 0;
    let mut nth = std::collections::BTreeMap::<_, u32>::new();
    for call in app.calls_of("export-tenant") {
        let count = nth
            .entry((format!("{:?}", call.service), call.operation.clone()))
            .or_default();
        *count += 1;
        calls.insert((call.operation.clone(), *count));
    }
    for (operation, nth) in calls {
        for kind in [
            FaultKind::Throttle,
            FaultKind::InternalError(Moment::BeforeEffect),
            FaultKind::InternalError(Moment::AfterEffect),
        ] {
            let fault = Fault::new(kind)
                .function("export-tenant")
                .operation(&operation);
            let armed = app.fault(fault.nth(nth));
            let id = asked_and_made(&app, &full.admin).await;
            let fired = armed.fired();
            armed.disarm();
            // Who takes an export over and hears nothing of it leaves it to the next delivery.
            app.advance(Duration::from_secs(2));
            app.settled().await;
            assert_eq!(fired, 1, "{kind:?} of {operation} {nth}");
            assert_eq!(
                shown(&full.admin, &id).await["status"],
                "done",
                "{kind:?} of {operation} {nth}"
            );
            befallen += 1;
        }
    }
    tests::report(&format!("{befallen} faults passed in exports"));
    app.stop().await;
}

#[tokio::test]
async fn an_export_that_fails_to_the_last_is_given_up_and_another_can_be_asked_for() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let outage =
        Fault::new(FaultKind::InternalError(Moment::BeforeEffect)).function("export-tenant");
    let outage = app.fault(outage.service(Service::S3).times(u32::MAX));
    let id = asked_and_made(&app, &ada).await;
    let job = json!({
        "id": "last", "type": "tenant:export", "version": 1,
        "tenant_id": ada.tenant_id, "payload": { "exportId": id },
    });
    assert!(!deliver(&app, &job, export_tenant::DELIVERIES).await);
    outage.disarm();
    assert_eq!(shown(&ada, &id).await["status"], "failed");
    let next = asked_and_made(&app, &ada).await;
    fetched(&ada, &next).await;
    let queue = app
        .stack()
        .template()
        .queues
        .iter()
        .find(|queue| queue.name == "tenon-exports");
    let redrive = queue
        .and_then(|queue| queue.redrive.as_ref())
        .expect("it gives up");
    assert_eq!(redrive.max_receive_count, export_tenant::DELIVERIES);
    app.stop().await;
}

#[tokio::test]
async fn an_archive_of_several_parts_survives_a_death_after_any_call_that_stores_them() {
    let app = App::start().await;
    let mut ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let files: Vec<_> = (0..3).map(|_| incompressible(LARGE)).collect();
    let mut tasks = Vec::new();
    for file in &files {
        tasks.push(task_with(&ada, &project, "Large", file, "large.png").await);
    }
    app.settled().await;
    // The first one starts the function.
    asked_and_made(&app, &ada).await;
    app.forget_calls();
    asked_and_made(&app, &ada).await;
    let operations = app.calls_of("export-tenant").into_iter();
    let operations: Vec<_> = operations.map(|call| call.operation).collect();
    let stores = |operation: &str| {
        ["PutItem", "UploadPart", "ListParts"].contains(&operation)
            || operation.contains("Multipart")
    };
    let mut deaths = 0;
    for (nth, operation) in (1..).zip(&operations).filter(|(_, name)| stores(name)) {
        app.forget_calls();
        let death = Fault::new(FaultKind::DieAfterReply).function("export-tenant");
        let armed = app.fault(death.nth(nth));
        let id = asked_and_made(&app, &ada).await;
        assert_eq!(armed.fired(), 1, "{operation}");
        app.advance(HIDDEN);
        app.settled().await;
        ada = app.log_in(&ada).await;
        let archive = fetched(&ada, &id).await;
        for (task, file) in tasks.iter().zip(&files) {
            let path = format!("files/{project}/{task}/large.png");
            assert!(archive.files[&path] == *file, "{nth}, {operation}: {path}");
        }
        let calls = app.calls_of("export-tenant");
        let parts = calls.iter().filter(|call| call.operation == "UploadPart");
        // There are two, and one was stored again at most.
        assert!((2..=3).contains(&parts.count()), "{nth}, {operation}");
        deaths += 1;
    }
    tests::report(&format!(
        "an export of two parts died {deaths} times where it stores"
    ));
    // Taken over, begun, two parts and a note of each, listed, completed, done.
    assert_eq!(deaths, 10, "{operations:?}");
    app.stop().await;
}

#[tokio::test]
async fn an_invocation_whose_time_is_up_leaves_the_rest_to_the_next() {
    let app = App::start_with(|options| {
        // Less than it keeps back: each takes one step.
        let short = Duration::from_secs(60);
        options.timeouts.insert("export-tenant".to_owned(), short);
    })
    .await;
    let full = Full::of(&app, "ada").await;
    let file = incompressible(LARGE);
    // A part and little more.
    for _ in 0..2 {
        task_with(&full.admin, &full.project, "Large", &file, "large.png").await;
    }
    app.forget_calls();
    let id = asked_and_made(&app, &full.admin).await;
    let sent = app.calls_of("export-tenant");
    let sent = sent
        .iter()
        .filter(|call| call.operation == "SendMessage")
        .count();
    assert!(sent > 15, "{sent}");
    let archive = fetched(&full.admin, &id).await;
    let large = archive
        .files
        .iter()
        .filter(|(path, _)| path.ends_with("/large.png"));
    assert!(large.clone().count() == 2 && large.into_iter().all(|(_, bytes)| *bytes == file));
    assert_eq!(archive.lines("projects-").len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_that_is_being_deleted_is_exported_no_further() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let outage = Fault::new(FaultKind::DieAfterReply)
        .function("export-tenant")
        .nth(1);
    let outage = app.fault(outage);
    asked_and_made(&app, &ada).await;
    assert_eq!(outage.fired(), 1);
    app.being_deleted(&ada.tenant_id).await;
    app.advance(HIDDEN);
    app.settled().await;
    let rows = app.rows(tables::DATA, "EXPORT#").await;
    assert_eq!(rows[0]["status"], "failed");
    assert!(app.objects().await.is_empty());
    app.stop().await;
}
