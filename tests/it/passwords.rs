//! Passwords: forgotten, changed, guessed; and whose address it is.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, App, Member, PASSWORD, tables};

const NEW: &str = "another long enough one";

async fn forgot(app: &App, email: &str) -> Answer {
    let body = json!({ "email": email });
    app.post("/api/forgot-password", body).await
}

async fn reset(app: &App, token: &str) -> Answer {
    let body = json!({ "token": token, "password": NEW });
    app.post("/api/reset-password", body).await
}

async fn log_in(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.post("/api/log-in", body).await
}

const RESET: &str = "Reset your password";

const VERIFY: &str = "Confirm your email address";

/// The token of the link that was emailed last, of those with this subject.
async fn emailed(app: &App, subject: &str) -> String {
    app.settled().await;
    let emails = app.emails(subject).await;
    let email = emails.first().expect("there is mail");
    let (text, html) = (email.text.as_deref(), email.html.as_deref());
    let (_, link) = text
        .and_then(|text| text.split_once("?token="))
        .expect("it has a link");
    let token = link.split_whitespace().next().expect("it has a token");
    assert!(html.is_some_and(|html| html.contains(token)));
    token.to_owned()
}

async fn reset_link(app: &App, member: &Member) -> String {
    let answer = forgot(app, &member.email).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null));
    emailed(app, RESET).await
}

async fn is_in(member: &Member) -> bool {
    member.get("/api/me").await.status == 200
}

#[tokio::test]
async fn who_has_forgotten_their_password_sets_a_new_one_by_an_emailed_link() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut socket = ada.connect().await;
    let token = reset_link(&app, &ada).await;

    assert_eq!(reset(&app, &token).await.status, 204);
    assert!(!is_in(&ada).await, "all sessions have ended");
    assert_eq!(socket.next().await, None, "and so have connections");
    log_in(&app, &ada.email, PASSWORD).await.refused(401);
    log_in(&app, &ada.email, NEW).await.expect(200);
}

#[tokio::test]
async fn a_link_works_once_for_an_hour_and_for_what_it_was_sent_for() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let token = reset_link(&app, &ada).await;
    let verify = json!({ "token": token });
    let answer = app.post("/api/verify-email", verify).await;
    assert_eq!(answer.bad_fields(), ["token"]);
    assert_eq!(reset(&app, &token).await.status, 204);
    assert_eq!(reset(&app, &token).await.bad_fields(), ["token"]);

    let late = reset_link(&app, &ada).await;
    app.advance(Duration::from_secs(3601));
    assert_eq!(reset(&app, &late).await.bad_fields(), ["token"]);
    for invented in ["", "x", "tnl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(reset(&app, invented).await.bad_fields(), ["token"]);
    }
    log_in(&app, &ada.email, NEW).await.expect(200);
}

#[tokio::test]
async fn of_many_who_follow_a_link_at_once_one_sets_the_password() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let token = reset_link(&app, &ada).await;
    let answers = futures::future::join_all((0..6).map(|_| reset(&app, &token))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422, 422, 422, 422, 422]);
}

#[tokio::test]
async fn nobody_learns_by_asking_whether_an_address_has_an_account() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let known = forgot(&app, &ada.email).await;
    let unknown = forgot(&app, "nobody@example.com").await;
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    app.settled().await;
    assert_eq!(app.emails(RESET).await.len(), 1);
}

#[tokio::test]
async fn the_token_of_a_link_stands_nowhere_but_in_the_email() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let token = reset_link(&app, &ada).await;
    let secret = token.strip_prefix("tnl_").expect("it is recognised");
    for table in [tables::DATA, tables::IDENTITY, tables::EPHEMERAL] {
        let rows = app.rows(table, "").await;
        let rows = serde_json::to_string(&rows).expect("they are rows");
        assert!(!rows.contains(secret), "{table} holds it");
    }
}

#[tokio::test]
async fn however_often_a_link_is_asked_for_its_user_has_five_in_an_hour() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for _ in 0..7 {
        assert_eq!(forgot(&app, &ada.email).await.status, 204);
    }
    app.settled().await;
    assert_eq!(app.emails(RESET).await.len(), 5);
}

#[tokio::test]
async fn who_changes_their_password_stays_and_all_others_are_out() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let phone = app.log_in(&ada).await;
    let body = json!({ "current_password": PASSWORD, "password": NEW });
    let wrong = json!({ "current_password": "not this one", "password": NEW });
    let answer = ada.post("/api/change-password", wrong).await;
    assert_eq!(answer.bad_fields(), ["current_password"]);
    assert!(is_in(&phone).await);

    assert_eq!(ada.post("/api/change-password", body).await.status, 204);
    assert!(is_in(&ada).await && !is_in(&phone).await);
    log_in(&app, &ada.email, PASSWORD).await.refused(401);
    log_in(&app, &ada.email, NEW).await.expect(200);
}

async fn is_verified(member: &Member) -> bool {
    let me = member.get("/api/me").await.expect(200);
    me["data"]["email_verified"].as_bool().expect("it is said")
}

#[tokio::test]
async fn an_address_is_verified_by_the_link_that_signing_up_sends_there() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    assert!(!is_verified(&ada).await);
    let token = emailed(&app, VERIFY).await;
    let body = json!({ "token": token });
    let answer = app.post("/api/verify-email", body.clone()).await;
    assert_eq!(answer.status, 204);
    assert!(is_verified(&ada).await);
    let again = app.post("/api/verify-email", body).await;
    assert_eq!(again.bad_fields(), ["token"]);
}

#[tokio::test]
async fn who_finds_an_address_taken_has_nothing_sent_there() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = json!({ "email": ada.email, "password": PASSWORD, "name": "Eve" });
    app.post("/api/sign-up", body).await.refused(409);
    app.settled().await;
    assert_eq!(app.emails("").await.len(), 1);
}

#[tokio::test]
async fn another_link_that_verifies_an_address_is_sent_until_it_is_verified() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.settled().await;
    let first = emailed(&app, VERIFY).await;
    let answer = ada.post("/api/send-verification", json!({})).await;
    assert_eq!(answer.status, 204);
    let token = emailed(&app, VERIFY).await;
    assert_ne!(token, first);
    let body = json!({ "token": token });
    let answer = app.post("/api/verify-email", body).await;
    assert_eq!(answer.status, 204);
    assert!(is_verified(&ada).await);

    let again = ada.post("/api/send-verification", json!({})).await;
    assert_eq!(again.status, 204);
    app.settled().await;
    assert_eq!(
        app.emails(VERIFY).await.len(),
        2,
        "there is nothing left to verify"
    );
}

#[tokio::test]
async fn passwords_are_guessed_ten_times_and_then_after_a_while() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    for _ in 0..10 {
        log_in(&app, &ada.email, "not this one").await.refused(401);
    }
    let answer = log_in(&app, &ada.email, PASSWORD).await;
    let wait: u64 = answer
        .header("retry-after")
        .and_then(|wait| wait.parse().ok())
        .expect("it says when");
    let (code, _) = answer.refused(429);
    assert_eq!(code, "RATE_LIMITED");
    assert!((1..=900).contains(&wait), "{wait}");
    log_in(&app, &bob.email, PASSWORD).await.expect(200);

    app.advance(Duration::from_secs(wait));
    log_in(&app, &ada.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_success_begins_the_count_anew() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for _ in 0..3 {
        for _ in 0..9 {
            log_in(&app, &ada.email, "not this one").await.refused(401);
        }
        log_in(&app, &ada.email, PASSWORD).await.expect(200);
    }
}

#[tokio::test]
async fn strangers_who_guess_from_everywhere_shut_nobody_out_where_they_have_been_before() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    log_in(&app, &ada.email, PASSWORD).await.expect(200);
    let from = async |host: u8, password: &str| {
        let body = json!({ "email": ada.email, "password": password });
        from(&app, host, "/api/log-in", &body).await
    };
    for host in 2..8 {
        for _ in 0..9 {
            from(host, "not this one").await;
        }
    }
    assert_eq!(from(9, PASSWORD).await, 429, "strangers wait");
    assert_eq!(from(1, PASSWORD).await, 200, "who has been there does not");
}

#[tokio::test]
async fn one_stranger_who_goes_on_guessing_shuts_nobody_else_out() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = |password: &str| json!({ "email": ada.email, "password": password });
    let mut told = Vec::new();
    for _ in 0..60 {
        told.push(from(&app, 2, "/api/log-in", &body("not this one")).await);
    }
    assert_eq!(told.iter().filter(|status| **status == 401).count(), 10);
    let elsewhere = from(&app, 9, "/api/log-in", &body(PASSWORD)).await;
    assert_eq!(elsewhere, 200);
}

/// What a host of this machine is told.
async fn from(app: &App, host: u8, path: &str, body: &Value) -> u16 {
    let client = reqwest::Client::builder()
        .local_address(IpAddr::from(Ipv4Addr::new(127, 0, 0, host)))
        .build()
        .expect("a client can be made");
    let url = format!("{}{path}", app.stack().api_url());
    let response = client.post(url).json(body).send().await;
    response.expect("the API answers").status().as_u16()
}

#[tokio::test]
async fn whatever_strangers_guess_the_owner_of_an_account_has_a_way_in() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let log_in = |password: &str| json!({ "email": ada.email, "password": password });
    for host in 2..7 {
        for _ in 0..10 {
            let guessed = from(&app, host, "/api/log-in", &log_in("not this one")).await;
            assert_eq!(guessed, 401);
        }
    }
    let at_home = from(&app, 1, "/api/log-in", &log_in(PASSWORD)).await;
    assert_eq!(at_home, 200, "where they have signed up");
    let body = json!({ "current_password": PASSWORD, "password": PASSWORD });
    let changed = ada.post("/api/change-password", body).await;
    assert_eq!(changed.status, 204, "nobody else is counted with them");

    let elsewhere = from(&app, 9, "/api/log-in", &log_in(PASSWORD)).await;
    assert_eq!(elsewhere, 429, "they can't be told from a stranger there");
    let forgotten = json!({ "email": ada.email });
    let asked = from(&app, 9, "/api/forgot-password", &forgotten).await;
    assert_eq!(asked, 204);
    let token = emailed(&app, RESET).await;
    let reset = json!({ "token": token, "password": NEW });
    assert_eq!(from(&app, 9, "/api/reset-password", &reset).await, 204);
    let body = log_in(NEW);
    assert_eq!(from(&app, 9, "/api/log-in", &body).await, 200);
}

#[tokio::test]
async fn links_of_one_kind_do_not_use_up_those_of_another() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for _ in 0..5 {
        let asked = ada.post("/api/send-verification", json!({})).await;
        assert_eq!(asked.status, 204);
    }
    let asked = ada.post("/api/send-verification", json!({})).await;
    assert_eq!(asked.status, 429);
    let token = reset_link(&app, &ada).await;
    assert_eq!(reset(&app, &token).await.status, 204);
}

/// A message of DynamoDB may quote what was sent to it.
#[tokio::test]
async fn of_a_call_that_fails_the_log_knows_what_it_was_and_nothing_of_what_was_sent() {
    use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

    let app = App::start().await;
    let (hash, address) = ("$argon2id$v=19$secret", "EMAIL#ada@example.com");
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let part = || {
        let put = Put::builder()
            .table_name(tables::IDENTITY)
            .item("pk", text(address))
            .item("sk", text("ACCOUNT"))
            .item("password_hash", text(hash));
        let put = put.build().expect("it is whole");
        TransactWriteItem::builder().put(put).build()
    };
    let calls = app.dynamodb().transact_write_items();
    let too_many = calls.set_transact_items(Some((0..101).map(|_| part()).collect()));
    let error = too_many.send().await.expect_err("it is refused");
    let line = shared::error::Error::from(error).to_string();
    assert!(
        line.contains("TransactWriteItems: ValidationException"),
        "{line}"
    );
    for sent in [hash, "ada@example.com", "ACCOUNT"] {
        assert!(!line.contains(sent), "{line}");
    }
}
