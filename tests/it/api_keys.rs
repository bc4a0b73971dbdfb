//! API keys: made, used, capped, revoked, and never shown again.

mod records;

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures::future::{join, join_all};
use local::front::{CallRecord, Fault, FaultKind, Moment};
use local::functions;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::endpoint::uses;
use tests::{Answer, ApiKey, App, Member, Socket, tables};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use self::records::Records;

/// What is said of a key that is not there.
const MISSING: &str = "API key not found";

async fn answer(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.expect("the API answers")).await
}

async fn make(member: &Member, body: Value) -> Answer {
    member.post("/api/api-keys", body).await
}

async fn revoke(member: &Member, id: &str) -> Answer {
    member.delete(&format!("/api/api-keys/{id}")).await
}

async fn listed(member: &Member) -> Vec<Value> {
    let body = member.get("/api/api-keys").await.expect(200);
    body["data"].as_array().expect("it is a list").clone()
}

async fn is_in(member: &Member) -> bool {
    match member.get("/api/me").await.status {
        200 => true,
        401 => false,
        status => panic!("{status} is neither in nor out"),
    }
}

/// The status with which a ticket is refused.
async fn connecting(member: &Member, ticket: &str) -> u16 {
    let request = member.socket_url(ticket).into_client_request();
    Socket::refused(request.expect("it is a URL")).await
}

/// The row by which they belong to the tenant that they act in.
async fn membership(app: &App, member: &Member) -> Value {
    let sk = format!("MEMBER#{}", member.tenant_id);
    let pk = format!("USER#{}", member.user_id);
    let rows = app.rows(tables::IDENTITY, &sk).await;
    let row = rows.into_iter().find(|row| row["pk"] == *pk);
    row.expect("they are a member")
}

/// What they may do now: as they are told, and as they are let do.
async fn role(member: &Member) -> String {
    let body = member.get("/api/me").await.expect(200);
    let role = body["data"]["role"].as_str().expect("it is a text");
    let makes = member.post("/api/create-project", json!({ "name": "Apollo" }));
    let may_write = role != "viewer";
    assert_eq!(makes.await.status == 201, may_write, "{role}");
    role.to_owned()
}

#[tokio::test]
async fn a_key_is_shown_once_and_acts_for_its_maker() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let expires_at = app.stack().clock().now() + 3_600_000;
    let body = json!({ "name": " Robot ", "role": "editor", "expires_at": expires_at });
    let made = make(&ada, body).await.expect(201)["data"].clone();
    let names: Vec<_> = made.as_object().expect("it is one").keys().collect();
    assert_eq!(names, ["id", "name", "role", "key", "prefix", "expires_at"]);
    assert_eq!(made["name"], "Robot");
    assert_eq!(made["role"], "editor");
    assert_eq!(made["expires_at"], expires_at);
    let key = made["key"].as_str().expect("it is a text");
    assert!(key.starts_with("tnn_") && key.len() == 53, "{key}");
    assert_eq!(made["prefix"], key[..12]);

    for (header, value) in [
        ("authorization", format!("Bearer {key}")),
        ("x-api-key", key.to_owned()),
    ] {
        let request = app.request("GET", "/api/me").header(header, value);
        let me = answer(request).await.expect(200)["data"].clone();
        assert_eq!(me["user"]["id"], ada.user_id.as_str());
        assert_eq!(me["tenant_id"], ada.tenant_id.as_str());
        assert_eq!(me["role"], "editor");
    }
    let shown = listed(&ada).await;
    assert_eq!(shown.len(), 1);
    let names: Vec<_> = shown[0].as_object().expect("it is one").keys().collect();
    assert_eq!(
        names,
        [
            "id",
            "name",
            "role",
            "prefix",
            "maker",
            "created_at",
            "expires_at",
            "last_used_at"
        ]
    );
    for name in ["id", "name", "role", "prefix", "expires_at"] {
        assert_eq!(shown[0][name], made[name], "{name}");
    }
    assert_eq!(shown[0]["maker"], ada.user_id.as_str());
}

#[tokio::test]
async fn nothing_of_a_key_is_stored_or_told() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut socket = ada.connect().await;
    let room = json!({ "action": "subscribe", "room": "tenant" });
    assert_eq!(socket.ask(room).await["type"], "subscribed");
    let key = ada.api_key("editor").await;
    key.project("Apollo").await;
    let told = socket.expect_next().await;
    assert_eq!(told["type"], "api-key:created");
    // All members hear of it, who may not see what others' keys are called.
    let expected = json!({ "id": key.id, "maker": ada.user_id });
    assert_eq!(told["data"], expected);
    revoke(&ada, &key.id).await.expect(204);
    let told = socket.expect_next().await;
    assert_eq!(told["type"], "api-key:revoked");
    assert_eq!(told["data"], expected);

    let used = ada.api_key("viewer").await;
    assert!(is_in(&used).await);
    app.settled().await;
    let mut stored = String::new();
    for table in [tables::IDENTITY, tables::DATA, tables::EPHEMERAL] {
        let rows = app.rows(table, "").await;
        stored += &serde_json::to_string(&rows).expect("they are rows");
    }
    stored += &serde_json::to_string(&listed(&ada).await).expect("it is JSON");
    for key in [&key, &used] {
        // All that is shown of it are its first characters.
        assert!(!stored.contains(&key.key[..13]), "of {}", key.id);
        assert!(!stored.contains(&key.key[12..]), "of {}", key.id);
    }
    assert!(stored.contains(&used.prefix));
    assert!(!stored.contains(&key.prefix), "nothing is left of it");
}

#[tokio::test]
async fn every_bad_field_of_a_key_is_named() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let none = make(&ada, json!({})).await;
    assert_eq!(none.bad_fields(), ["name", "role"]);
    let bad = json!({ "name": "a".repeat(101), "role": "owner", "expires_at": "soon" });
    let bad = make(&ada, bad).await;
    assert_eq!(bad.bad_fields(), ["name", "role", "expires_at"]);
    let now = app.stack().clock().now();
    for expires_at in [0, now - 1, now + 732 * 24 * 3_600_000, i64::MAX] {
        let late = json!({ "name": "Late", "role": "viewer", "expires_at": expires_at });
        assert_eq!(make(&ada, late).await.bad_fields(), ["expires_at"]);
    }
    let long =
        json!({ "name": "Long", "role": "viewer", "expires_at": now + 730 * 24 * 3_600_000 });
    make(&ada, long).await.expect(201);
    assert_eq!(Records::of(&app).await.keys(), 1);
}

#[tokio::test]
async fn a_key_has_no_role_above_its_maker_s() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for (name, own, allowed) in [
        ("vera", "viewer", vec!["viewer"]),
        ("ed", "editor", vec!["viewer", "editor"]),
        ("adam", "admin", vec!["viewer", "editor", "admin"]),
    ] {
        let joined = app.enrol(&ada, &app.member(name).await, own).await;
        for role in ["viewer", "editor", "admin"] {
            let body = json!({ "name": "Robot", "role": role });
            let answer = make(&joined, body).await;
            if allowed.contains(&role) {
                let key = ApiKey::made(&joined, answer);
                assert_eq!(self::role(&key).await, role);
            } else {
                assert_eq!(answer.refused(403).0, "FORBIDDEN");
            }
        }
    }
    assert_eq!(Records::of(&app).await.keys(), 6);
}

#[tokio::test]
async fn a_member_has_twenty_keys_at_most_however_many_are_asked_for_at_once() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let named = |name: String| make(&ada, json!({ "name": name, "role": "viewer" }));
    let keys = join_all((0..5).map(|_| ada.api_key("viewer"))).await;
    for number in keys.len()..16 {
        named(number.to_string()).await.expect(201);
    }
    let answers = join_all((16..26).map(|number| named(number.to_string()))).await;
    let count = |status| {
        let answers = answers.iter();
        answers.filter(|answer| answer.status == status).count()
    };
    assert_eq!((count(201), count(409)), (4, 6));
    Records::of(&app).await.assert_consistent(20);

    let (one, other) = join(revoke(&ada, &keys[2].id), revoke(&ada, &keys[2].id)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404], "of two that revoke it one does");
    Records::of(&app).await.assert_consistent(19);
    named("One more".to_owned()).await.expect(201);
    let (code, message) = named("And one".to_owned()).await.refused(409);
    assert_eq!(code, "CONFLICT");
    assert!(message.starts_with("You have 20 API keys"), "{message}");
    Records::of(&app).await.assert_consistent(20);
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_key_can_do_nothing_that_is_its_maker_s_own() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (key, other) = (ada.api_key("admin").await, ada.api_key("viewer").await);
    let body = json!({ "name": "Another", "role": "viewer" });
    let refusals = [
        make(&key, body).await,
        revoke(&key, &other.id).await,
        revoke(&key, &key.id).await,
        key.get("/api/sessions").await,
        key.post("/api/log-out-everywhere", json!({})).await,
        key.post("/api/send-verification", json!({})).await,
        key.post(
            "/api/change-password",
            json!({ "current_password": "x", "password": "y" }),
        )
        .await,
        key.delete(&format!("/api/sessions/{}", ada.session_id()))
            .await,
    ];
    for refusal in refusals {
        assert_eq!(refusal.refused(403).1, "An API key can't do this: log in");
    }
    assert!(is_in(&other).await);
    Records::of(&app).await.assert_consistent(2);
}

/// Whatever takes a key takes note that it is in use, is granted to, and no other is.
#[tokio::test]
async fn every_route_takes_a_key_or_is_a_person_s_own() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let key = ada.api_key("admin").await;
    let (mut taken, mut own) = (0, 0);
    let functions = functions::all();
    let endpoints = functions.iter().map(|function| function.endpoint);
    let routes =
        endpoints.flat_map(|endpoint| endpoint.routes().map(move |route| (endpoint, route)));
    for (endpoint, (method, path)) in routes {
        if !endpoint.is_granted(&uses::AUTHENTICATE) || !endpoint.is_granted(&uses::PUBLIC_KEYS) {
            continue;
        }
        app.advance(Duration::from_secs(61));
        app.forget_calls();
        let path = path.replace("/tenants/{id}", &format!("/tenants/{}", ada.tenant_id));
        let path = path.replace(['{', '}'], "");
        let mut request = key.request(method, &path);
        if method != "GET" {
            request = request.json(&json!({}));
        }
        let answer = answer(request).await;
        let notes = app.calls_of(endpoint.name).into_iter();
        let notes: Vec<_> = notes.filter(is_a_note_of_use).collect();
        let grants = endpoint.is_granted(&uses::KEY_USED);
        if answer.status == 403 {
            assert_eq!((notes.len(), grants), (0, false), "{}", endpoint.name);
            own += 1;
        } else {
            assert_ne!(answer.status, 401, "{}", endpoint.name);
            let statuses: Vec<_> = notes.iter().map(|call| call.status).collect();
            assert_eq!(
                (statuses, grants),
                (vec![Some(200)], true),
                "{}",
                endpoint.name
            );
            taken += 1;
        }
    }
    tests::report(&format!(
        "{taken} routes take a key, {own} are a person's own"
    ));
    assert!(taken >= 7 && own >= 7);
}

#[tokio::test]
async fn admins_see_the_keys_of_their_tenant_and_others_their_own() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "editor").await;
    let ids = |keys: &[Value]| -> Vec<String> {
        let ids = keys
            .iter()
            .map(|key| key["id"].as_str().expect("it has one").to_owned());
        ids.collect()
    };
    let eves = eve.api_key("viewer").await;
    let adas = ada.api_key("viewer").await;
    let bobs = bob.api_key("viewer").await;
    let admins = ada.api_key("admin").await;

    let all = vec![admins.id.clone(), bobs.id.clone(), adas.id.clone()];
    assert_eq!(ids(&listed(&ada).await), all, "the newest first");
    assert_eq!(ids(&listed(&admins).await), all);
    assert_eq!(
        ids(&listed(&adas).await),
        [admins.id.clone(), adas.id.clone()]
    );
    let own = bob.get("/api/api-keys").await.expect(200);
    assert_eq!(
        ids(own["data"].as_array().expect("it is a list")),
        [&*bobs.id]
    );
    assert_eq!(ids(&listed(&bobs).await), [&*bobs.id]);
    assert_eq!(ids(&listed(&eve).await), [&*eves.id]);

    for (asks, all) in [
        (&ada, &all),
        (&*adas, &vec![admins.id.clone(), adas.id.clone()]),
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = asks
                .get(&format!("/api/api-keys?limit=1{cursor}"))
                .await
                .expect(200);
            seen.extend(ids(page["data"].as_array().expect("it is a list")));
            let Some(next) = page["meta"]["next_cursor"].as_str() else {
                break;
            };
            let other = if asks.token == ada.token {
                &*adas
            } else {
                &ada
            };
            let others = other.get(&format!("/api/api-keys?cursor={next}")).await;
            others.refused(400);
            cursor = format!("&cursor={next}");
        }
        assert_eq!(&seen, all, "page by page");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_with_its_connections_and_no_other() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let (key, other) = (ada.api_key("editor").await, ada.api_key("viewer").await);
    let mut sockets = [
        key.connect().await,
        other.connect().await,
        ada.connect().await,
    ];
    for socket in &mut sockets {
        socket.subscribe(&apollo).await;
    }
    key.task(&apollo, "By a key").await;
    for socket in &mut sockets {
        assert_eq!(socket.expect_next().await["data"]["title"], "By a key");
    }
    let ticket = key.ticket().await;

    assert_eq!(revoke(&ada, &key.id).await.status, 204);
    assert!(!is_in(&key).await);
    let [mut closed, rest @ ..] = sockets;
    assert_eq!(closed.next().await, None, "the connection is closed");
    let refused = connecting(&ada, &ticket).await;
    assert_eq!(refused, 401, "nor opens its ticket another");
    for mut socket in rest {
        assert_eq!(
            socket.ask(json!({ "action": "ping" })).await["type"],
            "pong"
        );
    }
    assert!(is_in(&other).await);
    assert_eq!(revoke(&ada, &key.id).await.refused(404).1, MISSING);
    Records::of(&app).await.assert_consistent(1);
}

#[tokio::test]
async fn a_key_is_revoked_by_its_maker_or_an_admin_and_is_there_for_nobody_else() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let own = app.member("bob").await;
    let bob = app.enrol(&ada, &own, "editor").await;
    let adas = ada.api_key("viewer").await;
    let bobs = [bob.api_key("viewer").await, bob.api_key("editor").await];
    let never = "01900000-0000-7000-8000-000000000000";
    let without_id = |answer: Answer| {
        let mut body = answer.expect(404);
        body["error"]["request_id"].take();
        body
    };
    let nothing = without_id(revoke(&ada, never).await);
    assert_eq!(nothing["error"]["message"], MISSING);
    let path = format!("/api/api-keys/{}", adas.id);
    assert_eq!(
        without_id(bob.delete(&path).await),
        nothing,
        "a colleague's"
    );
    assert_eq!(
        without_id(revoke(&eve, &adas.id).await),
        nothing,
        "another tenant's"
    );
    // In his own tenant he is an admin, and the key is of another.
    assert_eq!(without_id(revoke(&own, &bobs[0].id).await), nothing);

    assert_eq!(
        bob.delete(&format!("/api/api-keys/{}", bobs[0].id))
            .await
            .status,
        204
    );
    assert_eq!(revoke(&ada, &bobs[1].id).await.status, 204);
    for key in &bobs {
        assert!(!is_in(key).await);
    }
    assert!(is_in(&adas).await);
    assert_eq!(Records::of(&app).await.keys(), 1);
}

#[tokio::test]
async fn a_key_expires() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let expires_at = app.stack().clock().now() + 300_000;
    let body = json!({ "name": "Short", "role": "viewer", "expires_at": expires_at });
    let key = ApiKey::made(&ada, make(&ada, body).await);
    let mut socket = key.connect().await;
    let mut listening = key.connect().await;
    let room = json!({ "action": "subscribe", "room": format!("project/{apollo}") });
    assert_eq!(listening.ask(room).await["type"], "subscribed");
    app.advance(Duration::from_secs(290));
    assert!(is_in(&key).await);
    app.advance(Duration::from_secs(11));
    assert!(!is_in(&key).await);
    let room = json!({ "action": "subscribe", "room": format!("project/{apollo}") });
    assert_eq!(socket.ask(room).await["error"]["code"], "UNAUTHENTICATED");
    assert_eq!(listed(&ada).await, Vec::<Value>::new());
    ada.task(&apollo, "Not for the key").await;
    assert_eq!(
        listening.next().await,
        None,
        "it hears nothing, and is closed"
    );
    assert_eq!(revoke(&ada, &key.id).await.status, 204);
    Records::of(&app).await.assert_consistent(0);
}

#[tokio::test]
async fn a_key_may_do_no_more_than_its_maker_may_at_the_moment() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, "admin").await;
    let keys = [
        bob.api_key("viewer").await,
        bob.api_key("editor").await,
        bob.api_key("admin").await,
    ];
    for (maker, expected) in [
        ("admin", ["viewer", "editor", "admin"]),
        ("editor", ["viewer", "editor", "editor"]),
        ("viewer", ["viewer", "viewer", "viewer"]),
        ("admin", ["viewer", "editor", "admin"]),
    ] {
        let path = format!("/api/members/{}", bob.user_id);
        let body = json!({ "role": maker });
        ada.patch(&path, body).await.expect(200);
        for (key, expected) in keys.iter().zip(expected) {
            assert_eq!(role(key).await, expected, "of a {maker}");
        }
    }
}

#[tokio::test]
async fn a_key_dies_with_its_maker_s_membership_and_nothing_is_left_of_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let home = app.member("bob").await;
    let own = home.api_key("admin").await;
    for leaves in [false, true] {
        let bob = app.enrol(&ada, &home, "editor").await;
        let keys = join_all((0..4).map(|_| bob.api_key("editor"))).await;
        for key in &keys {
            assert!(is_in(key).await);
        }
        let mut socket = keys[0].connect().await;
        socket.subscribe(&apollo).await;
        let ticket = keys[0].ticket().await;
        Records::of(&app).await.assert_consistent(5);

        let path = format!("/api/members/{}", bob.user_id);
        let remover = if leaves { &bob } else { &ada };
        remover.delete(&path).await.expect(204);
        for key in &keys {
            assert!(!is_in(key).await);
        }
        assert_eq!(socket.next().await, None, "the connection is closed");
        assert_eq!(connecting(&ada, &ticket).await, 401);
        Records::of(&app).await.assert_consistent(1);
        assert!(is_in(&own).await, "his own tenant's goes on");
        assert_eq!(listed(&ada).await.len(), 0);
    }
}

/// Whatever has removed the membership, and left the keys.
#[tokio::test]
async fn another_membership_wakes_no_key_of_the_one_before() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let home = app.member("bob").await;
    let bob = app.enrol(&ada, &home, "admin").await;
    let (key, ticket) = (
        bob.api_key("admin").await,
        bob.api_key("admin").await.ticket().await,
    );
    assert!(is_in(&key).await);
    let mut row = membership(&app, &bob).await;
    let delete = app.dynamodb().delete_item().table_name(tables::IDENTITY);
    let item = json!({ "pk": row["pk"], "sk": row["sk"] });
    let item = serde_dynamo::to_item(item).expect("it is a key");
    let outcome = delete.set_key(Some(item)).send().await;
    outcome.expect("it can be removed");
    assert!(!is_in(&key).await);
    let named = key.request("GET", "/api/me");
    let named = named.header("x-tenant-id", &ada.tenant_id);
    answer(named).await.refused(401);
    assert_eq!(connecting(&ada, &ticket).await, 401);

    let began = row["created_at"].as_i64().expect("it is a time");
    for (created_at, wakes) in [(began + 1, false), (began - 1, false), (began, true)] {
        row["created_at"] = json!(created_at);
        app.put(tables::IDENTITY, &row).await;
        assert_eq!(is_in(&key).await, wakes);
    }
}

#[tokio::test]
async fn a_key_acts_in_its_one_tenant() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let home = app.member("bob").await;
    let bob = app.enrol(&ada, &home, "admin").await;
    let key = bob.api_key("admin").await;
    let at = async |key: &Member, tenant: &str| {
        answer(key.request("GET", "/api/me").header("x-tenant-id", tenant)).await
    };
    let me = at(&key, &ada.tenant_id).await.expect(200);
    assert_eq!(me["data"]["tenant_id"], ada.tenant_id.as_str());
    assert_eq!(me["data"]["tenants"].as_array().map(Vec::len), Some(1));
    let nobody_s = "01900000-0000-7000-8000-000000000000";
    for other in [&*home.tenant_id, &eve.tenant_id, nobody_s, "acme"] {
        let (_, message) = at(&key, other).await.refused(404);
        assert_eq!(message, "Tenant not found", "{other}");
    }
    revoke(&ada, &key.id).await.expect(204);
    // Who has no valid key learns nothing of any tenant.
    for other in [&*ada.tenant_id, &eve.tenant_id, nobody_s] {
        at(&key, other).await.refused(401);
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_and_what_has_not_the_form_of_one_without_a_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let key = ada.api_key("viewer").await.key;
    let ask = async |header: &str, value: &str| {
        app.forget_calls();
        let request = app.request("GET", "/api/me").header(header, value);
        let answer = answer(request).await;
        let calls = app.calls_of("get-me");
        let calls: Vec<_> = calls.into_iter().map(|call| call.operation).collect();
        (answer.status, calls)
    };
    let first = if key.as_bytes()[10] == b'A' { "B" } else { "A" };
    let mut mistyped = key.clone();
    mistyped.replace_range(10..11, first);
    for text in [
        &*mistyped,
        &key[..52],
        "tnn_",
        "x",
        &ada.token,
        &key.to_uppercase(),
    ] {
        assert_eq!(ask("x-api-key", text).await, (401, Vec::new()), "{text}");
    }
    let bearer = format!("Bearer {mistyped}");
    assert_eq!(ask("authorization", &bearer).await, (401, Vec::new()));

    let unknown = unknown_key();
    assert_eq!(
        ask("x-api-key", &unknown).await,
        (401, vec!["GetItem".to_owned()])
    );
    let (status, calls) = ask("x-api-key", &key).await;
    assert_eq!(status, 200);
    assert_eq!(
        calls[..2],
        ["GetItem", "BatchGetItem"],
        "whose it is, and what is now"
    );
    assert_eq!(written(&app, "get-me"), 1);
    let (status, calls) = ask("x-api-key", &key).await;
    assert_eq!(status, 200);
    assert_eq!(calls[0], "BatchGetItem", "whose it is was remembered");
    assert_eq!(written(&app, "get-me"), 0);

    let both = app
        .request("GET", "/api/me")
        .bearer_auth(&ada.token)
        .header("x-api-key", &key);
    let (code, message) = answer(both).await.refused(400);
    assert_eq!(code, "BAD_REQUEST");
    assert_eq!(message, "Send either Authorization or X-API-Key, not both");
}

/// A key that nobody was given, with the checksum that the README documents.
fn unknown_key() -> String {
    let secret = format!("tnn_{}", "A".repeat(43));
    let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&secret));
    secret + &digest[..6]
}

#[tokio::test]
async fn the_last_use_of_a_key_is_written_down_once_a_minute() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let key = ada.api_key("viewer").await;
    let last_use = async || listed(&app.log_in(&ada).await).await[0]["last_used_at"].clone();
    assert_eq!(last_use().await, Value::Null);
    for minute in 1..=3 {
        let now = app.stack().clock().now();
        app.forget_calls();
        let many = (0..12).map(|_| is_in(&key));
        assert!(join_all(many).await.into_iter().all(|is_in| is_in));
        // On a machine that is busy with other things not even one of them may be in time for it.
        for _ in 0..100 {
            if written(&app, "get-me") > 0 {
                break;
            }
            assert!(is_in(&key).await);
        }
        for path in ["/api/list-projects", "/api/api-keys"] {
            key.get(path).await.expect(200);
        }
        let by = ["get-me", "list-projects", "list-api-keys"].map(|name| written(&app, name));
        assert_eq!(by, [1, 0, 0], "in minute {minute}");
        let noted = last_use().await.as_i64().expect("it is a time");
        assert!((now..=app.stack().clock().now()).contains(&noted));
        app.advance(Duration::from_secs(61));
    }
}

/// How often a function has written down that a key is in use.
fn written(app: &App, function: &str) -> usize {
    let calls = app.calls_of(function).into_iter();
    let written = calls.filter(|call| is_a_note_of_use(call) && call.status == Some(200));
    written.count()
}

fn is_a_note_of_use(call: &CallRecord) -> bool {
    call.operation == "UpdateItem" && call.table.as_deref() == Some(tables::IDENTITY)
}

#[tokio::test]
async fn a_use_that_can_t_be_written_down_fails_nothing_and_delays_little() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let key = ada.api_key("viewer").await;
    assert!(is_in(&key).await);
    for kind in [
        FaultKind::Throttle,
        FaultKind::InternalError(Moment::BeforeEffect),
        FaultKind::TransactionConflict,
        FaultKind::Timeout(Moment::BeforeEffect),
    ] {
        app.advance(Duration::from_secs(61));
        let fault = Fault::new(kind).function("get-me").operation("UpdateItem");
        let fault = fault.table(tables::IDENTITY);
        let armed = app.fault(fault.times(u32::MAX));
        let started = std::time::Instant::now();
        assert!(is_in(&key).await, "{kind:?}");
        let took = started.elapsed();
        assert!(armed.fired() >= 1, "{kind:?}");
        assert!(took < Duration::from_secs(2), "{kind:?}: {took:?}");
        armed.disarm();
    }
}

#[tokio::test]
async fn a_key_is_made_or_revoked_whole_wherever_the_function_dies() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for (function, least) in [("create-api-key", 3), ("delete-api-key", 6)] {
        let mut deaths = app.deaths_of(function);
        while deaths.go_on() {
            let key = ada.api_key("viewer").await;
            let before = Records::of(&app).await.keys();
            let asked = async {
                let robot = json!({ "name": "Robot", "role": "viewer" });
                match function {
                    "create-api-key" => make(&ada, robot).await,
                    _ => revoke(&ada, &key.id).await,
                }
            };
            deaths.befall_request(asked).await;
            let records = Records::of(&app).await;
            let after = records.keys();
            records.assert_consistent(after);
            assert!(after.abs_diff(before) <= 1);
            if function == "delete-api-key" {
                assert_eq!(is_in(&key).await, after == before);
            }
            for key in listed(&ada).await {
                let id = key["id"].as_str().expect("it has one");
                revoke(&ada, id).await.expect(204);
            }
        }
        deaths.assert_at_least(least);
    }
    app.settled().await;
    app.ledger().await.assert_consistent();
}
