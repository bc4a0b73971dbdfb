//! Merge patches (RFC 7396): what is left out stays as it is, and null clears.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};

use super::BadInput;
use crate::schema;

/// What becomes of a field that may be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// It stays: it is not there.
    #[default]
    Keep,
    /// It is emptied: null.
    Clear,
    /// It is this from now on.
    Set(T),
}

/// What becomes of a field that is never empty: null is as wrong as any other value that is none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replace<T>(Option<T>);

impl<T> Patch<T> {
    /// Whether it is named at all.
    pub const fn is_named(&self) -> bool {
        !matches!(self, Self::Keep)
    }

    /// The field from now on.
    pub fn apply(self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(value) => *to = Some(value),
        }
    }
}

impl<T: Default> Patch<T> {
    /// The same of a field that is what it is at first where it is empty.
    pub fn apply_or_default(self, to: &mut T) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = T::default(),
            Self::Set(value) => *to = value,
        }
    }
}

impl<T: Copy> Patch<T> {
    /// What it is to be, if it is set.
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }
}

impl<T: Copy> Replace<T> {
    /// What it is to be, if it is set.
    pub fn set(self) -> Option<T> {
        self.0
    }
}

impl<T> Replace<T> {
    /// The same, if it is set.
    pub const fn as_ref(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// Whether it is named at all.
    pub const fn is_named(&self) -> bool {
        self.0.is_some()
    }

    /// What it is to be, if it is set.
    pub fn into_inner(self) -> Option<T> {
        self.0
    }

    /// The field from now on.
    pub fn apply(self, to: &mut T) {
        if let Some(value) = self.0 {
            *to = value;
        }
    }
}

impl<T> Default for Replace<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Deserr<BadInput>> Deserr<BadInput> for Patch<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        match value {
            Value::Null => Ok(Self::Clear),
            value => T::deserialize_from_value(value, location).map(Self::Set),
        }
    }
}

impl<T: Deserr<BadInput>> Deserr<BadInput> for Replace<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        T::deserialize_from_value(value, location).map(|value| Self(Some(value)))
    }
}

schema::is_of!(<T> Patch<T>: Option<T>);
schema::is_of!(<T> Replace<T>: T);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{parse, refusals};
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    /// Something with a field that may be empty, and one that is never so.
    #[derive(Debug, Deserr, schemars::JsonSchema)]
    #[deserr(error = BadInput, deny_unknown_fields)]
    struct Patched {
        #[deserr(default)]
        name: Replace<String>,
        #[deserr(default)]
        note: Patch<String>,
    }

    #[test]
    fn what_can_t_be_empty_can_t_be_cleared() {
        let details = refusals::<Patched>(json!({ "name": null, "note": null }));
        assert_eq!(details.len(), 1, "{details:?}");
        assert_eq!(details[0].field, "name");
        assert_eq!(details[0].message, "Must be a string");
    }

    /// What the standard says of a patch of members without members of their own.
    fn merged(target: &Json, patch: &Map<String, Json>) -> Json {
        let mut target = target.clone();
        for (name, value) in patch {
            match value {
                Json::Null => drop(target.as_object_mut().expect("it is one").remove(name)),
                value => target[name] = value.clone(),
            }
        }
        target
    }

    proptest! {
        #[test]
        fn a_patch_does_what_the_standard_says(
            before in ("[a-c]{0,2}", prop::option::of("[a-c]{0,2}")),
            name in prop::option::of("[a-c]{0,2}"),
            note in prop::option::of(prop::option::of("[a-c]{0,2}")),
        ) {
            let mut patch = Map::new();
            if let Some(name) = name {
                patch.insert("name".to_owned(), json!(name));
            }
            if let Some(note) = note {
                patch.insert("note".to_owned(), json!(note));
            }
            let resource = |name: &str, note: Option<&str>| {
                let mut resource = json!({ "name": name });
                if let Some(note) = note {
                    resource["note"] = json!(note);
                }
                resource
            };
            let expected = merged(&resource(&before.0, before.1.as_deref()), &patch);
            let patched: Patched = parse(Json::Object(patch)).expect("it is valid");
            let (mut name, mut note) = before;
            patched.name.apply(&mut name);
            patched.note.apply(&mut note);
            prop_assert_eq!(resource(&name, note.as_deref()), expected);
        }
    }
}
