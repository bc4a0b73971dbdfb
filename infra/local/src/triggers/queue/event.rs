//! The event that a queue's messages arrive in.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use sqs::{Message, MessageAttribute, MessageAttributes};

use crate::front::REGION;

/// `messages` as Lambda sends them.
pub(super) fn event(messages: &[Message], queue_arn: &str) -> Value {
    let records = messages.iter().map(|message| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": message.body,
            "attributes": message.system_attributes(),
            "messageAttributes": attributes(&message.attributes),
            "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": REGION,
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

fn attributes(attributes: &MessageAttributes) -> Map<String, Value> {
    let attributes = attributes.iter();
    attributes
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}

fn attribute(attribute: &MessageAttribute) -> Value {
    let mut fields = Map::new();
    if let Some(text) = &attribute.string_value {
        fields.insert("stringValue".into(), json!(text));
    }
    if let Some(bytes) = &attribute.binary_value {
        fields.insert("binaryValue".into(), json!(BASE64_STANDARD.encode(bytes)));
    }
    fields.insert("stringListValues".into(), json!([]));
    fields.insert("binaryListValues".into(), json!([]));
    fields.insert("dataType".into(), json!(attribute.data_type));
    Value::Object(fields)
}
