//! Examples, from `events/`: with something in place of what differs each time.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use shared::endpoint::Endpoint;

use crate::fixtures;

/// What a time stands for, in epoch milliseconds.
const A_TIME: u64 = 1_794_907_815_123;

/// A request and what was answered.
#[derive(Debug)]
pub(super) struct Example {
    /// Its event's name.
    pub(super) name: String,
    pub(super) status: u64,
    /// The headers of the answer, in lower case.
    pub(super) headers: Vec<String>,
    pub(super) content_type: Option<String>,
    /// What was sent, if it was JSON.
    pub(super) sent: Option<Value>,
    /// What the path and the query said.
    pub(super) named: Map<String, Value>,
    /// What was answered.
    pub(super) body: Value,
}

/// The examples of a route, or of all routes of its function.
pub(super) fn of(endpoint: &Endpoint, route: Option<(&str, &str)>) -> Vec<Example> {
    let cases = fixtures::cases_of(endpoint.name, route);
    cases
        .into_iter()
        .map(|case| read(endpoint.name, case))
        .collect()
}

/// An event of a function, and the route that it is of.
pub(super) fn of_case(function: &str, case: &str) -> (String, Example) {
    let event = fixtures::event(function, case);
    let route = event["routeKey"].as_str().expect("an event has a route");
    (route.to_owned(), read(function, case.to_owned()))
}

fn read(function: &str, case: String) -> Example {
    let event = fixtures::event(function, &case);
    let expected = fixtures::expected(function, &case);
    let sent = event["body"]
        .as_str()
        .and_then(|text| serde_json::from_str(text).ok());
    let named = ["pathParameters", "queryStringParameters"].map(|part| event[part].as_object());
    let header = |name: &str| expected["headers"][name].as_str().map(str::to_owned);
    let headers = expected["headers"].as_object().into_iter().flatten();
    Example {
        name: case,
        status: expected["statusCode"]
            .as_u64()
            .expect("an answer has a status"),
        headers: headers.map(|(name, _)| name.clone()).collect(),
        content_type: header("content-type"),
        sent: sent.map(filled),
        named: named
            .into_iter()
            .flatten()
            .flatten()
            .map(|(name, value)| (name.clone(), filled(value.clone())))
            .collect(),
        body: filled(expected["body"].clone()),
    }
}

/// The same with values in place of what can be anything, as a schema says.
pub(super) fn fitting(value: Value, schema: &Value, definitions: &Map<String, Value>) -> Value {
    let schema = found(schema, definitions);
    match value {
        Value::String(text) if text == "<any>" => any(schema, definitions),
        Value::String(text) => text.replace("<any>", "…").into(),
        Value::Array(items) => items
            .into_iter()
            .map(|item| fitting(item, &schema["items"], definitions))
            .collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let value = fitting(value, &schema["properties"][&name], definitions);
                (name, value)
            })
            .collect(),
        other => other,
    }
}

fn any(schema: &Value, definitions: &Map<String, Value>) -> Value {
    for choices in ["anyOf", "oneOf"] {
        if let Some(first) = schema[choices].get(0) {
            return any(found(first, definitions), definitions);
        }
    }
    let given = [&schema["const"], &schema["examples"][0], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|given| !given.is_null()) {
        return given.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str(),
        kind => kind.as_str(),
    };
    match kind {
        Some("integer" | "number") => json!(A_TIME),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => {
            let members = schema["properties"].as_object().into_iter().flatten();
            let members = members
                .map(|(name, member)| (name.clone(), any(found(member, definitions), definitions)));
            members.collect::<Map<_, _>>().into()
        }
        _ if schema["format"] == "uuid" => json!(an_id("any")),
        _ if schema["pattern"].is_string() => json!("i"),
        _ => json!("…"),
    }
}

fn found<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    let full = name.and_then(|name| definitions.get(name));
    full.or_else(|| schema.get("x-full")).unwrap_or(schema)
}

/// With something in place of each placeholder and each matcher but `<any>`.
fn filled(value: Value) -> Value {
    match value {
        Value::String(text) => match text.as_str() {
            "<millis>" => json!(A_TIME),
            "<count>" | "<seq>" => json!(1),
            _ => filled_text(&text).into(),
        },
        Value::Array(items) => items.into_iter().map(filled).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, filled(value)))
            .collect(),
        other => other,
    }
}

fn filled_text(text: &str) -> String {
    let mut text = text
        .replace("<uuid>", &an_id("uuid"))
        .replace("<millis>", &A_TIME.to_string())
        .replace("<count>", "1")
        .replace("<seq>", "1")
        .replace("<token>", "eyJhbGciOiJSUzI1NiJ9…")
        .replace("<secret>", "kW9bV2…");
    while let Some((before, rest)) = text.split_once("{{") {
        let (placeholder, after) = rest.split_once("}}").expect("it ends");
        text = format!("{before}{}{after}", in_place_of(placeholder));
    }
    text
}

fn in_place_of(placeholder: &str) -> String {
    match placeholder.split_once('.') {
        None if placeholder == "email" => "new@example.com".to_owned(),
        None => "eyJhbGciOiJSUzI1NiJ9…".to_owned(),
        Some((who, "email")) => format!("{who}@example.com"),
        Some((_, "password")) => "a long password".to_owned(),
        Some((_, "refresh")) => "tnr_…".to_owned(),
        Some((_, "key")) => "tnn_…".to_owned(),
        Some((_, "ticket")) => "kW9bV2…".to_owned(),
        Some((_, "reset" | "verification" | "invite")) => "tnl_…".to_owned(),
        Some(_) => an_id(placeholder),
    }
}

/// The same id each time for the same text.
pub(super) fn an_id(of: &str) -> String {
    let hash = Sha256::digest(of);
    let mut id = [0; 16];
    id[..8].copy_from_slice(&[0x01, 0x9a, 0x9a, 0x2e, 0, 0, 0x70, 0]);
    id[8] = 0x80;
    id[10..].copy_from_slice(&hash[..6]);
    uuid::Uuid::from_bytes(id).to_string()
}
