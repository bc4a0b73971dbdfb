//! Answers of which a client sees as much as it asks for, by `?fields=`.

use serde_json::{Map, Value, json};
use shared::schema::{CHOICE, CHOSEN_ALWAYS, choice_pattern};

/// Where the document keeps what several operations have.
const PREFIX: &str = "#/components/schemas/";

pub(super) const NAME: &str = CHOICE;

/// How the parameter looks where there is something to choose from.
pub(super) fn parameter(choice: &[String]) -> Option<Value> {
    let schema = json!({
        "type": "string",
        "pattern": choice_pattern(choice),
        "description": "What is shown of each resource, besides its `id`: all of it, if nothing is named.",
    });
    (!choice.is_empty()).then_some(schema)
}

/// Says of what an operation answers that a member need not be there, for it may not have been asked for.
pub(super) fn loosen(operation: &mut Value, schemas: &mut Map<String, Value>) {
    let schema = &mut operation["responses"]["200"]["content"]["application/json"]["schema"];
    let data = &mut schema["properties"]["data"];
    let resource = match data.get("items") {
        Some(_) => &mut data["items"],
        None => data,
    };
    let name = resource["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix(PREFIX));
    match name.map(str::to_owned) {
        None => loosen_own(resource),
        Some(name) => {
            let part = format!("{name}Part");
            if !schemas.contains_key(&part) {
                let mut schema = schemas[&name].clone();
                loosen_own(&mut schema);
                schemas.insert(part.clone(), schema);
            }
            resource["$ref"] = format!("{PREFIX}{part}").into();
        }
    }
}

/// What has to be there of the whole is kept beside it.
fn loosen_own(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    let whole = members.get("required").cloned().unwrap_or_default();
    let always = whole.as_array().into_iter().flatten();
    let always: Vec<_> = always
        .filter(|name| *name == CHOSEN_ALWAYS)
        .cloned()
        .collect();
    if always.is_empty() {
        members.shift_remove("required");
    } else {
        members.insert("required".to_owned(), always.into());
    }
    members.insert("x-whole".to_owned(), whole);
}
