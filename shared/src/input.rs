//! From JSON to a handler's input: parsing is validating, and every bad field is reported.

use std::ops::ControlFlow;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
};
use serde_json::Value;

use crate::error::{Detail, Error};

/// What a handler can take: a struct of newtypes with `#[derive(Deserr)]`.
pub trait Input: Deserr<BadInput> {}

impl<T: Deserr<BadInput>> Input for T {}

/// For endpoints that take nothing.
#[derive(Debug, Clone, Copy, deserr::Deserr)]
#[deserr(deny_unknown_fields)]
pub struct Nothing {}

/// Why a newtype refused a value: a sentence for its reader.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// All that is wrong with an input.
#[derive(Debug, Default)]
pub struct BadInput {
    details: Vec<Detail>,
    documented: Vec<String>,
}

/// Parses `value`.
///
/// # Errors
/// 422 that names every bad field, in the order of the struct's fields.
pub fn parse<T: Input>(value: Value) -> Result<T, Error> {
    deserr::deserialize(value).map_err(|bad: BadInput| Error::validation(bad.in_order::<T>()))
}

impl BadInput {
    /// One bad field.
    pub(crate) fn at(location: ValuePointerRef, Invalid(message): Invalid) -> Self {
        Self {
            details: vec![Detail {
                field: path(location),
                message,
            }],
            documented: Vec::new(),
        }
    }

    fn in_order<T: Input>(self) -> Vec<Detail> {
        let documented = documented_fields::<T>();
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

/// The struct's fields in their order: a key that no struct has makes the derived code list them.
fn documented_fields<T: Input>() -> Vec<String> {
    let probe = serde_json::json!({ "\0": null });
    match deserr::deserialize::<T, Value, BadInput>(probe) {
        Ok(_) => Vec::new(),
        Err(bad) => bad.documented,
    }
}

impl MergeWithError<BadInput> for BadInput {
    fn merge(
        this: Option<Self>,
        other: BadInput,
        _location: ValuePointerRef,
    ) -> ControlFlow<Self, Self> {
        let mut all = this.unwrap_or_default();
        all.details.extend(other.details);
        ControlFlow::Continue(all)
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
            ErrorKind::MissingField { field } => {
                all.with(child(&here, field), format!("{field} is required"))
            }
            ErrorKind::UnknownKey { key, accepted } => {
                if location.is_origin() {
                    all.documented = accepted.iter().map(ToString::to_string).collect();
                }
                all.with(child(&here, key), "Unknown field".to_owned())
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
            ErrorKind::Unexpected { msg } => all.with(here, msg),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::due::DueDate;
    use crate::model::id::ProjectId;
    use crate::model::realtime::Room;
    use crate::model::text::{ProjectDescription, ProjectName, TaskDescription, TaskTitle};
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    use serde_json::json;

    #[derive(Debug, deserr::Deserr)]
    #[deserr(error = BadInput, deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is of interest")]
    struct Project {
        name: ProjectName,
        #[deserr(default)]
        description: Option<Described>,
    }

    #[derive(Debug, deserr::Deserr)]
    #[deserr(error = BadInput, deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is of interest")]
    struct Described {
        text: ProjectDescription,
    }

    fn refused(value: Value) -> Vec<(String, String)> {
        parse::<Project>(value)
            .expect_err("it is refused")
            .details()
            .iter()
            .map(|detail| (detail.field.clone(), detail.message.clone()))
            .collect()
    }

    #[test]
    fn every_bad_field_is_named_in_the_order_of_the_fields() {
        let refused = refused(json!({
            "zzz": 1,
            "description": { "text": 5, "more": true },
            "name": "ab",
        }));
        let fields: Vec<_> = refused.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            ["name", "description.text", "description.more", "zzz"]
        );
        assert_eq!(refused[0].1, "Project name must be at least 3 characters");
    }

    #[test]
    fn a_missing_field_and_a_body_that_is_no_object_are_told_apart() {
        assert_eq!(
            refused(json!({})),
            [("name".into(), "name is required".into())]
        );
        assert_eq!(
            refused(json!([1])),
            [(String::new(), "Must be an object".into())]
        );
    }

    #[derive(Debug, deserr::Deserr)]
    #[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
    #[expect(dead_code, reason = "only its parsing is of interest")]
    struct Task {
        project_id: ProjectId,
        title: TaskTitle,
        #[deserr(default)]
        description: Option<TaskDescription>,
        #[deserr(default)]
        due_date: Option<DueDate>,
        #[deserr(default)]
        place: Option<Described>,
        room: Room,
    }

    /// A field of [`Task`]: what it takes, what it refuses (nothing stands for its absence), and what is
    /// named then.
    struct Field {
        name: &'static str,
        taken: Value,
        refused: Vec<Option<Value>>,
        named: &'static str,
    }

    /// In documented order.
    fn fields() -> [Field; 6] {
        let id = "01900000-0000-7000-8000-000000000000";
        let field = |name, taken, refused: Value, named| Field {
            name,
            taken,
            refused: match refused {
                Value::Array(values) => values.into_iter().map(Some).collect(),
                _ => Vec::new(),
            },
            named,
        };
        let required = |field: Field| Field {
            refused: field.refused.into_iter().chain([None]).collect(),
            ..field
        };
        [
            required(field(
                "projectId",
                json!(id),
                json!([7, null, "7", id.replace('9', "A"), [id]]),
                "projectId",
            )),
            required(field(
                "title",
                json!("Count down"),
                json!(["", "  ", "a\0b", "x".repeat(501), 1.5, {}]),
                "title",
            )),
            field(
                "description",
                json!(null),
                json!([true, "x".repeat(10_001)]),
                "description",
            ),
            field(
                "dueDate",
                json!(1_800_000_000_000_i64),
                json!([-1, 1.5, "1", u64::MAX, i64::MAX]),
                "dueDate",
            ),
            field(
                "place",
                json!({ "text": "here" }),
                json!([{}, { "text": 1 }]),
                "place.text",
            ),
            required(field(
                "room",
                json!(format!("project/{id}")),
                json!(["kitchen", id, false]),
                "room",
            )),
        ]
    }

    /// For each field, a value that it takes, or (with what is named then) one that it refuses.
    fn members() -> impl Strategy<Value = Vec<(&'static str, Option<Value>, Option<&'static str>)>>
    {
        let choices = fields().map(|field| {
            let Field { name, named, .. } = field;
            prop_oneof![
                Just((name, Some(field.taken), None)),
                select(field.refused).prop_map(move |value| (name, value, Some(named))),
            ]
            .boxed()
        });
        choices.into_iter().collect::<Vec<_>>()
    }

    proptest! {
        #[test]
        fn whichever_fields_are_bad_all_of_them_are_named_in_documented_order(
            (members, unknown) in (members(), subsequence(vec!["Title", "zzz", "", "a.b"], 0..=4)),
            order in any::<u64>(),
        ) {
            let mut bad: Vec<&str> = members.iter().filter_map(|(.., named)| *named).collect();
            let mut body: Vec<(&str, Value)> = members
                .iter()
                .filter_map(|(name, value, _)| Some((*name, value.clone()?)))
                .chain(unknown.iter().map(|name| (*name, json!(1))))
                .collect();
            // Some order or other: that of the body does not matter.
            body.sort_by_key(|(name, _)| crate::keys::digest(&format!("{order}{name}")));
            bad.extend(body.iter().map(|(name, _)| *name).filter(|name| unknown.contains(name)));

            let body = body.into_iter().map(|(name, value)| (name.to_owned(), value));
            match parse::<Task>(Value::Object(body.collect())) {
                Ok(_) => prop_assert_eq!(bad, Vec::<&str>::new()),
                Err(error) => {
                    let named: Vec<_> = error.details().iter().map(|detail| &detail.field).collect();
                    prop_assert_eq!(named, bad);
                    prop_assert!(error.details().iter().all(|detail| !detail.message.is_empty()));
                }
            }
        }
    }
}
