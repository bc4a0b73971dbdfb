//! What a function lets in, read off its handler's types.

use std::any::type_name;

use serde_json::Value;

use super::http::fields;
use crate::error::Detail;
use crate::input::{self, Input};
use crate::schema::{Output, Schema, SchemaGenerator};

/// Who may call a function behind HTTP or the WebSocket, and what they can send it: for what is made from
/// all of them, tests and documents.
#[derive(Debug, Clone)]
pub struct Surface {
    /// Method and path, where the function has several routes of the HTTP API and this is not its first.
    pub route: Option<(&'static str, &'static str)>,
    /// The name of the caller type that the handler asks for, which is its policy: `Editor`, `InPerson<Viewer>`.
    pub caller: String,
    /// The fields of its input, however deep they stand: `attachment.filename`, `tasks[].id`. Nothing if it
    /// takes fields that it does not know.
    pub fields: Option<Vec<String>>,
    refusals: fn(Value) -> Vec<Detail>,
    required: fn() -> Vec<String>,
    input: fn(&mut SchemaGenerator) -> Schema,
    output: fn(&mut SchemaGenerator) -> Schema,
}

impl Surface {
    pub(crate) fn of<T: Input, C, O: Output>() -> Self {
        let last = |path: &'static str| path.rsplit("::").next().unwrap_or(path);
        let names: Vec<_> = type_name::<C>().split('<').map(last).collect();
        Self {
            route: None,
            caller: names.join("<"),
            fields: input::fields::<T>(),
            refusals: input::refusals::<T>,
            required: input::required::<T>,
            input: T::json_schema,
            output: O::json_schema,
        }
    }

    /// The same behind a route.
    pub(crate) fn behind(self, method: &'static str, path: &'static str) -> Self {
        Self {
            route: Some((method, path)),
            ..self
        }
    }

    /// How its input looks: what path, query and body hold between them.
    pub fn input(&self, generator: &mut SchemaGenerator) -> Schema {
        let mut schema = (self.input)(generator);
        if self.fields.is_some() {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        // What is left out may have a value all the same: parsing knows.
        schema.insert("required".to_owned(), (self.required)().into());
        schema
    }

    /// How the body of its answer looks, where it has one.
    pub fn output(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.output)(generator)
    }

    /// Which members of the resources in its answer a client can choose from where it reads them; none if it can't
    /// choose.
    pub fn choice(&self) -> Vec<String> {
        fields::of(self.output)
    }

    /// What its input would be refused for, field by field; nothing if it is taken.
    pub fn refusals(&self, input: Value) -> Vec<Detail> {
        (self.refusals)(input)
    }
}
