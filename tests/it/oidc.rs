//! An external identity provider: its tokens beside our own, and whose they are here.

mod keys;
mod users;

use std::time::Duration;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::{Answer, App, Issuer};

/// A request with a token of the provider.
fn with(app: &App, token: &str, method: &str, path: &str) -> RequestBuilder {
    app.request(method, path).bearer_auth(token)
}

async fn sent(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.expect("the API answers")).await
}

/// `GET /api/me`, which takes anyone's token and makes them known.
async fn me(app: &App, token: &str) -> Answer {
    sent(with(app, token, "GET", "/api/me")).await
}

/// Who somebody is here, and the one tenant that they belong to.
async fn known(app: &App, token: &str) -> (String, String) {
    let data = me(app, token).await.expect(200)["data"].clone();
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    assert_eq!(data["tenants"].as_array().map(Vec::len), Some(1), "{data}");
    (text(&data["user"]["id"]), text(&data["tenants"][0]["id"]))
}

#[tokio::test]
async fn a_token_of_the_provider_does_what_one_of_ours_does() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    let profile = me(&app, &token).await.expect(200)["data"].clone();
    assert_eq!(profile["user"]["email"], "ada@example.com");
    assert_eq!(profile["user"]["name"], "ada");
    assert_eq!(profile["email_verified"], true);
    assert_eq!(
        (&profile["tenant_id"], &profile["role"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(profile["tenants"][0]["role"], "admin");
    let tenant = profile["tenants"][0]["id"].as_str().expect("it has an id");

    let ask = |method, path, body: Value| {
        let request = with(&app, &token, method, path).header("x-tenant-id", tenant);
        sent(if method == "GET" {
            request
        } else {
            request.json(&body)
        })
    };
    let project = ask("POST", "/api/create-project", json!({ "name": "Apollo" })).await;
    let id = project.expect(201)["project"]["id"].clone();
    let task = json!({ "projectId": id, "title": "Land" });
    ask("POST", "/api/create-task", task).await.expect(201);
    let found = json!({ "projectId": id, "query": "moon" });
    ask("POST", "/api/search-tasks", found).await.expect(200);
    let listed = ask("GET", "/api/list-projects", Value::Null)
        .await
        .expect(200);
    assert_eq!(listed["projects"][0]["name"], "Apollo");
    let ticket = ask("POST", "/api/realtime-ticket", json!({}))
        .await
        .expect(201);
    let ticket = ticket["data"]["ticket"]
        .as_str()
        .expect("it is a text")
        .to_owned();
    let api = app.stack().api_url().replacen("http", "ws", 1);
    let mut socket = tests::Socket::connect(&format!("{api}/ws?ticket={ticket}")).await;
    socket.subscribe(id.as_str().expect("it is a text")).await;

    // Ours go on as before.
    let eve = app.member("eve").await;
    assert_eq!(eve.projects().await.0.len(), 0);
}

#[tokio::test]
async fn a_connection_ends_with_the_provider_s_token_that_opened_it() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let (_, tenant) = known(&app, &issuer.token("ada")).await;
    let mut claims = issuer.claims("ada");
    claims["exp"] = json!(issuer.clock().now() / 1000 + 60);
    let short = issuer.signed(&claims);
    let ask = |token: &str, path: &str, body: Value| {
        let request = with(&app, token, "POST", path).header("x-tenant-id", &tenant);
        sent(request.json(&body))
    };
    let body = json!({ "name": "Apollo" });
    let project = ask(&short, "/api/create-project", body).await.expect(201);
    let id = project["project"]["id"].as_str().expect("it is a text");
    let ticket = ask(&short, "/api/realtime-ticket", json!({}))
        .await
        .expect(201);
    let ticket = ticket["data"]["ticket"].as_str().expect("it is a text");
    let api = app.stack().api_url().replacen("http", "ws", 1);
    let mut socket = tests::Socket::connect(&format!("{api}/ws?ticket={ticket}")).await;
    socket.subscribe(id).await;

    // What clocks may differ is granted to both.
    app.advance(Duration::from_secs(91));
    let room = json!({ "action": "subscribe", "room": "tenant" });
    assert_eq!(socket.ask(room).await["error"]["code"], "UNAUTHENTICATED");
    let task = json!({ "projectId": id, "title": "Lift off" });
    let created = ask(&issuer.token("ada"), "/api/create-task", task).await;
    created.expect(201);
    assert_eq!(socket.next().await, None, "it hears nothing, and is closed");
}

#[tokio::test]
async fn a_token_of_the_provider_names_no_tenant() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    let (_, tenant) = known(&app, &token).await;
    let eve = app.member("eve").await;
    let list = |tenant: Option<&str>| {
        let request = with(&app, &token, "GET", "/api/list-projects");
        sent(
            tenant
                .iter()
                .fold(request, |request, id| request.header("x-tenant-id", *id)),
        )
    };
    let (_, message) = list(None).await.refused(400);
    assert_eq!(message, "Tenant not specified");
    list(Some(&tenant)).await.expect(200);
    let (_, theirs) = list(Some(&eve.tenant_id)).await.refused(404);
    let (_, nobody_s) = list(Some("01900000-0000-7000-8000-000000000000"))
        .await
        .refused(404);
    assert_eq!(theirs, nobody_s);

    // Whoever leaves a tenant is out of it at once, whatever their token.
    let (pk, sk) = (
        format!("USER#{}", known(&app, &token).await.0),
        format!("MEMBER#{tenant}"),
    );
    app.remove(tests::tables::IDENTITY, &pk, &sk).await;
    list(Some(&tenant)).await.refused(404);
}

#[tokio::test]
async fn who_comes_with_the_provider_s_tokens_has_no_sessions_here() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let token = issuer.token("ada");
    known(&app, &token).await;
    let sessions = sent(with(&app, &token, "GET", "/api/sessions")).await;
    sessions.refused(403);
    let body = json!({ "current_password": tests::PASSWORD, "password": "a new one, long enough" });
    let change = with(&app, &token, "POST", "/api/change-password").json(&body);
    sent(change).await.refused(403);
    let body = json!({ "refresh_token": token });
    app.post("/api/log-out", body).await.refused(422);
}

#[tokio::test]
async fn without_a_provider_its_tokens_are_nobody_s() {
    let issuer = Issuer::start().await;
    let app = App::start().await;
    me(&app, &issuer.token("ada")).await.refused(401);
    assert_eq!(issuer.requests(), 0);
}

#[tokio::test]
async fn what_the_provider_has_not_signed_for_us_and_for_now_is_refused() {
    let issuer = Issuer::start().await;
    let app = issuer.app().await;
    let now = app.stack().clock().now() / 1000;
    let but = |name: &str, value: Value| {
        let mut claims = issuer.claims("ada");
        claims[name] = value;
        issuer.signed(&claims)
    };
    // Before anything is fetched.
    for token in [
        but("aud", json!("another")),
        but("iss", json!("https://id.example.com")),
        but("exp", json!(now - 60)),
        but("nbf", json!(now + 60)),
        but("iat", json!(now + 60)),
        but("sub", json!("")),
        "a.b.c".to_owned(),
    ] {
        me(&app, &token).await.refused(401);
    }
    assert_eq!(issuer.requests(), 0);
    known(&app, &issuer.token("ada")).await;
    assert_eq!(issuer.requests(), 2);
    for token in keys::forged(&issuer) {
        me(&app, &token).await.refused(401);
        sent(with(&app, &token, "GET", "/api/list-projects"))
            .await
            .refused(401);
    }
    me(&app, &but("aud", json!(["another", Issuer::AUDIENCE])))
        .await
        .expect(200);
    me(&app, &but("nbf", json!(now - 1))).await.expect(200);
}
