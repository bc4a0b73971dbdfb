//! Tenants: founded, told apart, set up, and entered by whoever logs in.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Member, PASSWORD, PNG, attachment, tables};

/// Nobody's.
const NOBODYS: &str = "01900000-0000-7000-8000-000000000000";

fn path(tenant: &str) -> String {
    format!("/api/tenants/{tenant}")
}

fn settings_path(tenant: &str) -> String {
    format!("/api/tenants/{tenant}/settings")
}

async fn me(member: &Member) -> Value {
    member.get("/api/me").await.expect(200)["data"].clone()
}

/// A request that goes to a host of the stack.
async fn at_host(member: &Member, path: &str, host: &str) -> Answer {
    let request = member.request("GET", path).header("host", host);
    Answer::of(request.send().await.expect("the API answers")).await
}

/// All of a refusal that may differ between two is the request's id.
fn plain(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    body["error"]["request_id"] = Value::Null;
    (answer.status, body)
}

#[tokio::test]
async fn a_user_founds_a_tenant_and_acts_in_it_by_its_id_or_its_host_s_name() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = json!({ "name": " Acme ", "slug": "acme" });
    let founded = ada.post("/api/tenants", body).await;
    assert_eq!(founded.event_seq(), 1);
    let tenant = founded.expect(201)["data"].clone();
    let id = tenant["id"].as_str().expect("it has an id");
    let created_at = tenant["created_at"].as_i64().expect("it has a time");
    assert_eq!(
        tenant,
        json!({
            "id": id,
            "name": "Acme",
            "slug": "acme",
            "role": "admin",
            "members": 1,
            "created_at": created_at,
            "settings": {
                "name": "Acme",
                "default_role": "editor",
                "attachment_limit_bytes": 4_194_304,
                "rate_limits": { "requests_per_minute": null },
                "digest": { "hour": 8, "time_zone": "UTC" },
                "sign_up_domains": [],
                "audit_retention_days": 365,
                "statuses": [],
            },
        })
    );
    assert_eq!(ada.get(&path(id)).await.expect(200)["data"], tenant);

    let acme = ada.acting_in(id);
    acme.project("Anvils").await;
    assert_eq!(acme.projects().await.0.len(), 1);
    assert!(ada.projects().await.0.is_empty());
    let listed = at_host(&ada, "/api/list-projects", "acme.localhost:3000").await;
    assert_eq!(listed.expect(200)["projects"][0]["name"], "Anvils");
    assert_eq!(me(&ada).await["tenant_id"], ada.tenant_id);
    assert_eq!(me(&acme).await["tenant_id"], id);
    assert_eq!(me(&acme).await["tenants"].as_array().map(Vec::len), Some(2));

    let mut socket = acme.connect().await;
    let subscribed = socket
        .ask(json!({ "action": "subscribe", "room": "tenant" }))
        .await;
    assert_eq!(subscribed["seq"], 1);
    let renamed = acme
        .put(&settings_path(id), json!({ "name": "Acme, Inc." }))
        .await;
    assert_eq!(renamed.event_seq(), 2);
    let event = socket.expect_next().await;
    assert_eq!(event["type"], "tenant:settings-changed");
    assert_eq!(event["data"], json!({ "fields": ["name"] }));
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn path_host_and_header_may_not_name_different_tenants() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let home = ada.acting_in(&ada.tenant_id);
    acme.get(&path(&acme.tenant_id)).await.expect(200);
    at_host(&acme, &path(&acme.tenant_id), "acme.localhost")
        .await
        .expect(200);
    let expected = (
        "BAD_REQUEST".to_owned(),
        "The path, the host's name and X-Tenant-Id name different tenants".to_owned(),
    );
    for answer in [
        at_host(&home, "/api/list-projects", "acme.localhost").await,
        at_host(&home, "/api/list-projects", "nobody.localhost").await,
        at_host(&ada, &path(&ada.tenant_id), "acme.localhost").await,
        home.get(&path(&acme.tenant_id)).await,
        home.get(&path(NOBODYS)).await,
        home.put(&settings_path(&acme.tenant_id), json!({})).await,
        ada.acting_in("x").get(&path(&ada.tenant_id)).await,
    ] {
        assert_eq!(answer.refused(400), expected);
    }
    for reserved in ["www.localhost", "api.localhost"] {
        at_host(&ada, "/api/list-projects", reserved)
            .await
            .expect(200);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_that_is_not_one_s_own_is_one_that_does_not_exist() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let acme = ada.found("Acme", "acme").await;
    let missing = plain(&eve.acting_in(NOBODYS).get("/api/list-projects").await);
    assert_eq!(missing.0, 404);
    assert_eq!(missing.1["error"]["message"], "Tenant not found");
    for tenant in [acme.tenant_id.as_str(), NOBODYS, "x", "%00"] {
        let mut answers = vec![
            eve.get(&path(tenant)).await,
            eve.put(&settings_path(tenant), json!({ "name": "Mine" }))
                .await,
            eve.put(&settings_path(tenant), json!({ "name": "" })).await,
        ];
        if !tenant.starts_with('%') {
            let there = eve.acting_in(tenant);
            answers.push(there.get("/api/me").await);
            answers.push(there.get("/api/members").await);
            answers.push(
                there
                    .post("/api/create-project", json!({ "name": "Apollo" }))
                    .await,
            );
            answers.push(there.post("/api/tenants", json!({ "name": "Mine" })).await);
        }
        for answer in answers {
            assert_eq!(plain(&answer), missing, "{tenant}");
        }
    }
    for host in ["acme.localhost", "nobody.localhost", "a.b.localhost"] {
        let answer = at_host(&eve, "/api/list-projects", host).await;
        assert_eq!(plain(&answer), missing, "{host}");
    }
    let unknown = app.request("GET", &path(&acme.tenant_id)).send().await;
    Answer::of(unknown.expect("the API answers"))
        .await
        .refused(401);
    app.stop().await;
}

#[tokio::test]
async fn a_slug_is_taken_once_and_some_never() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    ada.found("Acme", "acme").await;
    let found = async |slug: &str| {
        let body = json!({ "name": "Mine", "slug": slug });
        bob.post("/api/tenants", body).await
    };
    let (code, message) = found("acme").await.refused(409);
    assert_eq!((&*code, &*message), ("CONFLICT", "This slug is taken"));
    for bad in [
        "www", "api", "app", "admin", "ab", "-acme", "acme-", "Acme", "a.b", "",
    ] {
        assert_eq!(found(bad).await.bad_fields(), ["slug"], "{bad}");
    }
    let bad = json!({ "name": "", "slug": "www", "plan": "free" });
    let answer = bob.post("/api/tenants", bad).await;
    assert_eq!(answer.bad_fields(), ["name", "slug", "plan"]);
    assert_eq!(me(&bob).await["tenants"].as_array().map(Vec::len), Some(1));

    let answers = join_all((0..6).map(|_| found("bobs"))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn a_user_founds_fifty_tenants_and_no_more() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let users = app.rows(tables::IDENTITY, "USER").await;
    let mut user = users[0].clone();
    user["founded"] = json!(49);
    app.put(tables::IDENTITY, &user).await;
    let body = json!({ "name": "Acme" });
    ada.post("/api/tenants", body.clone()).await.expect(201);
    let (code, message) = ada.post("/api/tenants", body).await.refused(409);
    assert_eq!(code, "CONFLICT");
    assert!(message.contains("50 tenants"), "{message}");
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn an_admin_sets_a_tenant_up_as_a_whole() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let path = settings_path(&ada.tenant_id);
    let wanted = json!({
        "name": "Ada & Co",
        "default_role": "viewer",
        "attachment_limit_bytes": 1000,
        "rate_limits": { "requests_per_minute": 600 },
        "digest": { "hour": 7, "time_zone": "europe/berlin" },
        "sign_up_domains": ["Example.COM", "example.com", "acme.example"],
        "audit_retention_days": 30,
        "statuses": ["qa", "in_review"],
    });
    let answer = ada.put(&path, wanted.clone()).await;
    assert_eq!(answer.event_seq(), 2);
    let mut settings = wanted.clone();
    settings["digest"]["time_zone"] = json!("Europe/Berlin");
    settings["sign_up_domains"] = json!(["example.com", "acme.example"]);
    let tenant = answer.expect(200)["data"].clone();
    assert_eq!(tenant["settings"], settings);
    assert_eq!(tenant["name"], "Ada & Co");
    assert_eq!(me(&ada).await["tenants"][0]["name"], "Ada & Co");

    // The same again changes nothing; less is as by default.
    let again = ada.put(&path, settings.clone()).await;
    assert!(again.header("x-event-seq").is_none());
    again.expect(200);
    let less = ada.put(&path, json!({ "name": "Ada & Co" })).await;
    assert_eq!(less.event_seq(), 3);
    assert_eq!(
        less.expect(200)["data"]["settings"]["digest"],
        json!({ "hour": 8, "time_zone": "UTC" })
    );
    let events = app.rows(tables::DATA, "EVENT#000000000003").await;
    let data: Value = serde_json::from_str(events[0]["data"].as_str().expect("it is a text"))
        .expect("it is JSON");
    let changed = json!({ "fields": [
        "default_role", "attachment_limit_bytes", "rate_limits", "digest", "sign_up_domains", "audit_retention_days",
        "statuses",
    ] });
    assert_eq!(data, changed, "it names what changed and no value");

    let bad = json!({
        "id": ada.tenant_id,
        "default_role": "owner",
        "attachment_limit_bytes": 4_194_305,
        "rate_limits": { "requests_per_minute": 0, "burst": 1 },
        "digest": { "hour": 24, "time_zone": "Europe/Atlantis" },
        "sign_up_domains": ["example.com", "no domain"],
        "audit_retention_days": "30",
        "statuses": ["qa", "done"],
    });
    let fields = ada.put(&path, bad).await.bad_fields();
    let expected = [
        "name",
        "default_role",
        "attachment_limit_bytes",
        "rate_limits.requests_per_minute",
        "rate_limits.burst",
        "digest.hour",
        "digest.time_zone",
        "sign_up_domains[1]",
        "audit_retention_days",
        "statuses[1]",
        "id",
    ];
    assert_eq!(
        fields.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        expected.into()
    );
    let editor = app.enrol(&ada, &bob, "editor").await;
    let (code, _) = editor.put(&path, settings).await.refused(403);
    assert_eq!(code, "FORBIDDEN");
    assert_eq!(
        editor.get(&self::path(&ada.tenant_id)).await.expect(200)["data"]["members"],
        2
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_settings_that_are_put_at_once_one_holds_as_a_whole() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let path = settings_path(&ada.tenant_id);
    let wanted = |at: u32| {
        json!({
            "name": format!("Number {at}"),
            "attachment_limit_bytes": at,
            "digest": { "hour": at, "time_zone": "UTC" },
            "audit_retention_days": 30 + at,
        })
    };
    let answers = join_all((1..=8).map(|at| ada.put(&path, wanted(at)))).await;
    let seqs: BTreeSet<_> = answers.iter().map(Answer::event_seq).collect();
    assert_eq!(seqs, (2..=9).collect());
    let held = ada.get(&self::path(&ada.tenant_id)).await.expect(200)["data"]["settings"].clone();
    let at = held["digest"]["hour"].as_u64().expect("it is a number");
    assert_eq!(held["name"], format!("Number {at}"));
    assert_eq!(held["attachment_limit_bytes"], at);
    assert_eq!(held["audit_retention_days"], 30 + at);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn files_are_no_larger_than_their_tenant_has_them() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let project = ada.project("Apollo").await;
    let attach = async || {
        let file = attachment(PNG, "pixel.png", "image/png");
        let body = json!({ "projectId": project, "title": "Look", "attachment": file });
        ada.post("/api/create-task", body).await
    };
    let limit = async |bytes: usize| {
        let body = json!({ "name": "Small", "attachment_limit_bytes": bytes });
        ada.put(&settings_path(&ada.tenant_id), body)
            .await
            .expect(200);
    };
    limit(PNG.len()).await;
    attach().await.expect(201);
    for (bytes, told) in [(PNG.len() - 1, "bytes in this tenant"), (0, "turned off")] {
        limit(bytes).await;
        let (code, message) = attach().await.refused(413);
        assert_eq!(code, "PAYLOAD_TOO_LARGE");
        assert!(message.contains(told), "{message}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_log_in_leads_home_or_to_another_tenant_or_to_a_new_one() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    assert_eq!(app.log_in(&ada).await.tenant_id, ada.tenant_id);
    app.being_deleted(&ada.tenant_id).await;
    assert_eq!(app.log_in(&ada).await.tenant_id, acme.tenant_id);
    let (_, message) = ada.get("/api/list-projects").await.refused(404);
    assert_eq!(message, "Tenant not found");
    assert_eq!(me(&ada).await["tenant_id"], Value::Null);

    app.being_deleted(&acme.tenant_id).await;
    let anew = app.log_in(&ada).await;
    let shown = me(&anew).await;
    assert_eq!(shown["tenant_id"], anew.tenant_id);
    assert_eq!(shown["role"], "admin");
    let own = json!({ "id": anew.tenant_id, "name": "ada's workspace", "role": "admin" });
    assert_eq!(shown["tenants"], json!([own]));
    anew.project("A new beginning").await;
    assert_eq!(
        app.log_in(&ada).await.tenant_id,
        anew.tenant_id,
        "it is home now"
    );
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_logs_in_many_times_at_once_gets_one_new_tenant() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.being_deleted(&ada.tenant_id).await;
    let entered = join_all((0..4).map(|_| app.log_in(&ada))).await;
    let tenants: BTreeSet<_> = entered.iter().map(|session| &session.tenant_id).collect();
    assert_eq!(tenants.len(), 1);
    assert_eq!(app.rows(tables::IDENTITY, "TENANT").await.len(), 2);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn what_makes_or_sets_up_a_tenant_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for (function, least) in [
        ("create-tenant", 3),
        ("update-tenant-settings", 4),
        ("log-in", 8),
    ] {
        let mut deaths = app.deaths_of(function);
        while deaths.go_on() {
            if function == "log-in" {
                for profile in app.rows(tables::IDENTITY, "TENANT").await {
                    let id = profile["id"].as_str().expect("it is a text");
                    app.being_deleted(id).await;
                }
            }
            let count = deaths.count();
            let [name, slug] = ["Number ", "number-"].map(|text| format!("{text}{count}"));
            let asked = async {
                match function {
                    "create-tenant" => {
                        let body = json!({ "name": name, "slug": slug });
                        ada.post("/api/tenants", body).await
                    }
                    "log-in" => {
                        let body = json!({ "email": ada.email, "password": PASSWORD });
                        app.post("/api/log-in", body).await
                    }
                    _ => {
                        let path = settings_path(&ada.tenant_id);
                        ada.put(&path, json!({ "name": name })).await
                    }
                }
            };
            deaths.befall_request(asked).await;
            let slugs = app.rows(tables::IDENTITY, "SLUG").await;
            let named = app.rows(tables::IDENTITY, "TENANT").await;
            let named = named.iter().filter(|profile| profile["slug"].is_string());
            assert_eq!(slugs.len(), named.count(), "a slug has its tenant");
            app.ledger().await.assert_consistent();
        }
        deaths.assert_at_least(least);
    }
    app.stop().await;
}

/// A header that can't be read must not count as if it were not there.
#[tokio::test]
async fn a_header_that_is_no_text_is_refused() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let strange = || reqwest::header::HeaderValue::from_bytes("\u{e9}".as_bytes());
    let with = async |member: Option<&Member>, name: &'static str| {
        let request = match member {
            Some(member) => member.request("GET", "/api/list-projects"),
            None => app.request("GET", "/api/list-projects"),
        };
        let value = strange().expect("it can be sent");
        let response = request.header(name, value).send().await;
        response.expect("the API answers").status().as_u16()
    };
    assert_eq!(with(Some(&ada), "x-tenant-id").await, 404);
    assert_eq!(with(Some(&ada), "x-api-key").await, 401);
    assert_eq!(with(None, "authorization").await, 401);
}

#[tokio::test]
async fn the_log_of_a_session_s_own_tenant_tells_of_the_account_whatever_a_request_names() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let other = ada.found("Other", "other-tenant").await;
    let out = other.post("/api/log-out-everywhere", json!({})).await;
    assert_eq!(out.status, 204);
    app.settled().await;
    let log = app.rows(tests::tables::DATA, "").await;
    let told = log.iter().find(|row| row["type"] == "sessions:ended");
    let told = told.expect("it is told").to_string();
    assert!(told.contains(&ada.tenant_id), "{told}");
}
