//! The reference, `openapi.json`: written from the functions, their types and their events, and so never by hand.

mod answers;
mod choice;
mod document;
mod examples;
mod operation;
mod schemas;
mod sources;

use std::fs;
use std::path::Path;

use local::functions;
use serde_json::Value;
use shared::lambda::Surface;

use crate::agreement::{Lines, assert_agree, diff};

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
