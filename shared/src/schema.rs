//! What inputs and outputs look like, as JSON Schema (2020-12): from the types themselves, and from the same limits
//! that they parse by. Who reads it is the reference.

use schemars::JsonSchema;
use serde::Serialize;

pub use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};

pub use crate::input::names::pattern as choice_pattern;
pub use crate::lambda::http::fields::{ALWAYS as CHOSEN_ALWAYS, NAME as CHOICE};

/// What a handler can answer: what can be written as JSON, and says how it looks.
pub trait Output: Serialize + JsonSchema {}

impl<T: Serialize + JsonSchema> Output for T {}

/// Says how a type looks that has parsing of its own.
macro_rules! described {
    ($($name:ident: $schema:tt;)+) => {
        $(
            impl schemars::JsonSchema for $name {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }

                fn schema_id() -> std::borrow::Cow<'static, str> {
                    concat!(module_path!(), "::", stringify!($name)).into()
                }

                fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    schemars::json_schema!($schema)
                }
            }
        )+
    };
}
pub(crate) use described;

/// Says that a type looks as another.
macro_rules! is_of {
    (<$t:ident> $name:ty: $other:ty) => {
        $crate::schema::is_of!(@ [<$t: schemars::JsonSchema>] $name: $other);
    };
    (@ [$($generics:tt)*] $name:ty: $other:ty) => {
        impl $($generics)* schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$other as schemars::JsonSchema>::schema_name()
            }

            fn schema_id() -> std::borrow::Cow<'static, str> {
                <$other as schemars::JsonSchema>::schema_id()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                generator.subschema_for::<$other>()
            }
        }
    };
    ($name:ty: $other:ty) => {
        $crate::schema::is_of!(@ [] $name: $other);
    };
}
pub(crate) use is_of;
