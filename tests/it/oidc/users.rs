//! Whose the provider's tokens are here.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Issuer, Member, PASSWORD, tables};

use super::{known, me, sent, with};

const NEW: &str = "another long enough one";

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/api/log-in", body).await
}

/// The token of the link that was emailed last.
async fn emailed(app: &App) -> String {
    app.settled().await;
    let emails = app.outbox().await;
    let text = emails.first().and_then(|email| email.text.as_deref());
    let (_, link) = text
        .and_then(|text| text.split_once("?token="))
        .expect("it has a link");
    let token = link.split_whitespace().next();
    token.expect("it has a token").to_owned()
}

/// A member who has shown that their address is theirs.
async fn verified(app: &App, name: &str) -> Member {
    let member = app.member(name).await;
    let asked = member.post("/api/send-verification", json!({})).await;
    assert_eq!(asked.status, 204);
    let body = json!({ "token": emailed(app).await });
    assert_eq!(app.post("/api/verify-email", body).await.status, 204);
    member
}

async fn links(app: &App) -> usize {
    app.rows(tables::IDENTITY, "OIDC").await.len()
}

#[tokio::test]
async fn who_has_verified_their_address_here_is_the_same_user_there() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let ada = verified(&app, "ada").await;
    let (user, tenant) = known(&app, &issuer.token("ada")).await;
    assert_eq!((&user, &tenant), (&ada.user_id, &ada.tenant_id));
    ada.get("/api/me").await.expect(200);
    log_in(&app, &ada.email, PASSWORD).await.expect(200);
    assert_eq!(links(&app).await, 1);
}

/// A stranger may have signed up with an address of somebody who comes later. They keep nothing.
#[tokio::test]
async fn an_account_whose_address_was_never_verified_is_taken_over() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let stranger = app.member("ada").await;
    let again = app.log_in(&stranger).await;
    let mut socket = stranger.connect().await;
    let (user, _) = known(&app, &issuer.token("ada")).await;
    assert_eq!(user, stranger.user_id);
    for session in [&stranger, &again] {
        session.get("/api/me").await.refused(401);
        let body = json!({ "refresh_token": session.refresh_token });
        app.post("/api/refresh-token", body).await.refused(401);
    }
    app.settled().await;
    assert_eq!(socket.next().await, None);
    log_in(&app, &stranger.email, PASSWORD).await.refused(401);
    let profile = me(&app, &issuer.token("ada")).await.expect(200);
    assert_eq!(profile["data"]["email_verified"], true);
}

/// Whose password was right a moment ago may be about to begin a session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_who_logs_in_just_then_is_out_as_well() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let stranger = app.member("ada").await;
    let token = issuer.token("ada");
    let log_ins = async {
        let mut got = vec![stranger.clone()];
        loop {
            let tries = (0..4).map(|_| log_in(&app, &stranger.email, PASSWORD));
            for answer in join_all(tries).await {
                if answer.status != 200 {
                    return got;
                }
                got.push(app.signed_in(&answer.body["data"]));
            }
        }
    };
    let (_, got) = futures::join!(known(&app, &token), log_ins);
    for session in got {
        session.get("/api/me").await.refused(401);
    }
}

#[tokio::test]
async fn however_many_sessions_a_stranger_has_none_is_left() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let stranger = app.member("ada").await;
    let mut sessions = Vec::new();
    for _ in 0..45 {
        sessions.push(app.log_in(&stranger).await);
    }
    known(&app, &issuer.token("ada")).await;
    for session in sessions {
        session.get("/api/me").await.refused(401);
    }
}

#[tokio::test]
async fn of_many_first_requests_at_once_one_user_comes() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    app.member("bob").await;
    for name in ["ada", "bob"] {
        let token = issuer.token(name);
        let users = join_all((0..8).map(|_| known(&app, &token))).await;
        assert!(users.iter().all(|user| *user == users[0]), "{users:?}");
    }
    assert_eq!(links(&app).await, 2);
    assert_eq!(app.rows(tables::IDENTITY, "ACCOUNT").await.len(), 2);
    assert_eq!(app.rows(tables::IDENTITY, "TENANT").await.len(), 2);
}

/// Two at the provider with one address: both are its user's.
#[tokio::test]
async fn two_identities_with_one_verified_address_are_one_user() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let mut other = issuer.claims("ada");
    other["sub"] = json!("another-subject");
    let tokens = [issuer.token("ada"), issuer.signed(&other)];
    let users = join_all(tokens.iter().map(|token| known(&app, token))).await;
    assert_eq!(users[0], users[1]);
    assert_eq!(links(&app).await, 2);
}

#[tokio::test]
async fn an_address_that_the_provider_has_not_verified_makes_nobody_known() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let ada = verified(&app, "ada").await;
    for unsure in [json!(false), json!("false"), Value::Null] {
        let mut claims = issuer.claims("ada");
        claims["email_verified"] = unsure;
        let (_, message) = me(&app, &issuer.signed(&claims)).await.refused(403);
        assert!(message.contains("verified"), "{message}");
    }
    assert_eq!(links(&app).await, 0);
    log_in(&app, &ada.email, PASSWORD).await.expect(200);
    let mut claims = issuer.claims("ada");
    claims["email_verified"] = json!("true");
    assert_eq!(known(&app, &issuer.signed(&claims)).await.0, ada.user_id);
}

#[tokio::test]
async fn who_has_not_been_seen_is_told_where_to_begin() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    let list = || sent(with(&app, &token, "GET", "/api/list-projects"));
    let (_, message) = list().await.refused(403);
    assert!(message.contains("GET /api/me"), "{message}");
    assert_eq!(app.rows(tables::IDENTITY, "ACCOUNT").await.len(), 0);
    known(&app, &token).await;
    list().await.refused(400);
}

#[tokio::test]
async fn once_linked_an_identity_stays_with_its_user() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let eve = verified(&app, "eve").await;
    let (ada, _) = known(&app, &issuer.token("ada")).await;
    let mut claims = issuer.claims("ada");
    claims["email"] = json!(eve.email);
    assert_eq!(known(&app, &issuer.signed(&claims)).await.0, ada);
    claims
        .as_object_mut()
        .expect("it is an object")
        .remove("email");
    assert_eq!(known(&app, &issuer.signed(&claims)).await.0, ada);
    // Nor does it depend on what a warm function remembers.
    let app = app.restart_with(|options| {
        options.clock = issuer.clock();
        options.identity_provider = Some(issuer.provider());
    });
    let app = app.await;
    assert_eq!(known(&app, &issuer.signed(&claims)).await.0, ada);
}

#[tokio::test]
async fn who_comes_from_the_provider_has_no_password_until_they_set_one() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    let (ada, _) = known(&app, &token).await;
    let unknown = log_in(&app, "nobody@example.com", PASSWORD)
        .await
        .refused(401);
    for password in [PASSWORD, "", "never a hash of anything"] {
        let refused = log_in(&app, "ada@example.com", password).await.refused(401);
        assert_eq!(refused, unknown);
    }
    let body = json!({ "email": "ada@example.com" });
    assert_eq!(app.post("/api/forgot-password", body).await.status, 204);
    let body = json!({ "token": emailed(&app).await, "password": NEW });
    assert_eq!(app.post("/api/reset-password", body).await.status, 204);
    let session = log_in(&app, "ada@example.com", NEW).await.expect(200);
    assert_eq!(session["data"]["user"]["id"], ada);
    assert_eq!(known(&app, &token).await.0, ada);
    let body = json!({ "email": "ada@example.com", "password": NEW, "name": "Ada" });
    app.post("/api/sign-up", body).await.refused(409);
}

#[tokio::test]
async fn a_request_with_the_provider_s_token_reads_no_more_than_one_with_ours() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let eve = app.member("eve").await;
    let token = issuer.token("ada");
    let (_, tenant) = known(&app, &token).await;
    let list =
        || sent(with(&app, &token, "GET", "/api/list-projects").header("x-tenant-id", &tenant));
    let mut calls = Vec::new();
    for round in 0..2 {
        app.forget_calls();
        list().await.expect(200);
        calls.push(app.calls_of("list-projects").len());
        if round == 0 {
            // A warm function whose tenant is another's again.
            eve.projects().await;
        }
    }
    app.forget_calls();
    eve.projects().await;
    let ours = app.calls_of("list-projects").len();
    assert_eq!(calls[1], ours, "{calls:?}");
}
