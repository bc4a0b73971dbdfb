//! OpenAPI 3.1 in the words of 3.0, which the generator reads, and without what it can make nothing of: limits,
//! which the server checks, and what is no JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const SCHEMAS: &str = "#/components/schemas/";
const REFUSAL: &str = "#/components/schemas/Refusal";
/// What else a schema may say is left out.
const KEPT: [&str; 6] = ["title", "type", "format", "enum", "required", "description"];

/// The same document, a version back.
pub(crate) fn older(mut document: Value) -> Value {
    let parts = parts(&document);
    whole(&mut document, &parts);
    let schemas = Schemas::of(&document);
    document["openapi"] = "3.0.3".into();
    document["info"]["license"] = json!({ "name": document["info"]["license"]["name"] });
    let components = schemas.older();
    let parameters = parameters(&document["components"]["parameters"]);
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.retain(|path, _| !path.starts_with("/docs") && path != "/openapi.json");
        for (method, operation) in paths.values_mut().flat_map(members) {
            schemas.rewrite(method, operation);
        }
    }
    document["components"] = json!({ "parameters": parameters, "schemas": components });
    prune(&mut document);
    document
}

/// What answers refer to of which a part can be asked for, and what that is a part of.
fn parts(document: &Value) -> BTreeMap<String, String> {
    let schemas = &document["components"]["schemas"];
    let parts = members_of(schemas).filter(|(_, schema)| schema.get("x-whole").is_some());
    let parts = parts.filter_map(|(name, _)| Some((name, name.strip_suffix("Part")?)));
    let parts = parts.filter(|(_, whole)| schemas.get(whole).is_some());
    let reference = |name: &str| format!("{SCHEMAS}{name}");
    parts
        .map(|(name, whole)| (reference(name), reference(whole)))
        .collect()
}

/// All that is answered to whoever does not choose `fields`, which the client does not.
fn whole(value: &mut Value, parts: &BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            if let Some(whole) = object.remove("x-whole") {
                object.insert("required".to_owned(), whole);
            }
            if let Some(Value::Array(parameters)) = object.get_mut("parameters") {
                parameters.retain(|parameter| parameter["name"] != "fields");
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(whole) = parts.get(reference)
            {
                reference.clone_from(whole);
            }
            object.values_mut().for_each(|member| whole(member, parts));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| whole(item, parts)),
        _ => {}
    }
}

/// What all operations share is text to the client.
fn parameters(parameters: &Value) -> Map<String, Value> {
    let mut parameters = parameters.as_object().cloned().unwrap_or_default();
    for parameter in parameters.values_mut() {
        parameter["schema"] = json!({ "type": "string" });
    }
    parameters
}

/// The schemas that have a name.
struct Schemas(Map<String, Value>);

impl Schemas {
    fn of(document: &Value) -> Self {
        let schemas = document["components"]["schemas"].as_object();
        Self(schemas.cloned().unwrap_or_default())
    }

    fn older(&self) -> Map<String, Value> {
        let older = |(name, schema): (&String, &Value)| (name.clone(), self.in_full(schema));
        self.0.iter().map(older).collect()
    }

    fn rewrite(&self, method: &str, operation: &mut Value) {
        for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
            if let Some(schema) = parameter.get("schema") {
                parameter["schema"] = self.short(schema);
                remove(parameter, "example");
            }
        }
        if let Some(schema) = body(&operation["requestBody"]) {
            let schema = match method {
                "patch" => self.patch(schema),
                _ => self.short(schema),
            };
            operation["requestBody"]["content"] = json_body(&schema);
        }
        operation["responses"] = self.responses(&operation["responses"]);
    }

    /// Each success; and one form of refusal, for the generator takes no more: the operation's own, if it has one.
    fn responses(&self, responses: &Value) -> Value {
        let mut older = json!({});
        let mut refusal = json!({ "$ref": REFUSAL });
        for (status, response) in responses.as_object().into_iter().flatten() {
            let schema = body(response).map(|schema| self.short(schema));
            match (status.as_bytes().first(), schema) {
                (Some(b'2'), schema) => {
                    older[status] = json!({ "description": response["description"] });
                    if let Some(schema) = schema {
                        older[status]["content"] = json_body(&schema);
                    }
                }
                (Some(b'4' | b'5'), Some(schema)) if schema["$ref"] != REFUSAL => refusal = schema,
                _ => {}
            }
        }
        let refused = json!({ "description": "Refused.", "content": json_body(&refusal) });
        older["5XX"] = refused.clone();
        if refusal["$ref"] == REFUSAL {
            older["4XX"] = refused;
        }
        older
    }

    /// A merge patch, in which null is a value, and not the same as nothing.
    fn patch(&self, schema: &Value) -> Value {
        let mut older = self.in_full(schema);
        for (name, property) in members_of(&schema["properties"]) {
            if let Some(value) = nullable(property) {
                older["properties"][name] = json!({ "x-rust-type": {
                    "crate": env!("CARGO_PKG_NAME"), "version": "*", "path": "tenon_client::Nullable",
                    "parameters": [self.short(&value)],
                } });
            }
        }
        older
    }

    /// A schema by its name, if it has one and is worth a type.
    fn short(&self, schema: &Value) -> Value {
        let named = self.0.iter().find(|(name, named)| {
            schema["$ref"] == format!("{SCHEMAS}{name}")
                || is_type(schema) && is_same(schema, named)
        });
        match named {
            Some((name, named)) if is_type(named) => json!({ "$ref": format!("{SCHEMAS}{name}") }),
            Some((_, named)) if schema["$ref"].is_string() => self.in_full(named),
            _ => self.in_full(schema),
        }
    }

    fn in_full(&self, schema: &Value) -> Value {
        if let Some(value) = nullable(schema) {
            return self.or_null(&value, schema);
        }
        let mut older = json!({});
        for (word, value) in members_of(schema) {
            match (word.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    let properties = properties.iter();
                    let properties =
                        properties.map(|(name, value)| (name.clone(), self.short(value)));
                    older[word] = properties.collect::<Map<_, _>>().into();
                }
                ("anyOf" | "oneOf", Value::Array(choices)) => {
                    older["oneOf"] = choices.iter().map(|choice| self.short(choice)).collect();
                }
                ("items", schema) => older[word] = self.short(schema),
                // `name` and `-name` are no two names of a variant.
                ("enum", Value::Array(values)) if values.iter().any(is_signed) => {}
                ("const", value) => older["enum"] = json!([value]),
                (kept, value) if KEPT.contains(&kept) => older[word] = value.clone(),
                _ => {}
            }
        }
        older
    }

    fn or_null(&self, value: &Value, schema: &Value) -> Value {
        let mut older = self.short(value);
        if older["$ref"].is_string() {
            older = json!({ "allOf": [older] });
        }
        older["nullable"] = true.into();
        if let Some(description) = schema.get("description") {
            older["description"] = description.clone();
        }
        older
    }
}

/// What a value is, if it is not null.
fn nullable(schema: &Value) -> Option<Value> {
    if let Some([kind, null]) = schema["type"].as_array().map(Vec::as_slice)
        && null == "null"
    {
        let mut value = schema.clone();
        value["type"] = kind.clone();
        return Some(value);
    }
    match schema["anyOf"].as_array().map(Vec::as_slice) {
        Some([value, null]) if null["type"] == "null" => Some(value.clone()),
        _ => None,
    }
}

fn is_signed(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('-'))
}

/// Whether it has parts, or names.
fn is_type(schema: &Value) -> bool {
    ["properties", "oneOf", "anyOf"]
        .iter()
        .any(|word| schema.get(word).is_some())
}

/// Whether two are the same, whatever is said of them.
fn is_same(one: &Value, other: &Value) -> bool {
    let told = |schema: &Value| {
        let mut schema = schema.clone();
        remove(&mut schema, "description");
        schema
    };
    told(one) == told(other)
}

/// Takes away what nothing refers to any more.
fn prune(document: &mut Value) {
    loop {
        let text = document.to_string();
        let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
            return;
        };
        let before = schemas.len();
        schemas.retain(|name, _| text.contains(&format!("\"{SCHEMAS}{name}\"")));
        if schemas.len() == before {
            return;
        }
    }
}

/// The schema of what is sent as JSON.
fn body(message: &Value) -> Option<&Value> {
    message
        .get("content")?
        .get("application/json")?
        .get("schema")
}

fn json_body(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn remove(object: &mut Value, member: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(member);
    }
}

fn members(object: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    object.as_object_mut().into_iter().flatten()
}

fn members_of(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}
