//! Actions on single messages, and the receive.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{done, required, seconds};
use crate::attribute::{MessageAttribute, MessageAttributes};
use crate::digest;
use crate::error::SqsError;
use crate::message::{self, Message, NewMessage, Sent};
use crate::settings::MAX_WAIT;
use crate::{Sqs, work::Work};

const TRACE_HEADER: &str = "AWSTraceHeader";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Send {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
    #[serde(default)]
    message_attributes: MessageAttributes,
    #[serde(default)]
    message_system_attributes: MessageAttributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Receive {
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Delete {
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

pub(super) fn send(sqs: &Sqs, queue: &str, request: Send) -> Result<Value, SqsError> {
    sqs.work(queue, |work| request.run(work)).map(Value::Object)
}

pub(super) async fn receive(sqs: &Sqs, queue: &str, request: Receive) -> Result<Value, SqsError> {
    let max = request.max_number_of_messages.unwrap_or(1);
    let limit = usize::try_from(max)
        .ok()
        .filter(|limit| (1..=10).contains(limit))
        .ok_or_else(|| {
            SqsError::invalid(
                "MaxNumberOfMessages",
                max,
                "Must be between 1 and 10, if provided",
            )
        })?;
    let visibility = request
        .visibility_timeout
        .map(|value| seconds("VisibilityTimeout", value))
        .transpose()?;
    let wait = match request.wait_time_seconds {
        Some(value) => seconds("WaitTimeSeconds", value)?,
        None => sqs.store().queue(queue)?.settings.receive_wait,
    };
    if wait > MAX_WAIT {
        return Err(SqsError::invalid(
            "WaitTimeSeconds",
            wait.as_secs(),
            "Must be >= 0 and <= 20, if provided",
        ));
    }

    let deadline = sqs.now().saturating_add_unsigned(wait.as_secs() * 1000);
    loop {
        let messages = sqs.receive(queue, limit, visibility)?;
        if messages.is_empty() && sqs.wait(queue, deadline).await? {
            continue;
        }
        let messages: Vec<_> = messages
            .iter()
            .map(|message| request.show(message))
            .collect();
        return Ok(if messages.is_empty() {
            json!({})
        } else {
            json!({ "Messages": messages })
        });
    }
}

pub(super) fn delete(sqs: &Sqs, queue: &str, request: Delete) -> Result<Value, SqsError> {
    sqs.work(queue, |work| request.run(work)).map(done)
}

pub(super) fn change_visibility(
    sqs: &Sqs,
    queue: &str,
    request: ChangeVisibility,
) -> Result<Value, SqsError> {
    sqs.work(queue, |work| request.run(work)).map(done)
}

impl Send {
    /// The bytes that count towards the limit of a batch.
    pub(super) fn size(&self) -> usize {
        let body = self.message_body.as_deref().unwrap_or_default();
        message::size(body, &self.message_attributes)
    }

    pub(super) fn run(self, work: &mut Work) -> Result<Map<String, Value>, SqsError> {
        let trace_header = trace_header(&self.message_system_attributes)?;
        let message = NewMessage {
            body: required("MessageBody", self.message_body)?,
            attributes: self.message_attributes,
            delay: self
                .delay_seconds
                .map(|value| seconds("DelaySeconds", value))
                .transpose()?,
            group: self.message_group_id,
            deduplication_id: self.message_deduplication_id,
            trace_header,
        };
        let Sent {
            message_id,
            sequence_number,
        } = work.send(&message)?;
        Ok(fields([
            ("MessageId", Some(message_id)),
            ("SequenceNumber", sequence_number),
            ("MD5OfMessageBody", Some(digest::md5_of_text(&message.body))),
            (
                "MD5OfMessageAttributes",
                digest::md5_of_attributes(&message.attributes),
            ),
            (
                "MD5OfMessageSystemAttributes",
                digest::md5_of_attributes(&self.message_system_attributes),
            ),
        ]))
    }
}

impl Delete {
    pub(super) fn run(self, work: &mut Work) -> Result<(), SqsError> {
        work.delete(&required("ReceiptHandle", self.receipt_handle)?)
    }
}

impl ChangeVisibility {
    pub(super) fn run(self, work: &mut Work) -> Result<(), SqsError> {
        let receipt = required("ReceiptHandle", self.receipt_handle)?;
        let timeout = required("VisibilityTimeout", self.visibility_timeout)?;
        work.change_visibility(&receipt, seconds("VisibilityTimeout", timeout)?)
    }
}

impl Receive {
    /// The message as the receiver wants to see it. The attributes' digest covers what is shown.
    fn show(&self, message: &Message) -> Value {
        let attributes: MessageAttributes = message
            .attributes
            .iter()
            .filter(|(name, _)| self.wants_attribute(name))
            .map(|(name, attribute)| (name.clone(), attribute.clone()))
            .collect();
        let system: BTreeMap<_, _> = message
            .system_attributes()
            .into_iter()
            .filter(|(name, _)| self.wants_system_attribute(name))
            .collect();

        let mut shown = fields([
            ("MessageId", Some(message.id.clone())),
            ("ReceiptHandle", Some(message.receipt.clone())),
            ("MD5OfBody", Some(message.md5_of_body())),
            ("Body", Some(message.body.clone())),
            (
                "MD5OfMessageAttributes",
                digest::md5_of_attributes(&attributes),
            ),
        ]);
        if !system.is_empty() {
            shown.insert("Attributes".into(), json!(system));
        }
        if !attributes.is_empty() {
            shown.insert("MessageAttributes".into(), json!(attributes));
        }
        Value::Object(shown)
    }

    /// By its name, by a prefix (`order.*`), or with all (`All`, `.*`).
    fn wants_attribute(&self, name: &str) -> bool {
        self.message_attribute_names.iter().any(|wanted| {
            wanted == "All"
                || wanted == name
                || wanted
                    .strip_suffix(".*")
                    .is_some_and(|prefix| name.starts_with(prefix))
        })
    }

    fn wants_system_attribute(&self, name: &str) -> bool {
        let mut wanted = self
            .attribute_names
            .iter()
            .chain(&self.message_system_attribute_names);
        wanted.any(|wanted| wanted == "All" || wanted == name)
    }
}

fn trace_header(attributes: &MessageAttributes) -> Result<Option<String>, SqsError> {
    match attributes.iter().next() {
        None => Ok(None),
        Some((
            name,
            MessageAttribute {
                string_value: Some(value),
                ..
            },
        )) if name == TRACE_HEADER && attributes.len() == 1 => Ok(Some(value.clone())),
        Some((name, _)) => Err(SqsError::invalid(
            "MessageSystemAttributes",
            name,
            "The only system attribute of a message is AWSTraceHeader, a String",
        )),
    }
}

fn fields<const N: usize>(fields: [(&str, Option<String>); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))))
        .collect()
}
