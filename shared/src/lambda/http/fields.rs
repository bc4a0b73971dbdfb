//! `?fields=`: as much of a resource as a client asks for. What it can ask for is told by the type of the answer, so that
//! no function says it again.
//!
//! An entity tag is of what is shown, so that each choice has its own and a 304 stands for the same members; its version
//! is the resource's, so that any of them will do for `If-Match`.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::input::{Invalid, names};
use crate::reply::Reply;
use crate::schema::{Schema, SchemaGenerator, SchemaSettings};

/// What the parameter is called.
pub const NAME: &str = "fields";

/// What is shown of a resource whatever is asked for, if it has it.
pub const ALWAYS: &str = "id";

/// How an answer looks.
pub(crate) type Look = fn(&mut SchemaGenerator) -> Schema;

/// The members of a resource that a client can choose from; none if the answer is not the envelope of one, or of many.
pub(crate) fn of(look: Look) -> Vec<String> {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.into_generator();
    let answer = Value::from(look(&mut generator));
    let definitions = generator.take_definitions(true);
    let data = found(&answer["properties"]["data"], &definitions);
    let resource = match data.get("items") {
        Some(items) => found(items, &definitions),
        None => data,
    };
    let members = resource["properties"].as_object();
    members
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// What a schema stands for.
fn found<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next());
    match name.and_then(|name| definitions.get(name)) {
        Some(definition) => found(definition, definitions),
        None => schema,
    }
}

/// What a client wants to see of each resource: all of it, or what it names.
#[derive(Debug, Default)]
pub(super) struct Fields(Option<Vec<String>>);

impl Fields {
    /// Takes them out of what a query says. Where there is nothing to choose from they stay there, as any other
    /// parameter that is not known.
    ///
    /// # Errors
    /// 400 for a name that is none, with all that there are, and for too many.
    pub(super) fn taken(query: &mut Value, look: Look) -> Result<Self> {
        let Some(query) = query
            .as_object_mut()
            .filter(|query| query.contains_key(NAME))
        else {
            return Ok(Self::default());
        };
        let members = of(look);
        if members.is_empty() {
            return Ok(Self::default());
        }
        let asked = query.shift_remove(NAME);
        let asked = asked.as_ref().and_then(Value::as_str).unwrap_or_default();
        let names = names::of(asked, &members);
        let names = names.map_err(|Invalid(message)| Error::invalid(NAME, message).of_query())?;
        Ok(Self(Some(names.into_iter().map(str::to_owned).collect())))
    }

    /// The same answer with these members of its resources alone.
    ///
    /// # Errors
    /// 500 if it is not JSON.
    pub(super) fn of(&self, reply: Reply<Box<RawValue>>) -> Result<Reply<Box<RawValue>>> {
        let Some(names) = &self.0 else {
            return Ok(reply);
        };
        let mut body: Value = serde_json::from_str(reply.body.get()).map_err(Error::internal)?;
        match body.get_mut("data") {
            Some(Value::Array(resources)) => {
                for resource in resources {
                    keep(names, resource);
                }
            }
            Some(resource) => keep(names, resource),
            None => {}
        }
        let body = to_raw_value(&body).map_err(Error::internal)?;
        Ok(Reply { body, ..reply })
    }
}

fn keep(names: &[String], resource: &mut Value) {
    if let Value::Object(members) = resource {
        members.retain(|name, _| name == ALWAYS || names.iter().any(|kept| kept == name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Page;
    use crate::reply::Data;
    use proptest::prelude::*;
    use schemars::JsonSchema;
    use serde::Serialize;
    use serde_json::json;

    #[derive(Debug, Clone, Serialize, JsonSchema)]
    struct Thing {
        id: u8,
        name: &'static str,
        part: Option<Part>,
    }

    #[derive(Debug, Clone, Serialize, JsonSchema)]
    struct Part {
        size: f64,
    }

    const THING: Thing = Thing {
        id: 1,
        name: "one",
        part: Some(Part { size: 0.1 }),
    };

    fn shown<T: Serialize + JsonSchema>(body: T, asked: &str) -> Result<String> {
        let mut query = json!({ "fields": asked });
        let fields = Fields::taken(&mut query, T::json_schema)?;
        assert_eq!(query, json!({}));
        let reply = fields.of(Reply::ok(body).version(7).rendered()?)?;
        assert_eq!(reply.version, Some(7));
        Ok(reply.body.get().to_owned())
    }

    #[test]
    fn what_is_asked_for_of_one_or_of_many_is_shown_and_the_id() {
        let one = || Data::from(THING);
        let many = || Page::of(vec![THING, THING], None);
        assert_eq!(
            shown(one(), "name").ok().as_deref(),
            Some(r#"{"data":{"id":1,"name":"one"}}"#)
        );
        assert_eq!(
            shown(one(), "part,part").ok().as_deref(),
            Some(r#"{"data":{"id":1,"part":{"size":0.1}}}"#)
        );
        assert_eq!(
            shown(many(), "id").ok().as_deref(),
            Some(r#"{"data":[{"id":1},{"id":1}],"meta":{"next_cursor":null,"has_more":false}}"#)
        );
        assert!(shown(Data::from(vec![THING]), "id,name,part").is_ok());
    }

    #[test]
    fn what_there_is_not_is_refused_and_told_what_there_is() {
        let sentence = "Must be some of these, with commas between them: id, name, part";
        for asked in [
            "",
            "size",
            "part.size",
            "name,",
            "name, id",
            "NAME",
            "name,meta",
        ] {
            let refused = shown(Data::from(THING), asked).expect_err("there is none");
            assert_eq!(refused.code().status(), 400, "{asked}");
            let [detail] = refused.details() else {
                panic!("{asked}: {refused}")
            };
            assert_eq!(
                (&*detail.field, &*detail.message),
                (NAME, sentence),
                "{asked}"
            );
        }
        let refused = shown(Data::from(THING), &["id"; names::MOST + 1].join(","));
        assert_eq!(refused.expect_err("they are many").code().status(), 400);
    }

    #[test]
    fn where_there_is_nothing_to_choose_from_it_is_a_parameter_as_any_other() {
        let mut query = json!({ "fields": "id" });
        for look in [
            <()>::json_schema,
            Part::json_schema,
            <Data<u8>>::json_schema,
        ] {
            let fields = Fields::taken(&mut query, look).expect("it is not looked at");
            assert!(fields.0.is_none());
            assert_eq!(query, json!({ "fields": "id" }));
        }
        let none = Fields::taken(&mut json!({}), Thing::json_schema).expect("there are none");
        assert!(none.0.is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_no_more_is_shown(asked in prop_oneof![".{0,40}", "(id|name|part)(,(id|name|part|x)){0,3}"]) {
            match shown(Data::from(THING), &asked) {
                Ok(body) => {
                    let body: Value = serde_json::from_str(&body)?;
                    let names = body["data"].as_object().into_iter().flatten().map(|(name, _)| name);
                    for name in names {
                        prop_assert!(name == "id" || asked.split(',').any(|asked| asked == name));
                    }
                    for name in asked.split(',') {
                        prop_assert!(!body["data"][name].is_null());
                    }
                }
                Err(error) => prop_assert_eq!(error.code().status(), 400),
            }
        }
    }
}
