//! Signing up, logging in, and what a token is worth.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::JwkSet};
use serde_json::{Value, json};
use tests::{Answer, App, Member, report};

#[tokio::test]
async fn a_user_signs_up_with_a_tenant_of_their_own_and_logs_in_again() {
    let app = App::start().await;
    let credentials =
        json!({ "email": "Ada@Example.com", "password": "a long password", "name": "Ada" });
    let data = app.post("/api/sign-up", credentials).await.expect(201)["data"].clone();
    assert_eq!(data["user"]["email"], "ada@example.com");
    assert_eq!(data["user"]["name"], "Ada");
    assert_eq!(data["token_type"], "Bearer");
    assert_eq!(data["expires_in"], 900);

    let again = json!({ "email": "ADA@example.com", "password": "a long password" });
    let logged_in = app.post("/api/log-in", again).await.expect(200)["data"].clone();
    assert_eq!(logged_in["user"], data["user"]);
    assert_eq!(logged_in["tenant"], data["tenant"]);
    assert_ne!(logged_in["access_token"], data["access_token"]);
}

#[tokio::test]
async fn an_address_has_one_account_whatever_its_case() {
    let app = App::start().await;
    app.member("ada").await;
    let second =
        json!({ "email": "ADA@EXAMPLE.COM", "password": "another password", "name": "Eve" });
    let (code, _) = app.post("/api/sign-up", second).await.refused(409);
    assert_eq!(code, "CONFLICT");
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer_after_the_same_work() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let wrong = |email: &str| json!({ "email": email, "password": "wrong" });
    // Both functions are warm before anything is timed.
    app.post("/api/log-in", wrong(&ada.email))
        .await
        .refused(401);

    let (known, known_took) = timed(app.post("/api/log-in", wrong(&ada.email))).await;
    let (unknown, unknown_took) = timed(app.post("/api/log-in", wrong("eve@example.com"))).await;
    assert_eq!(known.refused(401), unknown.refused(401));
    report(&format!(
        "wrong password: {known_took:?}, unknown address: {unknown_took:?}"
    ));
}

async fn timed(answer: impl Future<Output = Answer>) -> (Answer, Duration) {
    let started = Instant::now();
    let answer = answer.await;
    (answer, started.elapsed())
}

#[tokio::test]
async fn every_bad_field_of_a_sign_up_is_named_in_documented_order() {
    let app = App::start().await;
    let bad = json!({ "admin": true, "name": "", "password": "short", "email": "nobody" });
    let answer = app.post("/api/sign-up", bad).await;
    assert_eq!(answer.body["error"]["message"], "Must be an email address");
    assert_eq!(answer.bad_fields(), ["email", "password", "name", "admin"]);
    assert_eq!(
        app.post("/api/sign-up", json!({})).await.bad_fields(),
        ["email", "password", "name"]
    );
}

#[tokio::test]
async fn a_token_says_who_it_is_for_and_verifies_with_the_published_keys() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let keys = app.get("/.well-known/jwks.json").await;
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    let keys: JwkSet = serde_json::from_value(keys.expect(200)).expect("it is a JWK set");

    let header = jsonwebtoken::decode_header(&ada.token).expect("it has a header");
    let key = keys
        .find(&header.kid.expect("it names its key"))
        .expect("the key is published");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["tenon"]);
    let key = DecodingKey::from_jwk(key).expect("it is a key");
    let claims: Value = jsonwebtoken::decode(&ada.token, &key, &validation)
        .expect("it verifies")
        .claims;
    assert_eq!(claims["sub"], ada.user_id);
    assert_eq!(claims["tenant_id"], ada.tenant_id);
    assert_eq!(claims["roles"], json!(["admin"]));
    assert_eq!(
        claims["exp"].as_i64(),
        claims["iat"].as_i64().map(|iat| iat + 900)
    );
    for claim in ["iss", "jti", "sid"] {
        assert!(claims[claim].is_string(), "{claim} is in {claims}");
    }
}

#[tokio::test]
async fn whatever_is_no_valid_token_gets_the_same_401() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let keys = app.get("/.well-known/jwks.json").await.expect(200);
    let other_key = other_signature(&ada);
    let mut refusals = vec![app.get("/api/list-projects").await];
    for token in [
        "nonsense".to_owned(),
        other_key,
        unsigned(&ada.token),
        signed_with_the_public_key(&ada.token, &keys),
        ada.token
            .trim_end_matches(|c: char| c.is_alphanumeric())
            .to_owned(),
    ] {
        let request = app.request("GET", "/api/list-projects").bearer_auth(token);
        refusals.push(Answer::of(request.send().await.expect("it answers")).await);
    }
    let basic = app
        .request("GET", "/api/list-projects")
        .basic_auth("ada", Some("secret"));
    refusals.push(Answer::of(basic.send().await.expect("it answers")).await);

    for refusal in refusals {
        assert_eq!(refusal.header("www-authenticate"), Some("Bearer"));
        let (code, message) = refusal.refused(401);
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("UNAUTHENTICATED", "Authentication required")
        );
    }
}

/// The same claims, signed with a key of one's own under the true key's name.
fn other_signature(ada: &Member) -> String {
    let header = jsonwebtoken::decode_header(&ada.token).expect("it has a header");
    let claims = claims_of(&ada.token);
    let key = EncodingKey::from_rsa_pem(include_bytes!("stranger.pem")).expect("it is a key");
    jsonwebtoken::encode(&header, &claims, &key).expect("it can be signed")
}

fn unsigned(token: &str) -> String {
    let payload = token.split('.').nth(1).expect("it has a payload");
    let header = json!({ "alg": "none", "typ": "JWT", "kid": kid(token) });
    format!(
        "{}.{payload}.",
        BASE64_URL_SAFE_NO_PAD.encode(header.to_string())
    )
}

fn signed_with_the_public_key(token: &str, keys: &Value) -> String {
    let claims = claims_of(token);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = kid(token);
    let secret = keys["keys"][0]["n"].as_str().expect("it has a modulus");
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, &claims, &key).expect("it can be signed")
}

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("it has a payload");
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(payload)
        .expect("it is base64");
    serde_json::from_slice(&bytes).expect("it has claims")
}

fn kid(token: &str) -> Option<String> {
    jsonwebtoken::decode_header(token).ok()?.kid
}

#[tokio::test]
async fn a_token_expires_after_fifteen_minutes() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.advance(Duration::from_secs(890));
    ada.get("/api/list-projects").await.expect(200);
    app.advance(Duration::from_secs(20));
    ada.get("/api/list-projects").await.refused(401);
}

#[tokio::test]
async fn what_is_nowhere_is_404_and_a_wrong_method_405() {
    let app = App::start().await;
    app.get("/api/nothing").await.refused(404);
    let wrong = app.get("/api/sign-up").await;
    assert_eq!(wrong.header("allow"), Some("POST"));
    assert_eq!(wrong.refused(405).0, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_body_that_is_no_json_or_says_that_it_is_something_else_is_refused() {
    let app = App::start().await;
    let send = async |content_type: &str, body: &'static str| {
        let request = app.request("POST", "/api/sign-up").body(body);
        let request = request.header("content-type", content_type);
        Answer::of(request.send().await.expect("it answers")).await
    };
    assert_eq!(
        send("application/json", "{").await.refused(400).0,
        "BAD_REQUEST"
    );
    assert_eq!(
        send("text/plain", "{}").await.refused(415).0,
        "UNSUPPORTED_MEDIA_TYPE"
    );
    assert_eq!(
        send("application/json; charset=utf-8", "[]")
            .await
            .bad_fields(),
        [""]
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let app = App::start().await;
    let large = json!({ "email": "a".repeat(140_000) });
    let (code, _) = app.post("/api/sign-up", large).await.refused(413);
    assert_eq!(code, "PAYLOAD_TOO_LARGE");
}
