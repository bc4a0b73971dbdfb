//! Whatever is sent over HTTP is answered with less than 500, in the common shape, and what is refused
//! writes nothing.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, PNG, attachment, tables};

use super::arena::Arena;
use super::requests::{Route, Thrown, anywhere};
use super::tokens;
use super::wire::{self, Request};

/// What only the HTTP server and the gateway answer, in shapes of their own: a malformed request, a body
/// over 10 MiB, a target or headers that are too long, and no upgrade at the WebSocket's path. On AWS the
/// gateway answers these too.
const GATEWAYS_OWN: [u16; 5] = [400, 413, 414, 426, 431];

/// How many requests each function is sent.
const REQUESTS: u32 = 300;

#[test]
fn sign_up_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/sign-up",
            valid: vec![
                json!({ "email": "eve@example.com", "password": "a long password", "name": "Eve" }),
                json!({ "email": "bob+x@sub.example.com", "password": "ä".repeat(128), "name": "B" }),
            ],
            token: None,
        },
    );
    // A user, their account, tenant, membership and session.
    assert_eq!(arena.rows(tables::IDENTITY, ""), before + 5 * accepted);
    assert_eq!(arena.rows(tables::DATA, ""), 0);
    arena.close();
}

#[test]
fn log_in_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/log-in",
            valid: vec![
                json!({ "email": "lovelace@example.com", "password": PASSWORD }),
                json!({ "email": "LOVELACE@example.com", "password": "wrong" }),
            ],
            token: None,
        },
    );
    // A session.
    assert_eq!(arena.rows(tables::IDENTITY, ""), before + accepted);
    arena.close();
}

#[test]
fn create_project_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/create-project",
            valid: vec![
                json!({ "name": "Apollo", "description": "To the moon." }),
                json!({ "name": "Gemini" }),
            ],
            token: Some(arena.ada.token.clone()),
        },
    );
    // The project, its place in the list, and an event.
    assert_eq!(arena.rows(tables::DATA, ""), 3 * accepted);
    let (projects, _) = arena.wait(arena.ada.projects());
    assert_eq!(projects.len(), accepted.min(100));
    arena.close();
}

#[test]
fn list_projects_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/api/list-projects",
            valid: Vec::new(),
            token: Some(arena.ada.token.clone()),
        },
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), 0);
    arena.close();
}

#[test]
fn create_task_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let ada = &arena.ada;
    let apollo = arena.wait(ada.project("Apollo"));
    let full = json!({
        "projectId": apollo,
        "title": "Count down",
        "description": "From ten.\nAloud.",
        "assignedTo": ada.user_id,
        "dueDate": 1_800_000_000_000_i64,
        "attachment": attachment(PNG, "pixel.png", "image/png"),
    });
    let mut without_file = full.clone();
    without_file["attachment"] = Value::Null;
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/create-task",
            valid: vec![
                full,
                without_file,
                json!({ "projectId": apollo, "title": "Count down" }),
            ],
            token: Some(ada.token.clone()),
        },
    );
    arena.wait(arena.app.settled());
    // The task, an event, and the vector that follows.
    assert_eq!(arena.rows(tables::DATA, ""), before + 3 * accepted);
    let tasks = arena.wait(arena.app.rows(tables::DATA, "TASK#"));
    let with_file = tasks.iter().filter(|task| task["attachment"].is_string());
    assert_eq!(arena.wait(arena.app.objects()).len(), with_file.count());
    assert_eq!(
        arena.rows(tables::EPHEMERAL, "tenants/"),
        0,
        "no file is on its way"
    );
    arena.close();
}

#[test]
fn search_tasks_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let apollo = arena.wait(async {
        let apollo = arena.ada.project("Apollo").await;
        for title in ["Count down", "ERR-4711", "\u{200b}", "😀"] {
            arena.ada.task(&apollo, title).await;
        }
        arena.app.settled().await;
        apollo
    });
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/search-tasks",
            valid: vec![
                json!({ "query": "what fails with err-4711?", "projectId": apollo }),
                json!({ "query": "\u{200b}", "projectId": apollo }),
            ],
            token: Some(arena.ada.token.clone()),
        },
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.close();
}

#[test]
fn realtime_ticket_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/realtime-ticket",
            valid: vec![json!({})],
            token: Some(arena.ada.token.clone()),
        },
    );
    assert_eq!(arena.rows(tables::EPHEMERAL, "TICKET"), accepted);
    arena.close();
}

#[test]
fn the_key_set_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/.well-known/jwks.json",
            valid: Vec::new(),
            token: None,
        },
    );
    assert!(accepted > 0);
    arena.close();
}

#[test]
fn every_method_and_path_has_an_answer() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    arena.throw(600, &anywhere(), async |request| {
        judge(&request, request.send(&api).await).map(drop)
    });
    arena.close();
}

#[test]
fn what_is_no_token_of_ours_opens_nothing() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    arena.app.forget_calls();
    arena.throw(
        500,
        &tokens::wrong(&arena.ada.token),
        async |(header, _)| {
            let headers = header.map(|value| ("authorization".to_owned(), value));
            let request = Request {
                method: "GET".to_owned(),
                target: b"/api/list-projects".to_vec(),
                headers: headers.into_iter().collect(),
                body: Vec::new(),
            };
            let answer = judge(&request, request.send(&api).await)?;
            let refused = answer.status == 401 || is_the_gateways(&answer);
            prop_assert!(refused, "{}", answer.status);
            Ok(())
        },
    );
    let calls = arena.app.calls_of("list-projects");
    assert!(
        calls.is_empty(),
        "nothing is asked of the tables: {calls:?}"
    );
    arena.close();
}

#[test]
fn what_is_no_http_is_refused_and_the_next_request_is_served() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    let line =
        "(GET|POST|\\PC{0,9}) (/[ -~]{0,20}|\\PC{0,9}) (HTTP/1\\.[01]|HTTP/[29]|\\PC{0,9})\r?\n";
    let heads = (line, "([ -~]{0,20}(:[ -~]{0,20})?\r?\n){0,4}\r\n\r\n");
    let garbage = prop_oneof![
        heads.prop_map(|(line, headers)| [line, headers].concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 1..200)
            .prop_map(|bytes| [bytes, b"\r\n\r\n".to_vec()].concat()),
    ];
    arena.throw(150, &garbage, async |bytes| {
        if let Some(answer) = without_waiting(&api, &bytes).await {
            prop_assert!(answer.status < 500, "{}", answer.status);
        }
        let keys = arena.app.get("/.well-known/jwks.json").await;
        prop_assert_eq!(keys.status, 200);
        Ok(())
    });
    arena.close();
}

/// Throws requests at a route. Returns how many were accepted.
fn throw_at(arena: &Arena, route: &Route) -> usize {
    let api = arena.app.stack().api_url();
    let accepted = Cell::new(0);
    arena.throw(REQUESTS, &route.requests(), async |thrown: Thrown| {
        let Thrown { request, authentic } = thrown;
        let answer = judge(&request, request.send(&api).await)?;
        if is_the_gateways(&answer) {
            return Ok(());
        }
        prop_assert!(
            authentic || answer.status == 401,
            "{} for no token",
            answer.status
        );
        if answer.status < 300 {
            accepted.set(accepted.get() + 1);
        }
        Ok(())
    });
    accepted.get()
}

/// That an answer is one that a client can work with.
fn judge(request: &Request, answer: Option<Answer>) -> Result<Answer, TestCaseError> {
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
fn is_the_gateways(answer: &Answer) -> bool {
    answer.header("x-request-id").is_none()
}

/// Whether it is for the outbox, which stands beside the API on a laptop alone.
fn is_local(request: &Request) -> bool {
    request.target.starts_with(b"/_local")
}

fn judge_body(answer: &Answer) -> TestCaseResult {
    let (status, body) = (answer.status, &answer.body);
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

/// Sends what may never be a whole request, and so never be answered.
async fn without_waiting(api: &str, bytes: &[u8]) -> Option<Answer> {
    let patience = std::time::Duration::from_millis(200);
    tokio::time::timeout(patience, wire::send(api, bytes, false))
        .await
        .ok()
        .flatten()
}
