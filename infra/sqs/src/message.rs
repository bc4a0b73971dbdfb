//! Messages: what is sent, what is received, and what the service accepts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::attribute::MessageAttributes;
use crate::digest;
use crate::error::{Code, SqsError};
use crate::settings::{MAX_DELAY, MAX_MESSAGE_SIZE, QueueSettings};

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    /// 1 byte to 1 MiB, together with the attributes; XML's characters only.
    pub body: String,
    /// At most ten.
    pub attributes: MessageAttributes,
    /// Hides the message at first, for at most 15 minutes; the queue's own delay if `None`.
    /// Not for FIFO queues.
    pub delay: Option<Duration>,
    /// The message group: required in a FIFO queue.
    pub group: Option<String>,
    /// Makes a message of a FIFO queue a duplicate of an earlier one, for 5 minutes. May be `None`
    /// only if the queue deduplicates by content.
    pub deduplication_id: Option<String>,
    /// The X-Ray trace header to hand on.
    pub trace_header: Option<String>,
}

impl NewMessage {
    /// A message with a body and nothing else.
    pub fn new(body: impl Into<String>) -> Self {
        Self {
            body: body.into(),
            ..Self::default()
        }
    }

    pub(crate) fn check(&self, queue: &QueueSettings) -> Result<(), SqsError> {
        if self.body.is_empty() {
            return Err(SqsError::missing("MessageBody"));
        }
        let texts = self
            .attributes
            .values()
            .filter_map(|a| a.string_value.as_deref());
        if !texts.chain([self.body.as_str()]).all(is_xml_text) {
            return Err(SqsError::new(
                Code::InvalidMessageContents,
                "The message holds characters outside #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.",
            ));
        }
        if self.attributes.len() > 10 {
            return Err(SqsError::invalid(
                "MessageAttributes",
                self.attributes.len(),
                "A message has at most 10 attributes",
            ));
        }
        for (name, attribute) in &self.attributes {
            attribute.check(name)?;
        }
        let limit = queue.maximum_message_size.min(MAX_MESSAGE_SIZE);
        if size(&self.body, &self.attributes) > limit {
            return Err(SqsError::new(
                Code::InvalidParameterValue,
                format!(
                    "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
                ),
            ));
        }
        self.check_delay(queue)?;
        self.check_ids(queue)
    }

    fn check_delay(&self, queue: &QueueSettings) -> Result<(), SqsError> {
        let Some(delay) = self.delay else {
            return Ok(());
        };
        let refuse = |reason| Err(SqsError::invalid("DelaySeconds", delay.as_secs(), reason));
        if delay > MAX_DELAY {
            return refuse("DelaySeconds must be >= 0 and <= 900");
        }
        if queue.fifo && !delay.is_zero() {
            return refuse("A FIFO queue has a delay of its own only");
        }
        Ok(())
    }

    fn check_ids(&self, queue: &QueueSettings) -> Result<(), SqsError> {
        for (parameter, id) in [
            ("MessageGroupId", &self.group),
            ("MessageDeduplicationId", &self.deduplication_id),
        ] {
            let Some(id) = id else { continue };
            if !(1..=128).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_graphic()) {
                return Err(SqsError::invalid(
                    parameter,
                    format!("{id:?}"),
                    "It must have 1 to 128 characters, of ASCII's letters, digits and punctuation",
                ));
            }
        }
        match (queue.fifo, &self.group, &self.deduplication_id) {
            (false, _, None) | (true, Some(_), Some(_)) => Ok(()),
            (false, _, Some(id)) => Err(SqsError::invalid(
                "MessageDeduplicationId",
                id,
                "The request includes a parameter that is not valid for this queue type",
            )),
            (true, None, _) => Err(SqsError::missing("MessageGroupId")),
            (true, Some(_), None) if queue.content_based_deduplication => Ok(()),
            (true, Some(_), None) => Err(SqsError::new(
                Code::InvalidParameterValue,
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly.",
            )),
        }
    }
}

/// The bytes that count towards the limits: the body, and the attributes' names, types and values.
pub(crate) fn size(body: &str, attributes: &MessageAttributes) -> usize {
    let attributes = attributes.iter();
    body.len()
        + attributes
            .map(|(name, attribute)| name.len() + attribute.size())
            .sum::<usize>()
}

/// The queue's answer to a message sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The message's id; for a duplicate, that of the first.
    pub message_id: String,
    /// In a FIFO queue: its place, 20 digits.
    pub sequence_number: Option<String>,
}

/// A message received. It is hidden from others until its visibility timeout ends.
#[derive(Debug, Clone)]
pub struct Message {
    /// Stays the same over redeliveries and in the dead-letter queue.
    pub id: String,
    /// Proves this receive: deletes the message or changes its visibility.
    pub receipt: String,
    /// As sent.
    pub body: String,
    /// As sent.
    pub attributes: MessageAttributes,
    /// Epoch milliseconds.
    pub sent_at: i64,
    /// Epoch milliseconds.
    pub first_received_at: i64,
    /// How often it was received, this time included, over all queues it was in.
    pub receive_count: u32,
    /// The message group.
    pub group: Option<String>,
    /// As sent, or the body's SHA-256.
    pub deduplication_id: Option<String>,
    /// In a FIFO queue: its place, 20 digits.
    pub sequence_number: Option<String>,
    /// The X-Ray trace header that came with it.
    pub trace_header: Option<String>,
    /// In a dead-letter queue: the ARN of the queue it comes from.
    pub dead_letter_source: Option<String>,
    pub(crate) sender: String,
}

impl Message {
    /// The MD5 of the body, in hex.
    pub fn md5_of_body(&self) -> String {
        digest::md5_of_text(&self.body)
    }

    /// The attributes that the service sets, under its own names, as in an event of Lambda's queue trigger.
    pub fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let always = [
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            (
                "ApproximateFirstReceiveTimestamp",
                self.first_received_at.to_string(),
            ),
            ("SentTimestamp", self.sent_at.to_string()),
            ("SenderId", self.sender.clone()),
        ];
        let sometimes = [
            ("MessageGroupId", &self.group),
            ("MessageDeduplicationId", &self.deduplication_id),
            ("SequenceNumber", &self.sequence_number),
            ("AWSTraceHeader", &self.trace_header),
            ("DeadLetterQueueSourceArn", &self.dead_letter_source),
        ];
        let sometimes = sometimes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)));
        always.into_iter().chain(sometimes).collect()
    }
}

/// How many messages a queue holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Can be received now, or as soon as their group is free.
    pub visible: u64,
    /// Received, not deleted, hidden still.
    pub in_flight: u64,
    /// Sent with a delay that has not passed.
    pub delayed: u64,
}

impl Counts {
    /// All messages of the queue.
    pub fn total(&self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

/// The characters that XML 1.0 allows.
fn is_xml_text(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::MessageAttribute;

    fn refusal(queue: &str, message: &NewMessage) -> Option<Code> {
        message
            .check(&QueueSettings::new(queue))
            .err()
            .map(|e| e.code())
    }

    #[test]
    fn a_body_counts_with_its_attributes_towards_the_limit() {
        let mut message = NewMessage::new("x".repeat(MAX_MESSAGE_SIZE));
        assert_eq!(refusal("q", &message), None);
        message
            .attributes
            .insert("a".into(), MessageAttribute::text("b"));
        assert_eq!(refusal("q", &message), Some(Code::InvalidParameterValue));
    }

    #[test]
    fn a_body_that_xml_could_not_carry_is_refused() {
        assert_eq!(refusal("q", &NewMessage::new("tab\tfeed\n😀")), None);
        for body in ["\u{0}", "\u{b}", "\u{ffff}"] {
            assert_eq!(
                refusal("q", &NewMessage::new(body)),
                Some(Code::InvalidMessageContents)
            );
        }
        assert_eq!(
            refusal("q", &NewMessage::default()),
            Some(Code::MissingParameter)
        );
    }

    #[test]
    fn a_fifo_message_needs_a_group_and_an_id() {
        let mut message = NewMessage::new("body");
        assert_eq!(refusal("q.fifo", &message), Some(Code::MissingParameter));
        message.group = Some("g".into());
        assert_eq!(
            refusal("q.fifo", &message),
            Some(Code::InvalidParameterValue)
        );
        message.deduplication_id = Some("d".into());
        assert_eq!(refusal("q.fifo", &message), None);
        assert_eq!(refusal("q", &message), Some(Code::InvalidParameterValue));
        message.delay = Some(Duration::from_secs(1));
        assert_eq!(
            refusal("q.fifo", &message),
            Some(Code::InvalidParameterValue)
        );
    }
}
