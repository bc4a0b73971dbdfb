//! A queue's settings, typed and as the service's attributes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{Code, SqsError};

pub(crate) const FIFO_SUFFIX: &str = ".fifo";
pub(crate) const MAX_MESSAGE_SIZE: usize = 1024 * 1024;
pub(crate) const MAX_DELAY: Duration = Duration::from_mins(15);
pub(crate) const MAX_VISIBILITY: Duration = Duration::from_hours(12);
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(20);

/// Attributes that are stored and returned, but change nothing here.
const WITHOUT_EFFECT: [&str; 6] = [
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// How a queue behaves. Durations have whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// 1 to 80 letters, digits, `-` and `_`; ends with `.fifo` if and only if `fifo`.
    pub name: String,
    /// Keeps the order within a message group, and drops duplicates.
    pub fifo: bool,
    /// Takes the body's SHA-256 for a message without a deduplication id. FIFO queues only.
    pub content_based_deduplication: bool,
    /// Looks for duplicates in the message's group only, not in the whole queue. FIFO queues only.
    pub deduplication_per_group: bool,
    /// How long a received message stays hidden: 0 to 12 hours.
    pub visibility_timeout: Duration,
    /// How long a new message is hidden: 0 to 15 minutes.
    pub delay: Duration,
    /// After which time a message is dropped: 1 minute to 14 days.
    pub retention: Duration,
    /// How long a receive waits that doesn't say: 0 to 20 seconds.
    pub receive_wait: Duration,
    /// In bytes: 1 KiB to 1 MiB.
    pub maximum_message_size: usize,
    /// Where messages go that are received in vain too often.
    pub redrive: Option<Redrive>,
    /// Attributes that are kept and returned without effect, by their names.
    pub without_effect: BTreeMap<String, String>,
}

/// Where a message goes that was received too often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The name of a queue of the same type.
    pub dead_letter_queue: String,
    /// 1 to 1,000: the receive after this many moves the message instead.
    pub max_receive_count: u32,
}

impl QueueSettings {
    /// The service's defaults; a FIFO queue if the name ends so.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            fifo: name.ends_with(FIFO_SUFFIX),
            name,
            content_based_deduplication: false,
            deduplication_per_group: false,
            visibility_timeout: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_hours(4 * 24),
            receive_wait: Duration::ZERO,
            maximum_message_size: MAX_MESSAGE_SIZE,
            redrive: None,
            without_effect: BTreeMap::new(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), SqsError> {
        let stem = self.name.strip_suffix(FIFO_SUFFIX).unwrap_or(&self.name);
        let named_well = !stem.is_empty()
            && self.name.len() <= 80
            && stem
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !named_well {
            return Err(SqsError::invalid(
                "QueueName",
                &self.name,
                "It must have 1 to 80 letters, digits, hyphens and underscores",
            ));
        }
        if self.fifo != self.name.ends_with(FIFO_SUFFIX) {
            return Err(SqsError::invalid(
                "QueueName",
                &self.name,
                "The name of a FIFO queue, and of no other, ends with .fifo",
            ));
        }
        if !self.fifo && self.content_based_deduplication {
            return Err(unknown_attribute("ContentBasedDeduplication"));
        }
        if !self.fifo && self.deduplication_per_group {
            return Err(unknown_attribute("DeduplicationScope"));
        }
        within(
            "VisibilityTimeout",
            self.visibility_timeout.as_secs(),
            0,
            MAX_VISIBILITY.as_secs(),
        )?;
        within("DelaySeconds", self.delay.as_secs(), 0, MAX_DELAY.as_secs())?;
        within(
            "MessageRetentionPeriod",
            self.retention.as_secs(),
            60,
            1_209_600,
        )?;
        within(
            "ReceiveMessageWaitTimeSeconds",
            self.receive_wait.as_secs(),
            0,
            MAX_WAIT.as_secs(),
        )?;
        within(
            "MaximumMessageSize",
            self.maximum_message_size as u64,
            1024,
            MAX_MESSAGE_SIZE as u64,
        )?;
        self.redrive
            .as_ref()
            .map_or(Ok(()), |redrive| self.check_redrive(redrive))
    }

    fn check_redrive(&self, redrive: &Redrive) -> Result<(), SqsError> {
        within("RedrivePolicy", redrive.max_receive_count.into(), 1, 1000)?;
        if self.fifo != redrive.dead_letter_queue.ends_with(FIFO_SUFFIX) {
            return Err(SqsError::invalid(
                "RedrivePolicy",
                &redrive.dead_letter_queue,
                "Dead-letter queue must be same type of queue as the source",
            ));
        }
        if self.name == redrive.dead_letter_queue {
            return Err(SqsError::invalid(
                "RedrivePolicy",
                &redrive.dead_letter_queue,
                "A queue can't be its own dead-letter queue",
            ));
        }
        Ok(())
    }

    /// Sets what these attributes of the service name.
    pub(crate) fn apply(&mut self, attributes: &BTreeMap<String, String>) -> Result<(), SqsError> {
        for (name, value) in attributes {
            match name.as_str() {
                "FifoQueue" => self.fifo = boolean(name, value)?,
                "ContentBasedDeduplication" => {
                    self.content_based_deduplication = boolean(name, value)?;
                }
                "DeduplicationScope" => {
                    self.deduplication_per_group = match value.as_str() {
                        "messageGroup" => true,
                        "queue" => false,
                        _ => return Err(bad_attribute(name, value)),
                    };
                }
                "VisibilityTimeout" => self.visibility_timeout = seconds(name, value)?,
                "DelaySeconds" => self.delay = seconds(name, value)?,
                "MessageRetentionPeriod" => self.retention = seconds(name, value)?,
                "ReceiveMessageWaitTimeSeconds" => self.receive_wait = seconds(name, value)?,
                "MaximumMessageSize" => {
                    self.maximum_message_size =
                        value.parse().map_err(|_| bad_attribute(name, value))?;
                }
                "RedrivePolicy" => self.redrive = redrive(value)?,
                _ if WITHOUT_EFFECT.contains(&name.as_str()) => {
                    self.without_effect.insert(name.clone(), value.clone());
                }
                _ => return Err(unknown_attribute(name)),
            }
        }
        Ok(())
    }

    /// These settings as attributes of the service. `arn` gives a queue's ARN by its name.
    pub(crate) fn attributes(&self, arn: impl Fn(&str) -> String) -> BTreeMap<String, String> {
        let seconds = |duration: Duration| duration.as_secs().to_string();
        let mut attributes = self.without_effect.clone();
        let mut set = |name: &str, value: String| attributes.insert(name.into(), value);
        set("QueueArn", arn(&self.name));
        set("VisibilityTimeout", seconds(self.visibility_timeout));
        set("DelaySeconds", seconds(self.delay));
        set("MessageRetentionPeriod", seconds(self.retention));
        set("ReceiveMessageWaitTimeSeconds", seconds(self.receive_wait));
        set("MaximumMessageSize", self.maximum_message_size.to_string());
        if self.fifo {
            let scope = if self.deduplication_per_group {
                "messageGroup"
            } else {
                "queue"
            };
            set("FifoQueue", "true".into());
            set(
                "ContentBasedDeduplication",
                self.content_based_deduplication.to_string(),
            );
            set("DeduplicationScope", scope.into());
        }
        if let Some(redrive) = &self.redrive {
            let policy = json!({
                "deadLetterTargetArn": arn(&redrive.dead_letter_queue),
                "maxReceiveCount": redrive.max_receive_count,
            });
            set("RedrivePolicy", policy.to_string());
        }
        attributes
    }
}

pub(crate) fn unknown_attribute(name: &str) -> SqsError {
    SqsError::new(
        Code::InvalidAttributeName,
        format!("Unknown attribute {name}."),
    )
}

fn bad_attribute(name: &str, value: &str) -> SqsError {
    SqsError::new(
        Code::InvalidAttributeValue,
        format!("Invalid value {value} for the attribute {name}."),
    )
}

fn within(name: &str, value: u64, min: u64, max: u64) -> Result<(), SqsError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(bad_attribute(name, &value.to_string()))
}

fn boolean(name: &str, value: &str) -> Result<bool, SqsError> {
    value
        .to_ascii_lowercase()
        .parse()
        .map_err(|_| bad_attribute(name, value))
}

fn seconds(name: &str, value: &str) -> Result<Duration, SqsError> {
    let seconds = value.parse().map_err(|_| bad_attribute(name, value))?;
    Ok(Duration::from_secs(seconds))
}

/// A redrive policy as JSON text; an empty one removes it.
fn redrive(policy: &str) -> Result<Option<Redrive>, SqsError> {
    if policy.is_empty() {
        return Ok(None);
    }
    let bad = || bad_attribute("RedrivePolicy", policy);
    let fields: Value = serde_json::from_str(policy).map_err(|_| bad())?;
    let target = fields["deadLetterTargetArn"].as_str().ok_or_else(bad)?;
    let count = match &fields["maxReceiveCount"] {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|n| u32::try_from(n).ok()),
    };
    Ok(Some(Redrive {
        dead_letter_queue: target.rsplit(':').next().unwrap_or(target).to_owned(),
        max_receive_count: count.ok_or_else(bad)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_way_through_the_services_attributes() {
        let mut settings = QueueSettings::new("orders.fifo");
        settings.content_based_deduplication = true;
        settings.visibility_timeout = Duration::from_secs(90);
        settings.redrive = Some(Redrive {
            dead_letter_queue: "dead.fifo".into(),
            max_receive_count: 3,
        });
        settings
            .without_effect
            .insert("SqsManagedSseEnabled".into(), "true".into());

        let mut attributes =
            settings.attributes(|name| format!("arn:aws:sqs:region:account:{name}"));
        attributes.remove("QueueArn");
        let mut read = QueueSettings::new("orders.fifo");
        assert!(read.apply(&attributes).is_ok());
        assert_eq!(read, settings);
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for (name, value) in [
            ("DelaySeconds", "901"),
            ("DelaySeconds", "soon"),
            ("VisibilityTimeout", "43201"),
            ("MessageRetentionPeriod", "59"),
            ("MaximumMessageSize", "1048577"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"arn:a:sqs:r:a:d","maxReceiveCount":0}"#,
            ),
            ("RedrivePolicy", "{}"),
        ] {
            let mut settings = QueueSettings::new("q");
            let attributes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            let outcome = settings.apply(&attributes).and_then(|()| settings.check());
            assert_eq!(code(outcome), Some(Code::InvalidAttributeValue), "{name}");
        }
    }

    #[test]
    fn only_fifo_queues_have_the_suffix_and_the_fifo_attributes() {
        let mut plain = QueueSettings::new("q");
        plain.content_based_deduplication = true;
        assert_eq!(code(plain.check()), Some(Code::InvalidAttributeName));
        let mut misnamed = QueueSettings::new("q");
        misnamed.fifo = true;
        assert_eq!(code(misnamed.check()), Some(Code::InvalidParameterValue));
    }

    fn code(outcome: Result<(), SqsError>) -> Option<Code> {
        outcome.err().map(|error| error.code())
    }
}
