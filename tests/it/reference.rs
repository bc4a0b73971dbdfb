//! The reference, `openapi.json`: written from the functions, their types and their events, and so never by hand.

mod access;
mod answers;
mod choice;
mod document;
mod examples;
mod operation;
mod refusals;
mod schemas;
mod sources;

use std::fs;
use std::path::Path;

use local::functions;
use serde_json::Value;
use shared::lambda::Surface;

use crate::agreement::{Lines, assert_agree, assert_none, diff};

#[test]
fn the_reference_says_what_the_functions_do() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    let wanted = format!("{:#}\n", document::of(&functions::all()));
    if std::env::var("UPDATE_REFERENCE").is_ok_and(|value| value == "1") {
        fs::write(&file, &wanted).expect("the file can be written");
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let difference = diff(("openapi.json", &written), ("the functions", &wanted));
    assert!(
        difference.is_empty(),
        "\nThe reference is not what the functions do:\n\n{difference}\nTo mend it: \
         UPDATE_REFERENCE=1 cargo test --workspace --test it reference\n"
    );
}

#[test]
fn the_schema_of_an_input_has_the_fields_that_parsing_takes() {
    let (mut wanted, mut found) = (Lines::new(), Lines::new());
    for function in functions::all() {
        for surface in function.surfaces() {
            let name = function.endpoint.name;
            let Some(fields) = &surface.fields else {
                continue;
            };
            let of = |field: &str| format!("{name} {:?}: {field}", surface.route);
            wanted.extend(fields.iter().map(|field| of(field)));
            found.extend(fields_of(&surface).iter().map(|field| of(field)));
        }
    }
    assert_agree(
        ("what parsing takes", &wanted),
        ("what the schemas say", &found),
        "a `rename_all` of deserr stands in #[schemars] as well.",
    );
}

#[test]
fn every_refusal_of_an_operation_has_examples_in_the_form_that_all_have() {
    let document = document::of(&functions::all());
    let mut without = Lines::new();
    for (_, operation) in operations(&document) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        for (status, response) in responses.filter(|(status, _)| status.as_str() >= "400") {
            let json = &found(&document, response)["content"]["application/json"];
            let examples = json["examples"].as_object();
            let mut bodies = examples
                .into_iter()
                .flatten()
                .map(|(_, shown)| &shown["value"]);
            let is_degraded = json["schema"]["$ref"] != "#/components/schemas/Refusal";
            let are_some = examples.is_some_and(|examples| !examples.is_empty());
            if !are_some || !bodies.all(|body| is_degraded || is_refusal(body)) {
                without.insert(format!("{} {status}", operation["operationId"]));
            }
        }
    }
    assert_none(
        &without,
        "A refusal has an example: an event of its function, or one of those in tests/it/reference/refusals.rs.",
        "say there why an operation refuses.",
    );
}

#[test]
fn an_operation_is_called_by_what_its_method_does() {
    const VERBS: &[(&str, &[&str])] = &[
        ("get", &["get", "list", "search"]),
        ("put", &["replace", "put"]),
        ("patch", &["update"]),
        ("delete", &["delete", "remove"]),
    ];
    let document = document::of(&functions::all());
    let mut otherwise = Lines::new();
    for (method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("it has one");
        let verb = id.split(char::is_uppercase).next().unwrap_or_default();
        let own = VERBS.iter().find(|(of, _)| *of == method);
        let is_its = match own {
            Some((_, verbs)) => verbs.contains(&verb),
            None => !VERBS.iter().any(|(_, verbs)| verbs.contains(&verb)),
        };
        if !is_its {
            otherwise.insert(format!("{method}: {id}"));
        }
    }
    assert_none(
        &otherwise,
        "An operation's id says what its method does.",
        "call its handler otherwise.",
    );
}

#[test]
fn whom_an_operation_is_for_and_what_it_counts_as_is_said_in_words() {
    let document = document::of(&functions::all());
    let mut permissions = Lines::new();
    for (_, operation) in operations(&document) {
        let text = |name: &str| operation[name].as_str().expect("it is said").to_owned();
        let (who, counted, told) = (
            text("x-permission"),
            text("x-rate-class"),
            text("description"),
        );
        let role = who.split(',').next().unwrap_or_default();
        let sentence = match role {
            "anyone" => "Anyone may call it.".to_owned(),
            "authenticated" => "in whatever role.".to_owned(),
            role => format!("Needs the role {role} in the tenant"),
        };
        assert!(told.contains(&sentence), "{who}: {told}");
        assert!(told.contains("count"), "{counted}: {told}");
        assert_eq!(who.contains("in person"), told.contains("takes no API key"));
        permissions.insert(role.to_owned());
    }
    let all = ["admin", "anyone", "authenticated", "editor", "viewer"];
    assert_eq!(permissions, all.map(str::to_owned).into());
}

/// Each operation of the document, with its method.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let methods = paths.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
    methods.map(|(method, operation)| (method.as_str(), operation))
}

/// What stands there, or where it refers to.
fn found<'a>(document: &'a Value, response: &'a Value) -> &'a Value {
    let pointer = response["$ref"].as_str();
    let pointer = pointer.and_then(|path| path.strip_prefix('#'));
    pointer.map_or(response, |pointer| {
        let there = document.pointer(pointer);
        there.unwrap_or_else(|| panic!("there is no {pointer}"))
    })
}

fn is_refusal(body: &Value) -> bool {
    let members = body["error"].as_object().into_iter().flatten();
    let names: Vec<_> = members.map(|(name, _)| name.as_str()).collect();
    let says = |name: &str| {
        body["error"][name]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    };
    names == ["code", "message", "details", "request_id"] && says("code") && says("message")
}

/// What answers can carry, as it is called on the wire.
pub(crate) fn headers_of_answers() -> Lines {
    answers::names().map(str::to_owned).collect()
}

/// The fields of an input's schema, however deep they stand.
fn fields_of(surface: &Surface) -> Vec<String> {
    let input = schemas::of_input(surface);
    let mut fields = Vec::new();
    collect(&input, "", &mut fields);
    fields
}

fn collect(schema: &Value, at: &str, into: &mut Vec<String>) {
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    for choice in choices {
        collect(choice, at, into);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = match at {
            "" => name.clone(),
            at => format!("{at}.{name}"),
        };
        let before = into.len();
        collect(field, &path, into);
        if field["items"].is_object() {
            collect(&field["items"], &format!("{path}[]"), into);
        }
        if into.len() == before {
            into.push(path);
        }
    }
}
