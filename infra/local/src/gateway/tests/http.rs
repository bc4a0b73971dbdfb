//! The HTTP API.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderValue, StatusCode, header};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Served, answering, ok};
use crate::{gateway::Settings, template::Cors};

#[tokio::test]
async fn a_request_becomes_an_event_of_format_2() {
    let served = Served::with(ok).await;
    let request = Client::new()
        .get(served.url("/things/a%20b?tag=x&tag=y%20z&empty"))
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header("Cookie", "a=1; b=2")
        .header("User-Agent", "test");
    request.send().await.expect("an answer");

    let mut event = served.event("get-thing").await;
    let context = event["requestContext"].take();
    let headers = event["headers"].take();
    assert_eq!(
        event,
        json!({
            "version": "2.0",
            "routeKey": "GET /things/{id}",
            "rawPath": "/things/a b",
            "rawQueryString": "tag=x&tag=y%20z&empty",
            "cookies": ["a=1", "b=2"],
            "headers": null,
            "queryStringParameters": {"tag": "x,y z", "empty": ""},
            "pathParameters": {"id": "a b"},
            "requestContext": null,
            "isBase64Encoded": false,
        })
    );
    assert_eq!(headers["x-twice"], "1,2");
    assert_eq!(headers["host"], served.address.to_string());
    assert_eq!(headers["x-forwarded-for"], "127.0.0.1");
    assert_eq!(
        headers["x-forwarded-port"],
        served.address.port().to_string()
    );
    assert!(headers.get("cookie").is_none());
    assert_eq!(
        context["http"],
        json!({
            "method": "GET",
            "path": "/things/a b",
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": "test",
        })
    );
    assert_eq!(context["routeKey"], "GET /things/{id}");
    assert_eq!(context["stage"], "$default");
    assert_eq!(context["domainName"], "127.0.0.1");
    let age = served.clock.now() - context["timeEpoch"].as_i64().expect("a time");
    assert!((0..60_000).contains(&age), "{age}");
}

#[tokio::test]
async fn only_text_types_arrive_as_text() {
    let served = Served::with(ok).await;
    let client = Client::new();
    for (kind, body, encoded) in [
        (Some("application/json; charset=utf-8"), "{}", false),
        (Some("text/csv"), "{}", false),
        (Some("application/x-www-form-urlencoded"), "e30=", true),
        (Some("application/octet-stream"), "e30=", true),
        (None, "e30=", true),
    ] {
        let mut request = client.post(served.url("/things")).body("{}");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        request.send().await.expect("an answer");
        let event = served.events("post-thing").pop().expect("an event");
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&body.into(), &encoded.into()),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_becomes_a_response() {
    let served = Served::with(|_, _| {
        json!({
            "statusCode": 201,
            "headers": {"X-One": "1", "content-length": "999", "content-type": "image/png"},
            "multiValueHeaders": {"X-Ignored": ["1"]},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "AP8=",
            "isBase64Encoded": true,
        })
    })
    .await;
    let response = Client::new()
        .get(served.url("/things/1"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::CREATED);
    let headers = response.headers();
    assert_eq!(headers["x-one"], "1");
    assert!(!headers.contains_key("x-ignored"));
    assert!(headers.contains_key("apigw-requestid"));
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1; Path=/", "b=2"]);
    assert_eq!(response.bytes().await.expect("a body"), vec![0, 255]);
}

#[tokio::test]
async fn an_answer_without_a_status_is_the_body_of_a_200() {
    let served = Served::with(|_, _| json!({"hello": "world"})).await;
    let response = Client::new()
        .get(served.url("/things/1"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(
        response.text().await.expect("a body"),
        r#"{"hello":"world"}"#
    );
}

#[tokio::test]
async fn a_failed_or_malformed_or_oversized_answer_is_a_500() {
    let served = Served::with(|_, event| match event["pathParameters"]["id"].as_str() {
        Some("failed") => json!({"fails": "on purpose"}),
        Some("malformed") => json!({"statusCode": 200, "body": {"not": "a text"}}),
        _ => json!({"statusCode": 200, "body": "x".repeat(6 * 1024 * 1024)}),
    })
    .await;
    for id in ["failed", "malformed", "oversized"] {
        let url = served.url(&format!("/things/{id}"));
        let response = Client::new().get(url).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{id}");
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body, json!({"message": "Internal Server Error"}));
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_a_503_and_runs_on() {
    let settings = Settings {
        http_timeout: Duration::from_millis(20),
        ..Settings::default()
    };
    let (finished, done) = tokio::sync::watch::channel(false);
    let finished = Arc::new(finished);
    let handler = Arc::new(move |_, _| {
        let finished = Arc::clone(&finished);
        let answer: super::Answer = Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            finished.send_replace(true);
            Ok(Value::Null)
        });
        answer
    });
    let served = Served::start(settings, handler).await;
    let response = Client::new()
        .get(served.url("/things/1"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body, json!({"message": "Service Unavailable"}));
    let mut done = done;
    let waited = tokio::time::timeout(Duration::from_secs(10), done.wait_for(|done| *done));
    waited
        .await
        .expect("in time")
        .expect("the function finishes");
}

#[tokio::test]
async fn bodies_above_the_gateways_or_lambdas_limit_are_413() {
    let served = Served::with(ok).await;
    let client = Client::new();
    for (size, status) in [
        (5 * 1024 * 1024, StatusCode::OK),
        (7 * 1024 * 1024, StatusCode::PAYLOAD_TOO_LARGE),
        (11 * 1024 * 1024, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let request = client
            .post(served.url("/things"))
            .header(header::CONTENT_TYPE, "text/plain");
        let response = request
            .body("x".repeat(size))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), status, "{size}");
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            let body: Value = response.json().await.expect("JSON");
            assert_eq!(body, json!({"message": "Request Entity Too Large"}));
        }
    }
    assert_eq!(served.events("post-thing").len(), 1);
}

#[tokio::test]
async fn what_no_route_takes_goes_to_default() {
    let served = Served::with(|function, _| json!({"statusCode": 404, "body": function})).await;
    let client = Client::new();
    for request in [
        client.get(served.url("/nothing")),
        client.delete(served.url("/things")),
    ] {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.text().await.expect("a body"), "not-found");
    }
    assert_eq!(served.event("not-found").await["routeKey"], "$default");
}

#[tokio::test]
async fn head_has_the_headers_of_an_answer_and_no_body() {
    let served = Served::with(|_, _| json!({"statusCode": 200, "body": "four"})).await;
    let response = Client::new()
        .head(served.url("/nothing"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "4");
    assert_eq!(response.bytes().await.expect("no body").len(), 0);
}

#[tokio::test]
async fn odd_requests_get_an_answer() {
    let served = Served::with(ok).await;
    for request in [
        "GET /%zz%ff%00?%zz=%ff&=&a=%2 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
        "GET http://localhost:1/things/1 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n",
        "WEIRD //things//1/../ HTTP/1.1\r\nhost: [::1]:\r\nx-bytes: \u{e4}\r\nconnection: close\r\n\r\n",
        "POST /things HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n\u{7f}\u{1}",
    ] {
        let mut stream = TcpStream::connect(served.address)
            .await
            .expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("written");
        let mut response = String::new();
        stream
            .read_to_string(&mut response)
            .await
            .expect("an answer");
        assert!(
            response.starts_with("HTTP/1.1 200"),
            "{request:?}: {response}"
        );
    }
}

#[tokio::test]
async fn too_long_a_head_is_a_431() {
    let served = Served::with(ok).await;
    let long = HeaderValue::from_str(&"x".repeat(11_000)).expect("a value");
    let request = Client::new()
        .get(served.url("/things/1"))
        .header("x-long", long);
    let status = request.send().await.expect("an answer").status();
    assert_eq!(status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn cors_is_the_gateways_where_it_is_configured() {
    let settings = Settings {
        cors: Some(Cors {
            allow_origins: vec!["https://tenon.example".to_owned()],
            allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
            ..Cors::default()
        }),
        ..Settings::default()
    };
    let own = |_: &str, _: &Value| json!({"statusCode": 200, "headers": {"access-control-allow-origin": "*"}});
    let served = Served::start(settings, answering(own)).await;
    let client = Client::new();
    let allowed = |response: &reqwest::Response| {
        let origin = response.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        origin.map(|origin| origin.to_str().expect("text").to_owned())
    };

    let preflight = client
        .request(reqwest::Method::OPTIONS, served.url("/things"))
        .header(header::ORIGIN, "https://tenon.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let response = preflight.send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(allowed(&response).as_deref(), Some("https://tenon.example"));
    assert_eq!(
        response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
        "GET,POST"
    );
    assert!(served.calls.lock().expect("no panic").is_empty());

    for (origin, expected) in [
        ("https://tenon.example", Some("https://tenon.example")),
        ("https://other.example", None),
    ] {
        let request = client
            .get(served.url("/things/1"))
            .header(header::ORIGIN, origin);
        let response = request.send().await.expect("an answer");
        assert_eq!(allowed(&response).as_deref(), expected);
    }
}

#[tokio::test]
async fn an_unknown_local_path_is_a_404_and_no_function_sees_it() {
    let served = Served::with(ok).await;
    for path in ["/_local", "/_local/", "/_local/x/y"] {
        let response = Client::new()
            .get(served.url(path))
            .send()
            .await
            .expect("an answer");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(served.calls.lock().expect("no panic").is_empty());
}
