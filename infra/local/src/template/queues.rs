use super::{TemplateError, intrinsics::Resolver, resources::Resource};
use serde::Deserialize;
use std::time::Duration;

/// An SQS queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name; a FIFO queue's ends in `.fifo`.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it keeps the order within a message group.
    pub fifo: bool,
    /// Whether a message without a deduplication id gets its body's hash.
    pub content_based_deduplication: bool,
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// How long a sent message stays hidden.
    pub delay: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a receive waits for a message.
    pub receive_wait: Duration,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's name.
    pub dead_letter_queue: String,
    /// Receives after which a message is moved.
    pub max_receive_count: u32,
}

pub(super) fn queues(resolver: &Resolver<'_>) -> Result<Vec<Queue>, TemplateError> {
    let resources = resolver.resources("AWS::SQS::Queue")?.into_iter();
    let mut queues = resources
        .map(|resource| queue(resolver, resource))
        .collect::<Result<Vec<_>, _>>()?;
    queues.sort_by_key(|queue| queue.redrive.is_some());
    Ok(queues)
}

const PROPERTIES: [&str; 7] = [
    "FifoQueue",
    "ContentBasedDeduplication",
    "VisibilityTimeout",
    "DelaySeconds",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    #[serde(default)]
    fifo_queue: bool,
    #[serde(default)]
    content_based_deduplication: bool,
    visibility_timeout: Option<u64>,
    #[serde(default)]
    delay_seconds: u64,
    message_retention_period: Option<u64>,
    #[serde(default)]
    receive_message_wait_time_seconds: u64,
    redrive_policy: Option<RedrivePolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: u32,
}

fn queue(resolver: &Resolver<'_>, resource: Resource<'_>) -> Result<Queue, TemplateError> {
    let properties: Properties = resolver.properties(resource, &PROPERTIES)?;
    let place = format!("Resources.{}", resource.id);
    Ok(Queue {
        name: resolver.queue_name(resource.id, resource.body)?,
        url: resolver.attribute(resource.id, "Ref", &place)?,
        arn: resolver.attribute(resource.id, "Arn", &place)?,
        fifo: properties.fifo_queue,
        content_based_deduplication: properties.content_based_deduplication,
        visibility_timeout: Duration::from_secs(properties.visibility_timeout.unwrap_or(30)),
        delay: Duration::from_secs(properties.delay_seconds),
        retention: Duration::from_secs(properties.message_retention_period.unwrap_or(345_600)),
        receive_wait: Duration::from_secs(properties.receive_message_wait_time_seconds),
        redrive: properties.redrive_policy.map(|policy| Redrive {
            dead_letter_queue: name_in_arn(&policy.dead_letter_target_arn).to_owned(),
            max_receive_count: policy.max_receive_count,
        }),
    })
}

/// `arn:aws:sqs:…:tenon-email` → `tenon-email`.
pub(super) fn name_in_arn(arn: &str) -> &str {
    arn.rsplit_once(':').map_or(arn, |(_, name)| name)
}
