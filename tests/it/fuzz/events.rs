//! Whatever a gateway passes on, a function answers; and whatever event it is invoked with, it does not
//! panic.

use local::lambda::InvocationError;
use local::{events, functions};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use shared::endpoint::Trigger;

use super::arena::Arena;
use super::values::{spoilt, texts, values};
use crate::fixtures::{cases, fill};

/// How many events each function is invoked with.
const EVENTS: u32 = 50;

/// A sweep takes nothing from its event, and reads many rows.
const SWEEPS: u32 = 5;

#[test]
fn no_event_makes_a_function_panic() {
    let arena = Arena::open();
    for function in functions::all() {
        let endpoint = function.endpoint;
        let events = spoilt(select(fixtures(&arena, endpoint.name)));
        let count = match endpoint.trigger {
            Trigger::Schedule => SWEEPS,
            _ => EVENTS,
        };
        arena.throw(count, &events, async |event| {
            match arena
                .app
                .stack()
                .lambda()
                .invoke(endpoint.name, event)
                .await
            {
                Err(InvocationError::Failed(message)) => {
                    prop_assert!(
                        !message.contains("panicked"),
                        "{}: {}",
                        endpoint.name,
                        message
                    );
                }
                Err(other) => {
                    return Err(TestCaseError::fail(format!("{}: {other}", endpoint.name)));
                }
                Ok(_) => {}
            }
            Ok(())
        });
    }
    arena.close();
}

/// What a client chooses of its request's event.
#[derive(Debug, Clone)]
enum Choice {
    Body(String),
    Encoded(String),
    NoBody,
    Header(String, String),
    Path(String),
    Query(String),
}

#[test]
fn whatever_a_client_chooses_of_an_event_there_is_an_answer() {
    let arena = Arena::open();
    for function in functions::all() {
        let endpoint = function.endpoint;
        if !matches!(
            endpoint.trigger,
            Trigger::Http { .. } | Trigger::Socket { .. }
        ) {
            continue;
        }
        let events = select(fixtures(&arena, endpoint.name));
        let choices = prop::collection::vec(choices(), 1..4);
        arena.throw(EVENTS, &(events, choices), async |(mut event, choices)| {
            for choice in choices {
                choice.make(&mut event);
            }
            let answer = arena
                .app
                .stack()
                .lambda()
                .invoke(endpoint.name, event)
                .await;
            let answer = answer
                .map_err(|error| TestCaseError::fail(format!("{}: {error}", endpoint.name)))?;
            let status = answer["statusCode"].as_u64();
            prop_assert!(
                matches!(status, Some(200..500)),
                "{}: {}",
                endpoint.name,
                answer
            );
            Ok(())
        });
    }
    arena.close();
}

fn choices() -> impl Strategy<Value = Choice> {
    let name = prop_oneof![
        Just("authorization".to_owned()),
        Just("content-type".to_owned()),
        Just("content-length".to_owned()),
        Just("Origin".to_owned()),
        "[a-z][a-z0-9-]{0,12}",
    ];
    let value = prop_oneof![
        "[\\t -~]{0,40}",
        "[ -~\u{80}-\u{10ffff}]{0,20}",
        "-?[0-9]{1,30}",
    ];
    prop_oneof![
        3 => values().prop_map(|body| Choice::Body(body.to_string())),
        2 => texts().prop_map(Choice::Body),
        2 => texts().prop_map(Choice::Encoded),
        1 => Just(Choice::NoBody),
        3 => (name, value).prop_map(|(name, value)| Choice::Header(name, value)),
        1 => texts().prop_map(Choice::Path),
        2 => texts().prop_map(Choice::Query),
    ]
}

impl Choice {
    fn make(self, event: &mut Value) {
        match self {
            Self::Body(body) => event["body"] = json!(body),
            Self::Encoded(body) => {
                event["body"] = json!(body);
                event["isBase64Encoded"] = json!(true);
            }
            Self::NoBody => event["body"] = Value::Null,
            Self::Header(name, value) => event["headers"][name] = json!(value),
            Self::Path(path) => {
                event["requestContext"]["http"]["path"] = json!(path);
                event["rawPath"] = json!(path);
            }
            Self::Query(query) => {
                event["queryStringParameters"] = json!({ &query: query, "ticket": query });
                event["rawQueryString"] = json!(query);
            }
        }
    }
}

/// The events of the function's cases, all of the same people: those that a platform sends, whatever the
/// function makes of them.
fn fixtures(arena: &Arena, function: &str) -> Vec<Value> {
    let read = |case: &str| events::read(&format!("{function}/{case}")).expect("it is there");
    let texts: Vec<_> = cases(function)
        .iter()
        .filter(|case| !read(&format!("{case}.expected")).contains("errorMessage"))
        .map(|case| read(case))
        .collect();
    let mut people = events::Filler::new(&arena.app.stack().api_url());
    let filled = arena.wait(fill(
        &arena.app,
        &mut people,
        &format!("[{}]", texts.join(",")),
    ));
    serde_json::from_str(&filled.expect("they can be filled")).expect("it is JSON")
}
