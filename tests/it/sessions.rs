//! Sessions: carried on by refresh tokens, and ended.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, App, Member};

async fn refresh(app: &App, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    app.post("/api/refresh-token", body).await
}

/// A member with the tokens of an answer.
fn with_tokens(member: &Member, answer: Answer) -> Member {
    let data = answer.expect(200)["data"].clone();
    let text = |name: &str| data[name].as_str().expect("it is a text").to_owned();
    assert_eq!(data["token_type"], "Bearer");
    assert_eq!(data["expires_in"], 900);
    let mut member = member.clone();
    member.token = text("access_token");
    member.refresh_token = text("refresh_token");
    member
}

async fn is_in(member: &Member) -> bool {
    match member.get("/api/me").await.status {
        200 => true,
        401 => false,
        status => panic!("{status} is neither in nor out"),
    }
}

async fn sessions(member: &Member) -> Vec<Value> {
    let body = member.get("/api/sessions").await.expect(200);
    body["data"].as_array().expect("it is a list").clone()
}

#[tokio::test]
async fn a_session_is_carried_on_with_a_token_that_is_replaced_each_time() {
    let app = App::start().await;
    let mut ada = app.member("ada").await;
    let mut seen = vec![ada.refresh_token.clone()];
    for _ in 0..3 {
        app.advance(Duration::from_secs(901));
        assert!(!is_in(&ada).await, "the access token has expired");
        ada = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
        assert!(is_in(&ada).await);
        assert!(!seen.contains(&ada.refresh_token));
        seen.push(ada.refresh_token.clone());
    }
    assert_eq!(sessions(&ada).await.len(), 1, "it is the same session");
}

#[tokio::test]
async fn only_hashes_of_refresh_tokens_are_stored() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let next = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
    let rows = app.rows(tests::tables::IDENTITY, "").await;
    let stored = serde_json::to_string(&rows).expect("they are rows");
    for token in [&ada.refresh_token, &next.refresh_token] {
        let secret = token.strip_prefix("tnr_").expect("it is recognised");
        assert_eq!(secret.len(), 43, "256 bits, base64url");
        assert!(!stored.contains(secret));
    }
}

#[tokio::test]
async fn whose_answer_was_lost_gets_the_same_successor_within_thirty_seconds() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let lost = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
    app.advance(Duration::from_secs(29));
    let again = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
    assert_eq!(again.refresh_token, lost.refresh_token);
    assert!(is_in(&again).await);
}

#[tokio::test]
async fn of_many_that_refresh_at_once_all_get_the_same_successor() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let answers = (0..8).map(|_| refresh(&app, &ada.refresh_token));
    let answers = futures::future::join_all(answers).await;
    let mut tokens: Vec<_> = answers
        .into_iter()
        .map(|answer| with_tokens(&ada, answer).refresh_token)
        .collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn a_token_that_is_used_twice_ends_the_session_of_thief_and_owner() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let other = app.log_in(&ada).await;
    let thief = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
    let mut socket = thief.connect().await;
    let thief = with_tokens(&thief, refresh(&app, &thief.refresh_token).await);

    let (code, _) = refresh(&app, &ada.refresh_token).await.refused(401);
    assert_eq!(code, "UNAUTHENTICATED");
    assert!(!is_in(&thief).await && !is_in(&ada).await);
    refresh(&app, &thief.refresh_token).await.refused(401);
    assert_eq!(socket.next().await, None, "the connection is closed");
    assert!(is_in(&other).await, "another log-in goes on");
}

#[tokio::test]
async fn a_late_repeat_ends_the_session_even_if_the_successor_was_never_used() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let next = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
    app.advance(Duration::from_secs(31));
    refresh(&app, &ada.refresh_token).await.refused(401);
    assert!(!is_in(&next).await);
}

#[tokio::test]
async fn a_session_ends_after_seven_days_however_it_is_carried_on() {
    let app = App::start().await;
    let mut ada = app.member("ada").await;
    for _ in 0..7 {
        ada = with_tokens(&ada, refresh(&app, &ada.refresh_token).await);
        app.advance(Duration::from_secs(24 * 3600));
    }
    refresh(&app, &ada.refresh_token).await.refused(401);
}

#[tokio::test]
async fn a_token_that_was_never_given_out_is_nobodys_and_ends_nothing() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for path in ["/api/refresh-token", "/api/log-out"] {
        for token in ["", "tnr_", "x", &format!("tnr_{}", "A".repeat(43))] {
            let body = json!({ "refresh_token": token });
            app.post(path, body).await.refused(401);
        }
        let none = app.post(path, json!({})).await;
        assert_eq!(none.bad_fields(), ["refresh_token"]);
    }
    assert!(is_in(&ada).await);
}

#[tokio::test]
async fn logging_out_ends_one_session_at_its_next_request_and_its_connections() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let phone = app.log_in(&ada).await;
    let (mut socket, mut phones) = (ada.connect().await, phone.connect().await);

    let body = json!({ "refresh_token": ada.refresh_token });
    let answer = app.post("/api/log-out", body.clone()).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    assert!(!is_in(&ada).await);
    refresh(&app, &ada.refresh_token).await.refused(401);
    assert_eq!(socket.next().await, None, "the connection is closed");
    assert!(is_in(&phone).await);
    assert_eq!(
        phones.ask(json!({ "action": "ping" })).await["type"],
        "pong"
    );

    let repeated = app.post("/api/log-out", body).await;
    assert_eq!(repeated.status, 204, "it can be repeated");
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_of_a_user_and_nobody_elses() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let phone = app.log_in(&ada).await;
    let mut socket = phone.connect().await;

    let answer = ada.post("/api/log-out-everywhere", json!({})).await;
    assert_eq!(answer.status, 204);
    for session in [&ada, &phone] {
        assert!(!is_in(session).await);
        refresh(&app, &session.refresh_token).await.refused(401);
    }
    assert_eq!(socket.next().await, None, "the connection is closed");
    assert!(is_in(&bob).await);
    assert!(is_in(&app.log_in(&ada).await).await, "one can log in again");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.advance(Duration::from_secs(60));
    let phone = app.log_in(&ada).await;

    let listed = sessions(&ada).await;
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["current"], false, "the newest comes first");
    assert_eq!(listed[1]["current"], true);
    assert_eq!(listed[0]["ip"], "127.0.0.1");
    assert!(listed[0]["created_at"].as_i64() > listed[1]["created_at"].as_i64());

    let path = format!("/api/sessions/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(ada.delete(&path).await.status, 204);
    assert!(!is_in(&phone).await);
    assert_eq!(sessions(&ada).await.len(), 1);
    let (code, _) = ada.delete(&path).await.refused(404);
    assert_eq!(code, "NOT_FOUND");
}

#[tokio::test]
async fn the_session_of_another_is_one_that_does_not_exist() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let adas = sessions(&ada).await[0]["id"].as_str().unwrap().to_owned();
    let nobodys = "01900000-0000-7000-8000-000000000000";
    let answers = [
        bob.delete(&format!("/api/sessions/{adas}")).await,
        bob.delete(&format!("/api/sessions/{nobodys}")).await,
    ]
    .map(|answer| answer.refused(404));
    assert_eq!(answers[0], answers[1]);
    for malformed in ["x", "%00", "01900000-0000-7000-8000-00000000000G"] {
        let path = format!("/api/sessions/{malformed}");
        bob.delete(&path).await.refused(404);
    }
    assert!(is_in(&ada).await);
}

#[tokio::test]
async fn one_hears_in_ones_own_room_that_a_session_has_ended() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let phone = app.log_in(&ada).await;
    let mut socket = ada.connect().await;
    let room = format!("user/{}", ada.user_id);
    let subscribe = json!({ "action": "subscribe", "room": room });
    assert_eq!(socket.ask(subscribe.clone()).await["seq"], 0);
    let mut bobs = bob.connect().await;
    assert_eq!(bobs.ask(subscribe).await["error"]["code"], "NOT_FOUND");

    let body = json!({ "refresh_token": phone.refresh_token });
    app.post("/api/log-out", body).await;
    let event = socket.expect_next().await;
    assert_eq!(event["type"], "sessions:ended");
    assert_eq!((&event["room"], &event["seq"]), (&json!(room), &json!(1)));
}

#[tokio::test]
async fn me_says_who_one_is_and_where_one_belongs() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let me = ada.get("/api/me").await.expect(200)["data"].clone();
    assert_eq!(
        me,
        json!({
            "user": { "id": ada.user_id, "email": "ada@example.com", "name": "ada" },
            "tenant_id": ada.tenant_id,
            "role": "admin",
            "tenants": [{ "id": ada.tenant_id, "name": "ada's workspace", "role": "admin" }],
        })
    );
    app.get("/api/me").await.refused(401);
}
