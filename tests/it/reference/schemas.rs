//! Schemas, each in full where it stands, or once for all where several functions have it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::lambda::Surface;
use shared::schema::{SchemaGenerator, SchemaSettings};

/// Where a document keeps them.
const PREFIX: &str = "#/components/schemas/";

/// What has been asked for so far.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    /// Which functions have a type, by its name and what it looks like.
    uses: BTreeMap<(String, String), BTreeSet<String>>,
}

/// How an input looks, with nothing left to look up.
pub(super) fn of_input(surface: &Surface) -> Value {
    let mut generator = generator(SchemaSettings::for_deserialize);
    let schema = surface.input(&mut generator);
    in_full(schema.into(), &generator.take_definitions(true))
}

impl Schemas {
    /// How the answer of a function looks. What other functions have as well stays to be looked up.
    pub(super) fn output(&mut self, function: &str, surface: &Surface) -> Value {
        let mut generator = generator(SchemaSettings::for_serialize);
        let schema = surface.output(&mut generator);
        let definitions = generator.take_definitions(true);
        for (name, definition) in &definitions {
            let full = in_full(definition.clone(), &definitions);
            let key = (name.clone(), full.to_string());
            self.uses
                .entry(key)
                .or_default()
                .insert(function.to_owned());
        }
        let mut schema = Value::from(schema);
        mark(&mut schema, &definitions);
        schema
    }

    /// What several functions have: each by its name.
    pub(super) fn shared(&self) -> Map<String, Value> {
        let mut shared = Map::new();
        for ((name, schema), functions) in &self.uses {
            if functions.len() > 1 {
                let schema = serde_json::from_str(schema).expect("it was JSON");
                let other = shared.insert(name.clone(), schema);
                assert!(
                    other.is_none(),
                    "two types are called {name}: rename one, #[schemars(rename = …)]"
                );
            }
        }
        shared
    }
}

/// Puts what only one function has where it is asked for.
pub(super) fn settle(schema: &mut Value, shared: &Map<String, Value>) {
    if let Some(full) = schema
        .as_object_mut()
        .and_then(|object| object.remove("x-full"))
    {
        let name = name_of(schema).unwrap_or_default();
        if shared.get(&name) == Some(&full) {
            return;
        }
        *schema = laid_over(full, schema);
    }
    match schema {
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| settle(member, shared)),
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, shared)),
        _ => {}
    }
}

/// Notes beside each look-up what it would find.
fn mark(schema: &mut Value, definitions: &Map<String, Value>) {
    if let Some(definition) = name_of(schema).and_then(|name| definitions.get(&name)) {
        schema["x-full"] = in_full(definition.clone(), definitions);
        return;
    }
    match schema {
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| mark(member, definitions)),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, definitions)),
        _ => {}
    }
}

/// A schema with every look-up replaced by what it finds.
fn in_full(mut schema: Value, definitions: &Map<String, Value>) -> Value {
    if let Some(definition) = name_of(&schema).and_then(|name| definitions.get(&name)) {
        schema = laid_over(definition.clone(), &schema);
    }
    match &mut schema {
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = in_full(member.take(), definitions);
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = in_full(item.take(), definitions);
            }
        }
        _ => {}
    }
    schema
}

/// A definition, and what a look-up says beside it: that is more to the point.
fn laid_over(mut definition: Value, lookup: &Value) -> Value {
    for (name, value) in lookup.as_object().into_iter().flatten() {
        if name != "$ref" {
            definition[name] = value.clone();
        }
    }
    definition
}

fn name_of(schema: &Value) -> Option<String> {
    let path = schema.get("$ref")?.as_str()?;
    path.strip_prefix(PREFIX).map(str::to_owned)
}

fn generator(contract: impl Fn(SchemaSettings) -> SchemaSettings) -> SchemaGenerator {
    let settings = contract(SchemaSettings::draft2020_12()).with(|settings| {
        settings.definitions_path = PREFIX.trim_start_matches('#').trim_end_matches('/').into();
        settings.meta_schema = None;
    });
    settings.into_generator()
}

/// The body of every refusal.
pub(super) fn refusal() -> Value {
    let mut generator = generator(SchemaSettings::for_serialize);
    let code = generator.subschema_for::<shared::error::Code>();
    let details = generator.subschema_for::<Vec<shared::error::Detail>>();
    let schema = json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": code,
                "message": { "type": "string", "description": "A sentence for its reader." },
                "details": details,
                "request_id": { "type": "string", "description": "As in `X-Request-Id`." },
            },
        } },
    });
    in_full(schema, &generator.take_definitions(true))
}
