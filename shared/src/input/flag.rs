//! Yes or no, as a query says it.

use super::{Invalid, from_text};
use crate::schema::described;

/// Whether something is asked for: not, unless it is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

impl TryFrom<String> for Flag {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.as_str() {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(Invalid("Must be true or false".to_owned())),
        }
    }
}

from_text!(Flag);

described! {
    Flag: { "type": "boolean", "default": false };
}
