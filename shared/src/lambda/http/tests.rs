use super::*;
use crate::error::Code;
use proptest::prelude::*;

const ENDPOINT: Endpoint = Endpoint::http("echo", "POST", "/api/echo").body_limit(100, None);

fn request(content_type: &str, body: &str, encoded: bool) -> ApiGatewayV2httpRequest {
    let event = json!({
        "headers": { "content-type": content_type, "authorization": content_type },
        "requestContext": { "http": { "method": "POST", "path": "/api/echo" } },
        "body": body,
        "isBase64Encoded": encoded,
    });
    serde_json::from_value(event).expect("it is an event")
}

fn sent(content_type: &str, body: &str) -> Result<Value, u16> {
    arguments(&ENDPOINT, &request(content_type, body, false)).map_err(|error| error.code().status())
}

#[test]
fn json_has_one_type_and_one_charset_however_they_are_spelled() {
    for content_type in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json ; Charset=\"UTF-8\"; boundary=x",
    ] {
        assert_eq!(sent(content_type, "{}"), Ok(json!({})), "{content_type}");
    }
    for content_type in [
        "",
        "text/json",
        "application/json, application/json",
        "application/json;charset=latin1",
        "application/json; CHARSET=utf-16",
    ] {
        assert_eq!(sent(content_type, "{}"), Err(415), "{content_type}");
    }
}

#[test]
fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(sent("application/json", &text(100)).is_ok());
    assert_eq!(sent("application/json", &text(101)), Err(413));
}

#[test]
fn a_comma_in_a_query_is_a_comma_and_a_name_stands_there_once() {
    let query = |query: &str| {
        let event = json!({
            "rawQueryString": query,
            "requestContext": { "http": { "method": "GET", "path": "/api/echo" } },
        });
        let request = serde_json::from_value(event).expect("it is an event");
        arguments(&ENDPOINT, &request).map_err(|error| error.code().status())
    };
    assert_eq!(query(""), Ok(json!({})));
    assert_eq!(
        query("sort=-a,b&q=1+%C3%A4"),
        Ok(json!({ "sort": "-a,b", "q": "1 ä" }))
    );
    assert_eq!(query("a=1&a=2"), Err(400));
}

fn called(ids: &Value) -> Option<String> {
    let event = json!({
        "headers": { "x-request-id": ids },
        "requestContext": { "http": { "method": "GET", "path": "/api/echo" }, "requestId": "own" },
    });
    let request = serde_json::from_value(event).expect("it is an event");
    request_id_of(&request)
}

#[test]
fn a_request_is_called_what_its_client_says_if_that_can_stand_in_a_log() {
    let longest = "x".repeat(128);
    for id in [
        "a",
        "Check-out_7.b",
        "01900000-0000-7000-8000-000000000000",
        &longest,
    ] {
        assert_eq!(called(&json!(id)).as_deref(), Some(id));
    }
    let longer = "x".repeat(129);
    for id in [
        "",
        " a",
        "a b",
        "a,b",
        "a\"b",
        "a\tb",
        "ä",
        "JKJaXmPLvHcESHA=",
        &longer,
    ] {
        assert_eq!(called(&json!(id)).as_deref(), Some("own"), "{id}");
    }
}

proptest! {
    #[test]
    fn whatever_a_request_is_called_a_log_can_hold_it(id in "[^\\x00-\\x08\\x0a-\\x1f\\x7f]{0,140}") {
        let called = called(&json!(id)).unwrap_or_default();
        prop_assert!(called == "own" || called == id);
        prop_assert!((1..=128).contains(&called.len()));
        prop_assert!(called.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)));
    }

    #[test]
    fn whatever_is_sent_is_read_or_refused(
        header in "[^\\x00-\\x08\\x0a-\\x1f\\x7f]{0,60}",
        json in any::<bool>(),
        body in ".{0,120}",
        encoded in any::<bool>(),
    ) {
        let content_type = if json { "application/json" } else { &header };
        let request = request(content_type, &body, encoded);
        if let Err(error) = arguments(&ENDPOINT, &request) {
            let codes = [Code::BadRequest, Code::PayloadTooLarge, Code::UnsupportedMediaType];
            prop_assert!(codes.contains(&error.code()), "{}", error);
        }
    }

    #[test]
    fn a_body_in_base64_says_the_same(text in "\\PC{0,20}", number in any::<i64>()) {
        let body = json!({ "text": text, "number": number }).to_string();
        let plain = arguments(&ENDPOINT, &request("application/json", &body, false));
        let encoded = BASE64_STANDARD.encode(&body);
        let encoded = arguments(&ENDPOINT, &request("application/json", &encoded, true));
        prop_assert_eq!(plain.ok(), encoded.ok());
    }

    #[test]
    fn every_refusal_has_the_common_shape(message in any::<String>(), field in any::<String>()) {
        let error = Error::invalid(&field, message.clone());
        let answer = refusal(&error, "id").into_value("id");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
        prop_assert_eq!(answer["headers"]["x-request-id"].as_str(), Some("id"));
        prop_assert_eq!(body, json!({ "error": {
            "code": "VALIDATION_ERROR",
            "message": message,
            "details": [{ "field": field, "message": message }],
            "request_id": "id",
        }}));
    }
}
