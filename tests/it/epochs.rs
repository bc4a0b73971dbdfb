//! Whatever lets somebody in ends with the epoch that it began in, whoever comes just then and however much there is.

use futures::future::{BoxFuture, FutureExt, join_all};
use serde_json::{Value, json};
use tests::{Answer, App, Issuer, Member, PASSWORD};

const NEW: &str = "another long enough one";

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/api/log-in", body).await
}

async fn reset_link(app: &App, member: &Member) -> String {
    let body = json!({ "email": member.email });
    let asked = app.post("/api/forgot-password", body).await;
    assert_eq!(asked.status, 204);
    app.emailed(&member.email, "reset-password").await
}

async fn reset(app: &App, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    app.post("/api/reset-password", body).await
}

async fn change(member: &Member, from: &str, to: &str) -> Answer {
    let body = json!({ "current_password": from, "password": to });
    member.post("/api/change-password", body).await
}

async fn is_in(member: &Member) -> bool {
    member.get("/api/me").await.status == 200
}

async fn invited(app: &App, admin: &Member, email: &str) -> String {
    let body = json!({ "email": email, "role": "viewer" });
    admin.post("/api/invitations", body).await.expect(201);
    app.emailed(email, "accept-invitation").await
}

async fn accepted(app: &App, token: &str) -> Member {
    let body = json!({ "token": token, "password": NEW });
    let answer = app.post("/api/accept-invitation", body).await;
    app.signed_in(&answer.expect(200)["data"])
}

/// Somebody logs in with the password of before again and again, until it is refused; returns all that they got.
async fn trying(app: &App, member: &Member) -> Vec<Member> {
    let mut got = Vec::new();
    loop {
        let tries = (0..3).map(|_| log_in(app, &member.email, PASSWORD));
        let answers = join_all(tries).await;
        let refused = answers.iter().any(|answer| answer.status != 200);
        let let_in = answers.into_iter().filter(|answer| answer.status == 200);
        got.extend(let_in.map(|answer| app.signed_in(&answer.body["data"])));
        if refused {
            return got;
        }
    }
}

async fn none_is_in(app: &App, members: &[Member]) {
    for member in members {
        assert!(!is_in(member).await, "one of {} is in", members.len());
        let body = json!({ "refresh_token": member.refresh_token });
        app.post("/api/refresh-token", body).await.refused(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_in_with_the_old_password_during_a_reset_is_out() {
    let app = App::start().await;
    for round in 0..3 {
        let ada = app.member(&format!("ada{round}")).await;
        let token = reset_link(&app, &ada).await;
        let (got, answer) = futures::join!(trying(&app, &ada), reset(&app, &token, NEW));
        assert_eq!(answer.status, 204);
        none_is_in(&app, &got).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_in_with_the_old_password_during_a_change_of_it_is_out() {
    let app = App::start().await;
    for round in 0..3 {
        let ada = app.member(&format!("ada{round}")).await;
        let (got, answer) = futures::join!(trying(&app, &ada), change(&ada, PASSWORD, NEW));
        assert_eq!(answer.status, 204);
        none_is_in(&app, &got).await;
        assert!(is_in(&ada).await, "who has changed it stays");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_logs_in_while_the_owner_of_an_address_accepts_is_out() {
    let app = App::start().await;
    let host = app.member("host").await;
    for round in 0..3 {
        let stranger = app.member(&format!("ada{round}")).await;
        let token = invited(&app, &host, &stranger.email).await;
        let (got, owner) = futures::join!(trying(&app, &stranger), accepted(&app, &token));
        none_is_in(&app, &got).await;
        none_is_in(&app, &[stranger]).await;
        assert!(is_in(&owner).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_set_a_password_at_once_one_does() {
    let app = App::start().await;
    for round in 0..3 {
        let ada = app.member(&format!("ada{round}")).await;
        let thief = app.log_in(&ada).await;
        let links = [reset_link(&app, &ada).await, reset_link(&app, &ada).await];
        let passwords = (0..6).map(|n| format!("long enough, number {n}"));
        let passwords: Vec<_> = passwords.collect();
        let attempts: [BoxFuture<'_, Answer>; 6] = [
            change(&ada, PASSWORD, &passwords[0]).boxed(),
            change(&thief, PASSWORD, &passwords[1]).boxed(),
            change(&thief, PASSWORD, &passwords[2]).boxed(),
            reset(&app, &links[0], &passwords[3]).boxed(),
            reset(&app, &links[0], &passwords[4]).boxed(),
            reset(&app, &links[1], &passwords[5]).boxed(),
        ];
        let answers = join_all(attempts).await;
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        let done: Vec<_> = (0..6).filter(|n| statuses[*n] == 204).collect();
        assert_eq!(done.len(), 1, "{statuses:?}");
        let others = statuses.iter().filter(|status| **status != 204);
        assert!(
            others
                .clone()
                .all(|status| [401, 409, 422].contains(status)),
            "{statuses:?}"
        );
        for (n, password) in passwords.iter().enumerate() {
            let works = log_in(&app, &ada.email, password).await.status == 200;
            assert_eq!(works, done == [n], "{n} of {statuses:?}");
        }
    }
}

#[tokio::test]
async fn however_many_sessions_and_tenants_there_are_they_end_at_once() {
    let app = App::start().await;
    let host = app.member("host").await;
    let stranger = app.member("ada").await;
    let mut sessions = vec![stranger.clone()];
    for _ in 0..45 {
        sessions.push(app.log_in(&stranger).await);
    }
    for n in 0..50 {
        let body = json!({ "name": format!("Tenant {n}") });
        stranger.post("/api/tenants", body).await.expect(201);
    }
    let token = invited(&app, &host, &stranger.email).await;
    let owner = accepted(&app, &token).await;
    none_is_in(&app, &sessions).await;
    let answer = log_in(&app, &owner.email, NEW).await.expect(200);
    let owner = app.signed_in(&answer["data"]);
    let listed = owner.get("/api/sessions").await.expect(200);
    let (own, by_the_link) = (1, 1);
    assert_eq!(
        listed["data"].as_array().map(Vec::len),
        Some(own + by_the_link)
    );
}

#[tokio::test]
async fn a_link_ends_with_the_epoch_that_it_was_asked_for_in() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let verification = app.emailed(&ada.email, "verify-email").await;
    let [first, second] = [reset_link(&app, &ada).await, reset_link(&app, &ada).await];
    assert_eq!(reset(&app, &first, NEW).await.status, 204);
    assert_eq!(
        reset(&app, &second, "x".repeat(20).as_str())
            .await
            .bad_fields(),
        ["token"]
    );
    let body = json!({ "token": verification });
    let answer = app.post("/api/verify-email", body).await;
    assert_eq!(answer.bad_fields(), ["token"]);

    let answer = log_in(&app, &ada.email, NEW).await.expect(200);
    let ada = app.signed_in(&answer["data"]);
    let third = reset_link(&app, &ada).await;
    assert_eq!(change(&ada, NEW, PASSWORD).await.status, 204);
    assert_eq!(reset(&app, &third, NEW).await.bad_fields(), ["token"]);
    let fourth = reset_link(&app, &ada).await;
    let out = ada.post("/api/log-out-everywhere", json!({})).await;
    assert_eq!(out.status, 204);
    assert_eq!(reset(&app, &fourth, NEW).await.bad_fields(), ["token"]);
    log_in(&app, &ada.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn of_the_connections_those_close_whose_sessions_have_ended() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let phone = app.log_in(&ada).await;
    let key = ada.api_key("viewer").await;
    let (mut adas, mut phones) = (ada.connect().await, phone.connect().await);
    let mut keys = key.connect().await;
    assert_eq!(change(&ada, PASSWORD, NEW).await.status, 204);
    assert_eq!(phones.next().await, None);
    for socket in [&mut adas, &mut keys] {
        assert_eq!(
            socket.ask(json!({ "action": "ping" })).await["type"],
            "pong"
        );
    }
    let listed = ada.get("/api/sessions").await.expect(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["data"][0]["current"], true);
}

async fn listed(member: &Member) -> Vec<Value> {
    let body = member.get("/api/api-keys").await.expect(200);
    body["data"].as_array().expect("it is a list").clone()
}

#[tokio::test]
async fn keys_of_before_a_recovery_are_dead_and_neither_listed_nor_counted() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let stranger = app.member("ada").await;
    let mut keys = Vec::new();
    for _ in 0..20 {
        keys.push(stranger.api_key("admin").await);
    }
    let mut socket = keys[0].connect().await;
    let token = issuer.token("ada");
    let as_owner = app.request("GET", "/api/me").bearer_auth(&token).send();
    assert_eq!(as_owner.await.expect("the API answers").status(), 200);
    for key in &keys {
        key.get("/api/me").await.refused(401);
    }
    assert_eq!(socket.next().await, None);
    let mut owner = stranger.acting_in(&stranger.tenant_id);
    owner.token = token;
    assert_eq!(listed(&owner).await, Vec::<Value>::new());
    let key = owner.api_key("admin").await;
    assert_eq!(listed(&owner).await.len(), 1);
    assert!(is_in(&key).await);
    let rows = app.rows(tests::tables::IDENTITY, "KEY").await;
    let of_keys = serde_json::to_string(&rows).expect("they are rows");
    for dead in &keys {
        assert!(!of_keys.contains(&dead.id), "{of_keys}");
    }
}

#[tokio::test]
async fn a_key_that_has_expired_is_neither_listed_nor_counted() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let lasting = ada.api_key("viewer").await;
    let now = ada.get("/api/sessions").await.expect(200)["data"][0]["created_at"].as_i64();
    let soon = now.expect("it is a time") + 60_000;
    for _ in 0..19 {
        let body = json!({ "name": "Short", "role": "viewer", "expires_at": soon });
        ada.post("/api/api-keys", body).await.expect(201);
    }
    let body = json!({ "name": "One more", "role": "viewer" });
    ada.post("/api/api-keys", body.clone()).await.refused(409);
    app.advance(std::time::Duration::from_secs(61));
    let ids: Vec<_> = listed(&ada)
        .await
        .into_iter()
        .map(|key| key["id"].clone())
        .collect();
    assert_eq!(ids, [json!(lasting.id)]);
    ada.post("/api/api-keys", body).await.expect(201);
    assert_eq!(listed(&ada).await.len(), 2);
}
