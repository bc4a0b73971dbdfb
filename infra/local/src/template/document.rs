use super::TemplateError;
use serde_json::{Map, Value};
use serde_norway::value::TaggedValue;

/// The template as JSON, with YAML's short forms (`!Ref`, `!Sub`) written out and `Globals` merged
/// into the resources that they concern.
pub(super) struct Document {
    pub(super) parameters: Map<String, Value>,
    pub(super) conditions: Map<String, Value>,
    pub(super) resources: Map<String, Value>,
}

impl Document {
    pub(super) fn parse(yaml: &str) -> Result<Self, TemplateError> {
        let Value::Object(mut root) = json(serde_norway::from_str(yaml)?, "")? else {
            return Err(TemplateError::at("the document", "is not a mapping"));
        };
        let globals = section(&mut root, "Globals")?;
        let mut resources = section(&mut root, "Resources")?;
        for resource in resources.values_mut() {
            merge_globals(&globals, resource);
        }
        Ok(Self {
            parameters: section(&mut root, "Parameters")?,
            conditions: section(&mut root, "Conditions")?,
            resources,
        })
    }
}

/// Whether a mapping is a call such as `{"Ref": …}` or `{"Fn::Sub": …}`, and of what.
pub(super) fn intrinsic(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next()?;
    let is_call = object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"));
    is_call.then_some((name.as_str(), argument))
}

fn section(root: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, TemplateError> {
    match root.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(section)) => Ok(section),
        Some(_) => Err(TemplateError::at(name, "is not a mapping")),
    }
}

fn json(yaml: serde_norway::Value, place: &str) -> Result<Value, TemplateError> {
    use serde_norway::Value as Yaml;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => Value::Bool(bool),
        Yaml::Number(number) => serde_json::to_value(number)
            .map_err(|error| TemplateError::at(place, error.to_string()))?,
        Yaml::String(string) => Value::String(string),
        Yaml::Sequence(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| json(item, &format!("{place}[{index}]")))
            .collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                let key = key_name(key, place)?;
                let value = json(value, &join(place, &key))?;
                object.insert(key, value);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => long_form(*tagged, place)?,
    })
}

fn key_name(key: serde_norway::Value, place: &str) -> Result<String, TemplateError> {
    match key {
        serde_norway::Value::String(key) => Ok(key),
        serde_norway::Value::Number(key) => Ok(key.to_string()),
        serde_norway::Value::Bool(key) => Ok(key.to_string()),
        _ => Err(TemplateError::at(
            place,
            "a key is neither text nor a number",
        )),
    }
}

fn long_form(tagged: TaggedValue, place: &str) -> Result<Value, TemplateError> {
    let tag = tagged.tag.to_string();
    let short = tag.trim_start_matches('!');
    let name = match short {
        "Ref" | "Condition" => short.to_owned(),
        _ => format!("Fn::{short}"),
    };
    let argument = json(tagged.value, place)?;
    Ok(Value::Object(Map::from_iter([(name, argument)])))
}

fn merge_globals(globals: &Map<String, Value>, resource: &mut Value) {
    let section = resource["Type"]
        .as_str()
        .and_then(|kind| kind.strip_prefix("AWS::Serverless::"))
        .and_then(|kind| globals.get(kind));
    let (Some(section), Some(resource)) = (section, resource.as_object_mut()) else {
        return;
    };
    let own = resource.remove("Properties").unwrap_or_default();
    resource.insert("Properties".to_owned(), merge(section, own));
}

/// As SAM does: mappings are merged, lists joined, and of two other values the resource's own stands.
fn merge(global: &Value, own: Value) -> Value {
    match (global, own) {
        (global, Value::Null) => global.clone(),
        (Value::Object(global), Value::Object(own))
            if intrinsic(global).is_none() && intrinsic(&own).is_none() =>
        {
            let mut merged = global.clone();
            for (key, value) in own {
                let value = match global.get(&key) {
                    Some(global) => merge(global, value),
                    None => value,
                };
                merged.insert(key, value);
            }
            Value::Object(merged)
        }
        (Value::Array(global), Value::Array(own)) => {
            Value::Array(global.iter().cloned().chain(own).collect())
        }
        (_, own) => own,
    }
}

fn join(place: &str, key: &str) -> String {
    if place.is_empty() {
        key.to_owned()
    } else {
        format!("{place}.{key}")
    }
}
