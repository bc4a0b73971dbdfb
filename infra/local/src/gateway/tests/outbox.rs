//! The outbox over HTTP.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::{Client, RequestBuilder, header};
use serde_json::{Value, json};

use super::{Served, ok};
use crate::gateway::{Fault, Outbox};

impl Served {
    fn mail(&self, payload: &Value) -> RequestBuilder {
        Client::new()
            .post(self.url("/_local/resend/emails"))
            .header(header::USER_AGENT, "test")
            .bearer_auth("re_test")
            .json(payload)
    }

    async fn outbox(&self) -> Vec<Value> {
        let response = reqwest::get(self.url("/_local/outbox"))
            .await
            .expect("an answer");
        response.json().await.expect("a JSON array")
    }
}

fn payload(subject: &str) -> Value {
    json!({"from": "Tenon <tenon@example.com>", "to": ["ada@example.com"], "subject": subject, "html": "<b>hi</b>"})
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    (response.status(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn mail_is_listed_newest_first_and_survives_a_restart() {
    let served = Served::with(ok).await;
    for subject in ["one", "two"] {
        let (status, body) = answer(served.mail(&payload(subject))).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body["id"].is_string(), "{body}");
    }
    let mut mails = served.outbox().await;
    let at = mails[0]["at"].take();
    assert!(served.clock.now() - at.as_i64().expect("a time") < 60_000);
    assert_eq!(
        mails[0],
        json!({
            "to": "ada@example.com",
            "from": "Tenon <tenon@example.com>",
            "subject": "two",
            "html": "<b>hi</b>",
            "text": null,
            "at": null,
        })
    );
    let again = Outbox::open(
        &served.folder.path().join("outbox.db"),
        served.clock.clone(),
    );
    let kept = again.expect("an outbox").emails().await.expect("mail");
    let subjects: Vec<_> = kept.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["two", "one"]);
}

#[tokio::test]
async fn a_browser_gets_a_page() {
    let served = Served::with(ok).await;
    answer(served.mail(&payload("<script>"))).await;
    let page = Client::new()
        .get(served.url("/_local/outbox"))
        .header(header::ACCEPT, "text/html,*/*");
    let response = page.send().await.expect("an answer");
    assert!(
        response
            .headers()
            .contains_key(header::CONTENT_SECURITY_POLICY)
    );
    let page = response.text().await.expect("a page");
    assert!(
        page.contains("&lt;script&gt;") && !page.contains("<script>"),
        "{page}"
    );
}

#[tokio::test]
async fn a_key_sends_its_mail_once_for_24_hours() {
    let served = Served::with(ok).await;
    let keyed = |payload: &Value| served.mail(payload).header("Idempotency-Key", "job-1");
    let (_, first) = answer(keyed(&payload("one"))).await;
    let (status, second) = answer(keyed(&payload("one"))).await;
    assert_eq!((status, &second["id"]), (StatusCode::OK, &first["id"]));
    let (status, other) = answer(keyed(&payload("two"))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        (&other["name"], &other["statusCode"]),
        (&json!("invalid_idempotent_request"), &json!(409))
    );
    assert_eq!(served.outbox().await.len(), 1);

    served.clock.advance(Duration::from_hours(24));
    let (_, later) = answer(keyed(&payload("one"))).await;
    assert_ne!(later["id"], first["id"]);
    assert_eq!(served.outbox().await.len(), 2);
}

#[tokio::test]
async fn a_key_in_use_is_a_conflict() {
    let served = Served::with(ok).await;
    let outbox = &served.gateway.outbox;
    outbox.script(Fault::Delay(Duration::from_millis(300)), 1);
    let keyed = || {
        served
            .mail(&payload("one"))
            .header("Idempotency-Key", "job-1")
    };
    let slow = tokio::spawn(answer(keyed()));
    super::eventually("post", || (outbox.record().in_flight == 1).then_some(())).await;
    // The slow one has its key within moments of its arrival: long before its delay is over.
    let deadline = Instant::now() + Duration::from_millis(250);
    let mut names = Vec::new();
    while Instant::now() < deadline && names.is_empty() {
        let (status, body) = answer(keyed()).await;
        if status == StatusCode::CONFLICT {
            names.push(body["name"].clone());
        }
    }
    assert_eq!(names, ["concurrent_idempotent_requests"]);
    slow.await.expect("no panic");
    assert_eq!(answer(keyed()).await.0, StatusCode::OK);
    assert_eq!(served.outbox().await.len(), 1);
    assert_eq!(outbox.record().peak, 2);
}

#[tokio::test]
async fn bad_requests_are_refused_as_the_service_refuses_them() {
    let served = Served::with(ok).await;
    let without = |field: &str| {
        let mut payload = payload("one");
        payload.as_object_mut().expect("an object").remove(field);
        payload
    };
    for (payload, status, name) in [
        (without("from"), 422, "missing_required_field"),
        (without("to"), 422, "missing_required_field"),
        (without("subject"), 422, "missing_required_field"),
        (without("html"), 422, "missing_required_field"),
        (
            json!({"from": "x", "to": "a@b.co", "subject": "s", "text": "t"}),
            422,
            "validation_error",
        ),
        (
            json!({"from": "a@b.co", "to": [7], "subject": "s", "text": "t"}),
            422,
            "validation_error",
        ),
        (
            json!({"from": "a@b.co", "to": [], "subject": "s", "text": "t"}),
            422,
            "validation_error",
        ),
        (json!([]), 422, "missing_required_field"),
    ] {
        let (got, body) = answer(served.mail(&payload)).await;
        assert_eq!(
            (got.as_u16(), &body["name"]),
            (status, &json!(name)),
            "{payload}"
        );
    }
    let (status, body) = answer(served.mail(&payload("x")).body("{")).await;
    assert_eq!(
        (status, &body["name"]),
        (StatusCode::BAD_REQUEST, &json!("validation_error"))
    );
    let (status, body) = answer(
        served
            .mail(&payload("x"))
            .header("Idempotency-Key", "k".repeat(257)),
    )
    .await;
    assert_eq!(
        (status, &body["name"]),
        (StatusCode::BAD_REQUEST, &json!("invalid_idempotency_key"))
    );
    let bare = || {
        Client::new()
            .post(served.url("/_local/resend/emails"))
            .json(&payload("x"))
    };
    let (status, body) = answer(bare().header(header::USER_AGENT, "test")).await;
    assert_eq!(
        (status, &body["name"]),
        (StatusCode::UNAUTHORIZED, &json!("missing_api_key"))
    );
    let (status, _) = answer(bare().bearer_auth("re_test")).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a client without a name");
    assert!(served.outbox().await.is_empty());
}

#[tokio::test]
async fn faults_come_as_scripted() {
    let served = Served::with(ok).await;
    let outbox = &served.gateway.outbox;
    outbox.script(Fault::TooManyRequests { retry_after: 7 }, 2);
    outbox.script(Fault::ServerError, 1);
    outbox.script(Fault::ConcurrentRequest, 1);
    outbox.script(Fault::Refused, 1);
    for _ in 0..2 {
        let response = served.mail(&payload("x")).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    }
    for status in [500, 409, 422] {
        assert_eq!(answer(served.mail(&payload("x"))).await.0.as_u16(), status);
    }
    assert!(served.outbox().await.is_empty());
    assert_eq!(answer(served.mail(&payload("x"))).await.0, StatusCode::OK);
    assert_eq!(outbox.record().posts, 6);
}

#[tokio::test]
async fn a_lost_answer_loses_no_mail_and_its_retry_adds_none() {
    let served = Served::with(ok).await;
    let outbox = &served.gateway.outbox;
    let hang = Fault::AcceptThenHang(Duration::from_mins(1));
    for (key, fault) in [("job-1", Fault::AcceptThenFail), ("job-2", hang)] {
        outbox.script(fault, 1);
        let keyed = || served.mail(&payload("x")).header("Idempotency-Key", key);
        let lost = keyed().timeout(Duration::from_millis(500)).send().await;
        assert!(lost.is_err() || lost.is_ok_and(|answer| answer.status().as_u16() == 500));
        assert_eq!(answer(keyed()).await.0, StatusCode::OK);
    }
    assert_eq!(served.outbox().await.len(), 2);
    super::eventually("end of the abandoned post", || {
        (outbox.record().in_flight == 0).then_some(())
    })
    .await;
}
