//! The typed values beside a message's body.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::SqsError;

/// User-defined attributes by name.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// A typed value beside a message's body, in the shape that the protocol gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional label after a dot.
    #[serde(default)]
    pub data_type: String,
    /// The value of a `String` or `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "base64_bytes"
    )]
    pub binary_value: Option<Vec<u8>>,
}

impl MessageAttribute {
    /// A `String` attribute.
    pub fn text(value: impl Into<String>) -> Self {
        Self {
            data_type: "String".into(),
            string_value: Some(value.into()),
            binary_value: None,
        }
    }

    /// A `Binary` attribute.
    pub fn binary(value: impl Into<Vec<u8>>) -> Self {
        Self {
            data_type: "Binary".into(),
            string_value: None,
            binary_value: Some(value.into()),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.data_type.len()
            + self.string_value.as_ref().map_or(0, String::len)
            + self.binary_value.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), SqsError> {
        let refuse = |reason| {
            Err(SqsError::invalid(
                "MessageAttributes",
                format!("{name:?}"),
                reason,
            ))
        };
        let lower = name.to_ascii_lowercase();
        let named_well = (1..=256).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
            && !(name.starts_with('.') || name.ends_with('.') || name.contains(".."))
            && !(lower.starts_with("aws.") || lower.starts_with("amazon."));
        if !named_well {
            return refuse("It is not a valid name of an attribute");
        }
        let text = self.string_value.as_ref().is_some_and(|v| !v.is_empty());
        let bytes = self.binary_value.as_ref().is_some_and(|v| !v.is_empty());
        let kind = self.data_type.split('.').next().unwrap_or_default();
        match kind {
            "String" | "Number" if self.data_type.len() <= 256 && text && !bytes => Ok(()),
            "Binary" if self.data_type.len() <= 256 && bytes && !text => Ok(()),
            "String" | "Number" | "Binary" => {
                refuse("It must have exactly one value, of its type, that is not empty")
            }
            _ => refuse("Its type must be String, Number or Binary, with an optional label"),
        }
    }
}

mod base64_bytes {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::ref_option,
        reason = "the signature that serde's `with` asks for"
    )]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&BASE64_STANDARD.encode(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| BASE64_STANDARD.decode(text))
            .transpose()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_needs_a_name_a_type_and_a_value() {
        assert!(MessageAttribute::text("v").check("a.b-c_1").is_ok());
        for (name, attribute) in [
            ("AWS.mine", MessageAttribute::text("v")),
            ("a..b", MessageAttribute::text("v")),
            ("a b", MessageAttribute::text("v")),
            ("a", MessageAttribute::text("")),
            ("a", MessageAttribute::binary([])),
            ("a", MessageAttribute::default()),
        ] {
            assert!(attribute.check(name).is_err(), "{name}: {attribute:?}");
        }
    }

    #[test]
    fn an_attribute_has_the_protocols_shape() {
        let shape = serde_json::json!({ "DataType": "Binary", "BinaryValue": "AQI=" });
        let attribute = MessageAttribute::binary([1, 2]);
        assert_eq!(serde_json::to_value(&attribute).ok(), Some(shape.clone()));
        assert_eq!(serde_json::from_value(shape).ok(), Some(attribute));
    }
}
