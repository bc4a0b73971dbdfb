//! What a function says of a batch when its event source has `ReportBatchItemFailures`.

use std::collections::HashSet;

use serde_json::Value;

/// A function's verdict on the batch it was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BatchResponse {
    /// Nothing failed.
    Succeeded,
    /// The items with these identifiers failed; there is at least one.
    Failed(HashSet<String>),
    /// The response cannot be understood, which fails the batch as a whole.
    Invalid,
}

impl BatchResponse {
    /// Reads `response` as Lambda does: no response, no list and an empty list are a success; an
    /// identifier that is missing, empty or not one of the batch's makes the response invalid.
    pub(super) fn read(response: &Value, is_in_batch: impl Fn(&str) -> bool) -> Self {
        let failures = match response {
            Value::Null => return Self::Succeeded,
            Value::Object(fields) => fields.get("batchItemFailures").unwrap_or(&Value::Null),
            _ => return Self::Invalid,
        };
        let failures = match failures {
            Value::Null => return Self::Succeeded,
            Value::Array(failures) if failures.is_empty() => return Self::Succeeded,
            Value::Array(failures) => failures,
            _ => return Self::Invalid,
        };
        let identifiers = failures.iter().map(|failure| {
            let identifier = failure.get("itemIdentifier")?.as_str()?;
            is_in_batch(identifier).then(|| identifier.to_owned())
        });
        identifiers
            .collect::<Option<_>>()
            .map_or(Self::Invalid, Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(response: &Value) -> BatchResponse {
        BatchResponse::read(response, |identifier| ["a", "b"].contains(&identifier))
    }

    #[test]
    fn no_failures_are_a_success_in_whatever_way_they_are_said() {
        for response in [
            json!(null),
            json!({}),
            json!({"statusCode": 200}),
            json!({"batchItemFailures": null}),
            json!({"batchItemFailures": []}),
        ] {
            assert_eq!(read(&response), BatchResponse::Succeeded, "{response}");
        }
    }

    #[test]
    fn the_listed_items_failed() {
        let response =
            json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]});
        assert_eq!(
            read(&response),
            BatchResponse::Failed(HashSet::from(["b".into()]))
        );
    }

    #[test]
    fn a_response_that_names_nothing_of_the_batch_fails_all_of_it() {
        for response in [
            json!("done"),
            json!({"batchItemFailures": "a"}),
            json!({"batchItemFailures": ["a"]}),
            json!({"batchItemFailures": [{"itemIdentifier": ""}]}),
            json!({"batchItemFailures": [{"itemIdentifier": null}]}),
            json!({"batchItemFailures": [{"messageId": "a"}]}),
            json!({"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "c"}]}),
        ] {
            assert_eq!(read(&response), BatchResponse::Invalid, "{response}");
        }
    }
}
