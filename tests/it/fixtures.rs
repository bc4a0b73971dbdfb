//! The events of `events/`, through the real adapters against a started stack. `events/README.md` tells
//! how they are written.

mod calls;
mod expectation;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use local::events::{EventError, Filler};
use local::functions;
use local::lambda::InvocationError;
use serde_json::{Value, json};
use shared::endpoint::{Endpoint, Trigger};
use tests::App;

use crate::agreement::{Lines, assert_none, diff};

/// The placeholder for a member of ada's tenant, an editor.
pub(crate) const COLLEAGUE: &str = "{{ada.colleague}}";

/// What opens the connection that every other event of a WebSocket is of.
const CONNECT: &str = "realtime-connect";

#[tokio::test]
async fn every_event_is_answered_as_its_expectation_says_by_calls_that_are_granted() {
    let mut wrong = String::new();
    let mut not_granted = Lines::new();
    for function in functions::all() {
        let app = App::start().await;
        let mut filler = Filler::new(&app.stack().api_url());
        for case in cases(function.endpoint.name) {
            if is_of_a_connection(function.endpoint) {
                answer_to(&app, &mut filler, CONNECT, "ok").await;
            }
            wrong += &answer_to(&app, &mut filler, function.endpoint.name, &case).await;
        }
        not_granted.append(&mut calls::not_granted(
            &app.stack().front().journal().calls(),
        ));
        app.stop().await;
    }
    assert!(
        wrong.is_empty(),
        "\n{wrong}\nTo mend it: if the new answer is right, change the expectation.\n"
    );
    assert_none(
        &not_granted,
        "A function calls what its ENDPOINT says that it uses.",
        "add the use to its ENDPOINT, and the grant to template.yaml.",
    );
}

#[test]
fn every_function_has_a_success_and_a_refusal() {
    let mut missing = Lines::new();
    for function in functions::all() {
        let endpoint = function.endpoint;
        let several = !endpoint.also.is_empty();
        let routes = endpoint.routes().filter(|_| several).map(Some);
        let all = (!several).then_some(None);
        for route in routes.chain(all) {
            let refusals: Vec<bool> = cases_of(endpoint.name, route)
                .iter()
                .map(|case| is_refusal(&expectation(endpoint.name, case)))
                .collect();
            let of = route.map_or(String::new(), |(method, path)| format!(" {method} {path}"));
            if can_succeed(endpoint) && !refusals.contains(&false) {
                missing.insert(format!("{}{of}: no success", endpoint.name));
            }
            if can_refuse(endpoint) && !refusals.contains(&true) {
                missing.insert(format!("{}{of}: no refusal", endpoint.name));
            }
        }
    }
    assert_none(
        &missing,
        "Every function has an event that it serves and one that it refuses.",
        "put one in events/<function>/, with its expectation beside it.",
    );
}

/// The cases of a function, by their files' names.
pub(crate) fn cases(function: &str) -> Vec<String> {
    let mut cases: Vec<String> = files(function)
        .iter()
        .filter_map(|file| file.strip_suffix(".json"))
        .filter(|case| !case.ends_with(".expected"))
        .map(str::to_owned)
        .collect();
    cases.sort();
    cases
}

/// The cases of one of a function's routes, or of all that it has.
pub(crate) fn cases_of(function: &str, route: Option<(&str, &str)>) -> Vec<String> {
    let mut cases = cases(function);
    if let Some((method, path)) = route {
        let key = Value::from(format!("{method} {path}"));
        cases.retain(|case| event(function, case)["routeKey"] == key);
    }
    cases
}

/// The case that shows what a route is for: `ok`, or else the first that is served, or else the first.
pub(crate) fn main_case(function: &str, route: Option<(&str, &str)>) -> String {
    let mut cases = cases_of(function, route);
    cases.sort_by_key(|case| (case != "ok", is_refusal(&expectation(function, case))));
    let first = cases.into_iter().next();
    first.unwrap_or_else(|| panic!("events/{function} has no event of {route:?}"))
}

/// What is expected of a case, with its placeholders and matchers.
pub(crate) fn expected(function: &str, case: &str) -> Value {
    expectation(function, case)
}

/// The names of all files in a function's folder.
pub(crate) fn files(function: &str) -> Vec<String> {
    let entries = fs::read_dir(folder().join(function)).into_iter().flatten();
    entries
        .map(|entry| entry.expect("the folder can be read").file_name())
        .map(|name| name.into_string().expect("the name is a text"))
        .collect()
}

/// `events/`.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// Invokes a function with an event; returns how its answer differs from what is expected.
async fn answer_to(app: &App, filler: &mut Filler, function: &str, case: &str) -> String {
    // Filled together, so that a placeholder is the same in both.
    let pair = format!(
        "[{},{}]",
        read(function, case),
        read_expectation(function, case)
    );
    let text = fill(app, filler, &pair).await;
    let text = text.unwrap_or_else(|error| panic!("events/{function}/{case}.json: {error}"));
    let [event, expected]: [Value; 2] = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("events/{function}/{case}: {error}"));
    let answered = match app.stack().lambda().invoke(function, event).await {
        Ok(answer) => answer,
        Err(InvocationError::Failed(message)) => json!({ "errorMessage": message }),
        Err(other) => panic!("events/{function}/{case}.json: {other}"),
    };
    let answered = expectation::in_words_of(&expected, answered);
    diff(
        (
            &format!("events/{function}/{case}.expected.json"),
            &pretty(&expected),
        ),
        ("what was answered", &pretty(&answered)),
    )
}

/// The text with every placeholder replaced. A colleague is made here, without waiting for an email.
pub(crate) async fn fill(app: &App, filler: &mut Filler, text: &str) -> Result<String, EventError> {
    let mut text = text.to_owned();
    if text.contains(COLLEAGUE) {
        let tenant = filler.fill("{{ada.tenant}}").await?;
        text = text.replace(COLLEAGUE, &colleague(app, &tenant).await);
    }
    filler.fill(&text).await
}

/// The id of a new member of a tenant.
pub(crate) async fn colleague(app: &App, tenant: &str) -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let guest = app.member(&format!("colleague-{number}")).await;
    app.enrol_in(tenant, &guest, "editor").await.user_id
}

fn is_of_a_connection(endpoint: &Endpoint) -> bool {
    matches!(endpoint.trigger, Trigger::Socket { .. }) && endpoint.name != CONNECT
}

/// What answers when nothing else does only refuses.
fn can_succeed(endpoint: &Endpoint) -> bool {
    !endpoint.takes_anything()
}

/// A schedule says nothing that could be refused.
fn can_refuse(endpoint: &Endpoint) -> bool {
    endpoint.trigger != Trigger::Schedule
}

fn is_refusal(expected: &Value) -> bool {
    let failed_messages = expected["batchItemFailures"].as_array();
    expected.get("errorMessage").is_some()
        || expected["statusCode"]
            .as_u64()
            .is_some_and(|status| status >= 400)
        || expected["body"]["type"] == "error"
        || failed_messages.is_some_and(|failures| !failures.is_empty())
}

/// An event, with its placeholders.
pub(crate) fn event(function: &str, case: &str) -> Value {
    serde_json::from_str(&read(function, case))
        .unwrap_or_else(|error| panic!("events/{function}/{case}.json: {error}"))
}

fn expectation(function: &str, case: &str) -> Value {
    serde_json::from_str(&read_expectation(function, case))
        .unwrap_or_else(|error| panic!("events/{function}/{case}.expected.json: {error}"))
}

fn read_expectation(function: &str, case: &str) -> String {
    read(function, &format!("{case}.expected"))
}

fn read(function: &str, case: &str) -> String {
    let file = folder().join(function).join(format!("{case}.json"));
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
