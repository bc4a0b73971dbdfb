//! The statuses of tasks that a tenant has beside those of all.

use std::collections::HashSet;

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::input::{BadInput, Invalid};
use crate::model::task::{OwnStatus, Status};

/// At most [`OwnStatuses::MOST`] of them, each once, in their order on a board.
///
/// Whoever has one that is taken out keeps it; it can't be given any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnStatuses(Vec<OwnStatus>);

impl OwnStatuses {
    /// How many there may be.
    pub const MOST: usize = 20;

    /// That a task can be given a status.
    ///
    /// # Errors
    /// 422 that says which ones there are, if it is none of them.
    pub fn require(&self, status: Status) -> Result<()> {
        if self.all().any(|known| known == status) {
            return Ok(());
        }
        let names: Vec<_> = self.all().map(|known| known.to_string()).collect();
        let message = format!("Must be one of: {}", names.join(", "));
        Err(Error::invalid("status", message))
    }

    /// All that a task can be given.
    fn all(&self) -> impl Iterator<Item = Status> {
        let own = self.0.iter().copied().map(Status::Own);
        Status::BUILT_IN.into_iter().chain(own)
    }
}

impl Deserr<BadInput> for OwnStatuses {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, BadInput> {
        let statuses: Vec<OwnStatus> = Vec::deserialize_from_value(value, location)?;
        let mut seen = HashSet::new();
        let repeated = statuses.iter().position(|status| !seen.insert(*status));
        if let Some(index) = repeated {
            let prev = &location;
            let location = ValuePointerRef::Index { index, prev };
            let message = "Must be there once";
            return Err(BadInput::at(location, Invalid(message.to_owned())));
        }
        if statuses.len() > Self::MOST {
            let message = format!("Must be at most {} statuses", Self::MOST);
            return Err(BadInput::at(location, Invalid(message)));
        }
        Ok(Self(statuses))
    }
}

impl schemars::JsonSchema for OwnStatuses {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OwnStatuses".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let status = generator.subschema_for::<OwnStatus>();
        schemars::json_schema!({
            "type": "array", "items": status, "maxItems": Self::MOST, "uniqueItems": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{parse, refusals};
    use serde_json::{Value, json};

    fn wrong(statuses: Value) -> Vec<String> {
        let details = refusals::<OwnStatuses>(statuses).into_iter();
        details.map(|detail| detail.field).collect()
    }

    #[test]
    fn there_are_at_most_20_each_once_and_none_that_is_built_in() {
        let many = |count: usize| (0..count).map(|at| format!("s{at}")).collect::<Value>();
        let none: [&str; 0] = [];
        assert_eq!(wrong(many(20)), none);
        assert_eq!(wrong(many(21)), [""]);
        assert_eq!(wrong(json!(["qa", "parked", "qa"])), ["[2]"]);
        assert_eq!(wrong(json!(["qa", "done", "In QA"])), ["[1]", "[2]"]);
        assert_eq!(wrong(json!(null)), [""]);
    }

    #[test]
    fn a_status_is_given_if_every_tenant_or_this_one_has_it() {
        let statuses: OwnStatuses = parse(json!(["qa", "a1"])).expect("they are statuses");
        let require =
            |name: &str| statuses.require(Status::try_from(name.to_owned()).expect("it is one"));
        for known in ["todo", "in_progress", "done", "qa", "a1"] {
            assert!(require(known).is_ok(), "{known}");
        }
        let refused = require("parked").expect_err("there is none").refusal();
        let refused = serde_json::to_value(refused).expect("it is JSON");
        assert_eq!(
            refused["details"],
            json!([{ "field": "status", "message": "Must be one of: todo, in_progress, done, qa, a1" }])
        );
    }
}
