//! From JSON to a handler's input: parsing is validating, and every bad field is reported.

mod flag;
pub(crate) mod names;
mod patch;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
};
use schemars::JsonSchema;
use serde_json::Value;

pub use self::flag::Flag;
pub use self::patch::{Patch, Replace};
use crate::error::{Detail, Error};

/// What a handler can take: a struct of newtypes with `#[derive(Deserr, JsonSchema)]`.
pub trait Input: Deserr<BadInput> + JsonSchema {}

impl<T: Deserr<BadInput> + JsonSchema> Input for T {}

/// For endpoints that take nothing.
#[derive(Debug, Clone, Copy, deserr::Deserr, schemars::JsonSchema)]
#[deserr(deny_unknown_fields)]
pub struct Nothing {}

/// Why a newtype refused a value: a sentence for its reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// Lets a newtype with `TryFrom<String>` stand in inputs.
macro_rules! from_text {
    ($($name:ty),+ $(,)?) => {
        $(
            impl deserr::Deserr<$crate::input::BadInput> for $name {
                fn deserialize_from_value<V: deserr::IntoValue>(
                    value: deserr::Value<V>,
                    location: deserr::ValuePointerRef,
                ) -> Result<Self, $crate::input::BadInput> {
                    let text: String = deserr::Deserr::deserialize_from_value(value, location)?;
                    Self::try_from(text)
                        .map_err(|invalid| $crate::input::BadInput::at(location, invalid))
                }
            }
        )+
    };
}
pub(crate) use from_text;

/// What is said of a field that is not known.
const UNKNOWN: &str = "Unknown field";

/// What is said of a number that is larger or smaller than any that is meant.
const OUT_OF_RANGE: &str = "Is out of range";

/// All that is wrong with an input.
#[derive(Debug, Default)]
pub struct BadInput {
    details: Vec<Detail>,
    /// The fields that a struct has, by where it stands.
    accepted: Vec<(String, Vec<String>)>,
}

/// Parses `value`.
///
/// # Errors
/// 422 that names every bad field, in the order of the struct's fields.
pub fn parse<T: Input>(value: Value) -> Result<T, Error> {
    deserr::deserialize(value).map_err(|bad: BadInput| Error::validation(bad.in_order::<T>()))
}

/// Parses what a query says; `in_path` are the names of what the path has said, and `more` is what the query could have
/// said beside it.
///
/// # Errors
/// 422 as of a body; of a parameter that is not known it says which ones are.
pub(crate) fn parse_query<T: Input>(
    value: Value,
    in_path: &[String],
    more: impl FnOnce() -> Option<&'static str>,
) -> Result<T, Error> {
    deserr::deserialize(value).map_err(|bad: BadInput| {
        let mut known = accepted_at::<T>("").unwrap_or_default();
        known.retain(|name| !in_path.contains(name));
        known.extend(more().map(str::to_owned));
        let known = match known.join(", ") {
            none if none.is_empty() => "there are none".to_owned(),
            known => format!("there are {known}"),
        };
        let mut details = bad.in_order::<T>();
        for detail in &mut details {
            if detail.message == UNKNOWN {
                detail.message = format!("Unknown parameter: {known}");
            }
        }
        Error::validation(details)
    })
}

/// All that is wrong with `value`; nothing if it is taken.
pub(crate) fn refusals<T: Input>(value: Value) -> Vec<Detail> {
    match deserr::deserialize::<T, Value, BadInput>(value) {
        Ok(_) => Vec::new(),
        Err(bad) => bad.in_order::<T>(),
    }
}

/// The fields that an input can't do without, of those that do not stand inside of others.
pub(crate) fn required<T: Input>() -> Vec<String> {
    refusals::<T>(serde_json::json!({}))
        .into_iter()
        .filter(|detail| detail.message == is_required(&detail.field))
        .map(|detail| detail.field)
        .collect()
}

/// The fields of an input, however deep they stand: `attachment.filename`, `tasks[].id`. Nothing if it
/// takes fields that it does not know: then it does not tell which ones it does.
pub(crate) fn fields<T: Input>() -> Option<Vec<String>> {
    let mut fields = Vec::new();
    collect_fields::<T>("", &mut fields).then_some(fields)
}

impl BadInput {
    /// One bad field.
    pub(crate) fn at(location: ValuePointerRef, Invalid(message): Invalid) -> Self {
        Self {
            details: vec![Detail {
                field: path(location),
                message,
            }],
            accepted: Vec::new(),
        }
    }

    /// The same, and more.
    pub(crate) fn and(mut self, more: Self) -> Self {
        self.details.extend(more.details);
        self.accepted.extend(more.accepted);
        self
    }

    fn in_order<T: Input>(self) -> Vec<Detail> {
        let documented = accepted_at::<T>("").unwrap_or_default();
        let rank = |detail: &Detail| {
            let top = detail.field.split(['.', '[']).next().unwrap_or_default();
            documented
                .iter()
                .position(|field| field == top)
                .unwrap_or(usize::MAX)
        };
        let mut details = self.details;
        details.sort_by_key(rank);
        details
    }

    fn with(mut self, field: String, message: String) -> ControlFlow<Self, Self> {
        self.details.push(Detail { field, message });
        ControlFlow::Continue(self)
    }
}

/// Returns whether there is a struct at `at`, and one that tells its fields.
fn collect_fields<T: Input>(at: &str, into: &mut Vec<String>) -> bool {
    let Some(names) = accepted_at::<T>(at) else {
        return false;
    };
    for name in names {
        let field = child(at, &name);
        let is_struct =
            collect_fields::<T>(&field, into) || collect_fields::<T>(&format!("{field}[]"), into);
        if !is_struct {
            into.push(field);
        }
    }
    true
}

/// The fields of the struct at `at`, in their order: a key that no struct has makes the derived code list
/// them.
fn accepted_at<T: Input>(at: &str) -> Option<Vec<String>> {
    let probe = nested(at, serde_json::json!({ "\0": null }));
    let bad = deserr::deserialize::<T, Value, BadInput>(probe).err()?;
    let at = at.replace("[]", "[0]");
    let mut accepted = bad.accepted.into_iter();
    accepted.find_map(|(location, names)| (location == at).then_some(names))
}

/// An input that has nothing but `leaf`, at `at`.
fn nested(at: &str, leaf: Value) -> Value {
    at.rsplit('.')
        .filter(|name| !name.is_empty())
        .fold(leaf, |inner, name| match name.strip_suffix("[]") {
            Some(list) => serde_json::json!({ list: [inner] }),
            None => serde_json::json!({ name: inner }),
        })
}

impl MergeWithError<BadInput> for BadInput {
    fn merge(
        this: Option<Self>,
        other: BadInput,
        _location: ValuePointerRef,
    ) -> ControlFlow<Self, Self> {
        ControlFlow::Continue(this.unwrap_or_default().and(other))
    }
}

impl DeserializeError for BadInput {
    fn error<V: IntoValue>(
        this: Option<Self>,
        error: ErrorKind<V>,
        location: ValuePointerRef,
    ) -> ControlFlow<Self, Self> {
        let mut all = this.unwrap_or_default();
        let here = path(location);
        match error {
            ErrorKind::MissingField { field } => all.with(child(&here, field), is_required(field)),
            ErrorKind::UnknownKey { key, accepted } => {
                let names = accepted.iter().map(ToString::to_string).collect();
                all.accepted.push((here.clone(), names));
                all.with(child(&here, key), UNKNOWN.to_owned())
            }
            ErrorKind::IncorrectValueKind { accepted, .. } => {
                let message = format!("Must be {}", kinds(accepted));
                all.with(here, message)
            }
            ErrorKind::UnknownValue { accepted, .. } => {
                let message = format!("Must be one of: {}", accepted.join(", "));
                all.with(here, message)
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                all.with(here, format!("Must have {expected} items"))
            }
            // It is said of numbers alone: one has no room where it is to be kept.
            ErrorKind::Unexpected { .. } => all.with(here, OUT_OF_RANGE.to_owned()),
        }
    }
}

fn is_required(field: &str) -> String {
    format!("{field} is required")
}

fn path(location: ValuePointerRef) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => child(&path(*prev), key),
        ValuePointerRef::Index { index, prev } => format!("{}[{index}]", path(*prev)),
    }
}

fn child(parent: &str, key: &str) -> String {
    if parent.is_empty() {
        key.to_owned()
    } else {
        format!("{parent}.{key}")
    }
}

fn kinds(accepted: &[ValueKind]) -> String {
    let mut names: Vec<&str> = accepted
        .iter()
        .map(|kind| match kind {
            ValueKind::Null => "null",
            ValueKind::Boolean => "true or false",
            ValueKind::Integer | ValueKind::NegativeInteger => "an integer",
            ValueKind::Float => "a number",
            ValueKind::String => "a string",
            ValueKind::Sequence => "an array",
            ValueKind::Map => "an object",
        })
        .collect();
    names.dedup();
    names.join(" or ")
}
