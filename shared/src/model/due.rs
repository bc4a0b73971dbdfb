//! When something is due.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::Millis;
use crate::input::{BadInput, Invalid};
use crate::schema::described;

/// The end of the year 9999, in epoch milliseconds.
const LATEST: Millis = 253_402_300_799_999;

/// A time by which something is to be done: epoch milliseconds, from 1970 to the end of 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DueDate(Millis);

impl DueDate {
    /// The time.
    pub fn at(self) -> Millis {
        self.0
    }
}

described! {
    DueDate: {
        "type": "integer", "format": "int64", "minimum": 0, "maximum": LATEST,
        "description": "Epoch milliseconds, UTC."
    };
}

impl Deserr<BadInput> for DueDate {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        match Millis::deserialize_from_value(value, location)? {
            at @ 0..=LATEST => Ok(Self(at)),
            _ => Err(BadInput::at(
                location,
                Invalid("Must be a time in epoch milliseconds, up to the year 9999".to_owned()),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::parse;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    proptest! {
        #[test]
        fn it_is_a_whole_number_of_milliseconds_up_to_the_year_9999(
            value in prop_oneof![
                any::<i64>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                (-2..3_i64).prop_map(|off| json!(LATEST + off)),
                (-2..3_i64).prop_map(Value::from),
                (0..LATEST).prop_map(Value::from),
                any::<String>().prop_map(Value::from),
            ],
        ) {
            let good = value.as_i64().filter(|at| (0..=LATEST).contains(at));
            let taken = parse::<DueDate>(value);
            prop_assert_eq!(taken.ok().map(|due| due.0), good);
        }
    }
}
