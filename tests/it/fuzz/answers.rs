//! What an answer has to be, whatever was asked.

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::Value;
use tests::Answer;

use super::wire::Request;

/// What only the HTTP server and the gateway answer, in shapes of their own: a malformed request, a body
/// over 10 MiB, a target or headers that are too long, and no upgrade at the WebSocket's path. On AWS the
/// gateway answers these too.
const GATEWAYS_OWN: [u16; 5] = [400, 413, 414, 426, 431];

/// That an answer is one that a client can work with.
pub(super) fn judge(request: &Request, answer: Option<Answer>) -> Result<Answer, TestCaseError> {
    let answer = answer.ok_or_else(|| TestCaseError::fail("there is no answer"))?;
    let status = answer.status;
    prop_assert!(status < 500, "{} {}", status, answer.body);
    if is_the_gateways(&answer) {
        let preflight = request.method == "OPTIONS" && status == 204;
        prop_assert!(
            preflight || GATEWAYS_OWN.contains(&status) || is_local(request),
            "{} {}",
            status,
            answer.body
        );
    } else if request.method != "HEAD" {
        judge_body(&answer)?;
    }
    Ok(answer)
}

/// Whether no function was asked.
pub(super) fn is_the_gateways(answer: &Answer) -> bool {
    answer.header("x-request-id").is_none()
}

/// Whether it is for the outbox, which stands beside the API on a laptop alone.
fn is_local(request: &Request) -> bool {
    request.target.starts_with(b"/_local")
}

fn judge_body(answer: &Answer) -> TestCaseResult {
    let (status, body) = (answer.status, &answer.body);
    if status == 204 {
        prop_assert!(body.is_null() && answer.header("content-type").is_none());
        return Ok(());
    }
    prop_assert!(body.is_object(), "the body is JSON");
    prop_assert_eq!(answer.header("content-type"), Some("application/json"));
    if status < 400 {
        return Ok(());
    }
    let error = &body["error"];
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    prop_assert!(
        is_text(&error["code"]) && is_text(&error["message"]),
        "{}",
        body
    );
    prop_assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"));
    let details = error["details"].as_array();
    let Some(details) = details else {
        return Err(TestCaseError::fail("details are a list"));
    };
    // A bad query is a 400, and is told field by field as well.
    let names_fields = !details.is_empty();
    prop_assert!(status == 422 || status == 400 || !names_fields, "{}", body);
    prop_assert!(status != 422 || names_fields, "{}", body);
    for detail in details {
        prop_assert!(
            detail["field"].is_string() && is_text(&detail["message"]),
            "{}",
            detail
        );
    }
    Ok(())
}
