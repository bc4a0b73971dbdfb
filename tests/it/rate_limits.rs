//! How often somebody may call: so many times in any minute, whoever comes at once, and who is refused did not call.

mod crowd;

use std::time::Duration;

use futures::{StreamExt, stream};
use local::front::{Fault, FaultKind};
use local::stack::RATE_LIMIT;
use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, attachment, tables};

/// A Tenon whose users and keys may make so many calls in a minute.
async fn limited_to(calls: u32) -> App {
    App::start_with(|options| options.rate_limit = calls).await
}

/// What an answer says of the limit: how many, how many are left, and when there is one more.
#[track_caller]
fn quota(answer: &Answer) -> (u32, u32, i64) {
    let header = |name: &str| {
        let value = answer.header(&format!("x-ratelimit-{name}"));
        value.unwrap_or_else(|| panic!("it says no {name}: {}", answer.body))
    };
    let number = |name: &str| header(name).parse().expect("it is a number");
    let reset = header("reset").parse().expect("it is a time");
    (number("limit"), number("remaining"), reset)
}

#[track_caller]
fn wait(answer: &Answer) -> Duration {
    let wait = answer.header("retry-after").expect("it says when");
    Duration::from_secs(wait.parse().expect("it is a number"))
}

async fn me(member: &Member) -> Answer {
    member.get("/api/me").await
}

/// Makes so many calls that are let in.
async fn call(member: &Member, times: u32) {
    let calls = stream::iter(0..times).map(|_| me(member));
    let mut answers = calls.buffer_unordered(8);
    while let Some(answer) = answers.next().await {
        answer.expect(200);
    }
}

/// What is counted of those who have called.
async fn counts(app: &App) -> Vec<Value> {
    app.rows(tables::EPHEMERAL, "CALLS").await
}

/// What a get-me has written.
fn writes(app: &App) -> usize {
    let calls = app.calls_of("get-me");
    let written = calls.iter().filter(|call| call.operation != "BatchGetItem");
    written
        .filter(|call| call.operation != "GetItem" && call.operation != "Query")
        .count()
}

#[tokio::test]
async fn the_101st_call_of_a_minute_is_refused_and_does_not_count() {
    let app = limited_to(RATE_LIMIT).await;
    let ada = app.member("ada").await;
    let first = me(&ada).await;
    let (limit, remaining, reset) = quota(&first);
    assert_eq!((limit, remaining), (100, 99));
    let from_now = reset * 1000 - app.stack().clock().now();
    assert!((50_000..=61_000).contains(&from_now), "{from_now}");

    app.advance(Duration::from_secs(10));
    call(&ada, 98).await;
    assert_eq!(quota(&me(&ada).await).1, 0);

    let before = counts(&app).await;
    app.forget_calls();
    for _ in 0..20 {
        let refused = me(&ada).await;
        let (limit, remaining, reset) = quota(&refused);
        assert_eq!((limit, remaining), (100, 0));
        let until = i64::try_from(wait(&refused).as_millis()).expect("it is short");
        let from_now = reset * 1000 - app.stack().clock().now();
        assert!((until - 10_000..=until).contains(&from_now), "{from_now}");
        assert!(until <= 51_000, "{until}");
        let (code, message) = refused.refused(429);
        assert_eq!(code, "RATE_LIMITED");
        assert_eq!(message, "Too many requests, please try again later");
    }
    assert_eq!(writes(&app), 0, "who is refused writes nothing");
    assert_eq!(counts(&app).await, before);

    let made = ada
        .post("/api/create-project", json!({ "name": "Apollo" }))
        .await;
    made.refused(429);
    assert_eq!(app.rows(tables::DATA, "PROJECT").await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_window_slides_and_gives_back_what_was_taken_a_minute_ago() {
    let app = limited_to(20).await;
    let ada = app.member("ada").await;
    call(&ada, 5).await;
    app.advance(Duration::from_secs(40));
    call(&ada, 15).await;

    let refused = me(&ada).await;
    app.advance(wait(&refused));
    call(&ada, 1).await;
    app.advance(Duration::from_secs(10));
    call(&ada, 4).await;
    let refused = me(&ada).await;
    assert!(wait(&refused) > Duration::from_secs(5), "the other fifteen");
    refused.refused(429);

    app.advance(Duration::from_secs(300));
    assert_eq!(quota(&me(&ada).await).1, 19);
    assert_eq!(counts(&app).await.len(), 1, "a user has one row");
}

#[tokio::test]
async fn users_and_keys_are_counted_apart_and_the_log_ins_of_a_user_together() {
    let app = limited_to(10).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let key = ada.api_key("editor").await;
    let elsewhere = app.log_in(&ada).await;
    call(&ada, 5).await;
    call(&elsewhere, 4).await;
    for refused in [me(&ada).await, me(&elsewhere).await] {
        refused.refused(429);
    }
    assert_eq!(quota(&me(&key).await).1, 9);
    call(&key, 9).await;
    me(&key).await.refused(429);
    assert_eq!(quota(&me(&bob).await).1, 9);
}

#[tokio::test]
async fn a_tenant_says_how_many_calls_its_members_may_make() {
    let app = limited_to(RATE_LIMIT).await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let path = format!("/api/tenants/{}/settings", ada.tenant_id);
    let set = async |calls: Value| {
        let limits = json!({ "requests_per_minute": calls });
        let answer = ada
            .put(&path, json!({ "name": "Ada", "rate_limits": limits }))
            .await;
        answer.expect(200)["data"]["settings"]["rate_limits"].clone()
    };
    assert_eq!(set(json!(60)).await, json!({ "requests_per_minute": 60 }));
    let (limit, remaining, _) = quota(&me(&ada).await);
    assert_eq!((limit, remaining), (60, 58));
    let key = ada.api_key("viewer").await;
    assert_eq!(quota(&me(&key).await).0, 60);
    call(&key, 59).await;
    me(&key).await.refused(429);

    set(json!(1000)).await;
    assert_eq!(quota(&me(&key).await).0, 1000);
    // Less than has been asked for by now.
    call(&key, 100).await;
    assert_eq!(
        set(Value::Null).await,
        json!({ "requests_per_minute": null })
    );
    let refused = me(&key).await;
    assert_eq!((quota(&refused).0, quota(&refused).1), (100, 0));
    refused.refused(429);

    set(json!(60)).await;
    let stranger = eve.acting_in(&ada.tenant_id);
    let (nobody_s, hers) = (
        me(&eve.acting_in(&nobody_s_id())).await,
        me(&stranger).await,
    );
    for refused in [&nobody_s, &hers] {
        assert_eq!(
            quota(refused).0,
            100,
            "who is not of a tenant is not told its limit"
        );
    }
    assert_eq!(
        quota(&nobody_s).1,
        quota(&hers).1 + 1,
        "who tries doors is counted"
    );
    assert_eq!(nobody_s.refused(404), hers.refused(404));
}

/// An id that is nobody's.
fn nobody_s_id() -> String {
    "01900000-0000-7000-8000-000000000001".to_owned()
}

#[tokio::test]
async fn no_limit_is_none_whatever_a_tenant_says() {
    let app = limited_to(0).await;
    let ada = app.member("ada").await;
    let path = format!("/api/tenants/{}/settings", ada.tenant_id);
    let limits = json!({ "requests_per_minute": 60 });
    let set = ada.put(&path, json!({ "name": "Ada", "rate_limits": limits }));
    set.await.expect(200);
    call(&ada, 130).await;
    assert!(me(&ada).await.header("x-ratelimit-limit").is_none());
    assert_eq!(counts(&app).await, Vec::<Value>::new());
}

#[tokio::test]
async fn of_searches_and_of_files_there_may_be_three_tenths() {
    let app = limited_to(20).await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    for left in (0..6).rev() {
        let (_, answer) = ada.search(&apollo, "to do").await;
        assert_eq!((quota(&answer).0, quota(&answer).1), (6, left));
    }
    let search = json!({ "projectId": apollo, "query": "to do" });
    let refused = ada.post("/api/search-tasks", search).await;
    assert_eq!((quota(&refused).0, quota(&refused).1), (6, 0));
    refused.refused(429);

    ada.task(&apollo, "Without a file").await;
    let task = |filename: &str| {
        let file = attachment(PNG, filename, "image/png");
        json!({ "projectId": apollo, "title": "With one", "attachment": file })
    };
    for left in (0..6).rev() {
        let answer = ada.post("/api/create-task", task("a.png")).await;
        assert_eq!((quota(&answer).0, quota(&answer).1), (6, left));
        answer.expect(201);
    }
    let refused = ada.post("/api/create-task", task("b.png")).await;
    assert_eq!((quota(&refused).0, quota(&refused).1), (6, 0));
    refused.refused(429);
    // The project, six searches, a task without a file and six with one: six calls are left of twenty.
    call(&ada, 6).await;
    me(&ada).await.refused(429);
}

#[tokio::test]
async fn every_answer_to_somebody_who_is_known_says_what_is_left() {
    let app = limited_to(RATE_LIMIT).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let viewer = app.enrol(&ada, &bob, "viewer").await;
    let apollo = ada.project("Apollo").await;
    let path = format!("/api/projects/{apollo}");
    let tag = ada
        .get(&path)
        .await
        .header("etag")
        .expect("it has one")
        .to_owned();
    let same = ada
        .request("GET", &path)
        .header("if-none-match", tag)
        .send();
    let answers = [
        (304, Answer::of(same.await.expect("the API answers")).await),
        (
            201,
            ada.post("/api/create-project", json!({ "name": "Gemini" }))
                .await,
        ),
        (204, ada.post("/api/send-verification", json!({})).await),
        (400, ada.get("/api/members?page=x").await),
        (
            403,
            viewer
                .post("/api/create-project", json!({ "name": "Gemini" }))
                .await,
        ),
        (
            404,
            ada.get(&format!("/api/projects/{}", nobody_s_id())).await,
        ),
        (422, ada.post("/api/create-project", json!({})).await),
    ];
    let mut left = Vec::new();
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(quota(&answer).0, 100);
        left.push(quota(&answer).1);
    }
    left.remove(4);
    assert!(left.is_sorted_by(|one, next| *one == next + 1), "{left:?}");

    let mut nobody = ada.clone();
    nobody.token = "no token".to_owned();
    let anonymous = app.get("/.well-known/jwks.json").await;
    for answer in [me(&nobody).await, anonymous] {
        assert!(answer.header("x-ratelimit-limit").is_none());
    }
}

#[tokio::test]
async fn who_tries_passwords_is_told_their_limit_too() {
    let app = limited_to(RATE_LIMIT).await;
    let ada = app.member("ada").await;
    let body = json!({ "email": ada.email, "password": "not this one" });
    for left in (0..10).rev() {
        let answer = app.post("/api/log-in", body.clone()).await;
        assert_eq!((quota(&answer).0, quota(&answer).1), (10, left));
        answer.refused(401);
    }
    let refused = app.post("/api/log-in", body).await;
    let (limit, remaining, reset) = quota(&refused);
    assert_eq!((limit, remaining), (10, 0));
    let until = i64::try_from(wait(&refused).as_millis()).expect("it is short");
    let from_now = reset * 1000 - app.stack().clock().now();
    assert!((until - 10_000..=until).contains(&from_now), "{from_now}");
    refused.refused(429);
}

#[tokio::test]
async fn who_cannot_be_counted_is_not_served() {
    let app = limited_to(RATE_LIMIT).await;
    let ada = app.member("ada").await;
    call(&ada, 1).await;
    let fault = Fault::new(FaultKind::Throttle).table(tables::EPHEMERAL);
    let armed = app.fault(fault.operation("UpdateItem").times(u32::MAX));
    let body = json!({ "name": "Apollo" });
    let refused = ada.post("/api/create-project", body.clone()).await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.refused(503).0, "UNAVAILABLE");
    assert_eq!(app.rows(tables::DATA, "PROJECT").await, Vec::<Value>::new());
    armed.disarm();
    ada.post("/api/create-project", body).await.expect(201);
}
