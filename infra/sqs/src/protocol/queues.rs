//! Actions on queues.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{done, required};
use crate::error::{Code, SqsError};
use crate::settings::{QueueSettings, unknown_attribute};
use crate::{Counts, Sqs};

const MAX_LISTED: usize = 1000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Create {
    queue_name: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Url {
    queue_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    #[serde(default)]
    queue_name_prefix: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attributes {
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAttributes {
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

/// Making a queue that exists is fine as long as nothing is asked for that it isn't.
pub(super) fn create(sqs: &Sqs, request: Create) -> Result<Value, SqsError> {
    let name = required("QueueName", request.queue_name)?;
    let known = find(sqs, &name);
    let mut settings = known.clone().unwrap_or_else(|| QueueSettings {
        fifo: false,
        ..QueueSettings::new(&name)
    });
    settings.apply(&request.attributes)?;
    match known {
        None => put(sqs, &settings)?,
        Some(known) if known == settings => {}
        Some(_) => {
            return Err(SqsError::new(
                Code::QueueNameExists,
                format!("The queue {name} exists already, with other attributes."),
            ));
        }
    }
    Ok(json!({ "QueueUrl": sqs.queue_url(&name) }))
}

pub(super) fn url(sqs: &Sqs, request: Url) -> Result<Value, SqsError> {
    let name = required("QueueName", request.queue_name)?;
    let queue = find(sqs, &name).ok_or_else(|| SqsError::no_such_queue(&name))?;
    Ok(json!({ "QueueUrl": sqs.queue_url(&queue.name) }))
}

pub(super) fn list(sqs: &Sqs, request: List) -> Result<Value, SqsError> {
    let max = request.max_results.unwrap_or(MAX_LISTED);
    if !(1..=MAX_LISTED).contains(&max) {
        return Err(SqsError::invalid(
            "MaxResults",
            max,
            "Must be between 1 and 1000",
        ));
    }
    let after = request.next_token.unwrap_or_default();
    let mut names: Vec<_> = sqs
        .queues()
        .into_iter()
        .map(|queue| queue.name)
        .filter(|name| name.starts_with(&request.queue_name_prefix) && *name > after)
        .collect();
    let more = names.len() > max;
    names.truncate(max);

    let urls: Vec<_> = names.iter().map(|name| sqs.queue_url(name)).collect();
    let mut reply = json!({ "QueueUrls": urls });
    if more && request.max_results.is_some() {
        reply["NextToken"] = names.pop().into();
    }
    Ok(reply)
}

pub(super) fn attributes(sqs: &Sqs, queue: &str, request: Attributes) -> Result<Value, SqsError> {
    let mut attributes = all_attributes(sqs, queue)?;
    let wanted = request.attribute_names;
    if let Some(unknown) = wanted.iter().find(|name| !is_attribute(name)) {
        return Err(unknown_attribute(unknown));
    }
    if !wanted.iter().any(|name| name == "All") {
        attributes.retain(|name, _| wanted.contains(name));
    }
    Ok(json!({ "Attributes": attributes }))
}

pub(super) fn set_attributes(
    sqs: &Sqs,
    queue: &str,
    request: &SetAttributes,
) -> Result<Value, SqsError> {
    let mut settings = find(sqs, queue).ok_or_else(|| SqsError::no_such_queue(queue))?;
    if request.attributes.contains_key("FifoQueue") {
        return Err(unknown_attribute("FifoQueue"));
    }
    settings.apply(&request.attributes)?;
    put(sqs, &settings).map(done)
}

fn find(sqs: &Sqs, name: &str) -> Option<QueueSettings> {
    sqs.store()
        .queue(name)
        .ok()
        .map(|queue| queue.settings.clone())
}

/// By the protocol, a dead-letter queue must be there before the queues that use it.
fn put(sqs: &Sqs, settings: &QueueSettings) -> Result<(), SqsError> {
    if let Some(redrive) = &settings.redrive
        && find(sqs, &redrive.dead_letter_queue).is_none()
    {
        return Err(SqsError::invalid(
            "RedrivePolicy",
            &redrive.dead_letter_queue,
            "Dead letter target does not exist",
        ));
    }
    sqs.create_queue(settings).map(drop)
}

fn all_attributes(sqs: &Sqs, queue: &str) -> Result<BTreeMap<String, String>, SqsError> {
    let Counts {
        visible,
        in_flight,
        delayed,
    } = sqs.counts(queue)?;
    let store = sqs.store();
    let queue = store.queue(queue)?;
    let mut attributes = queue.settings.attributes(|name| sqs.queue_arn(name));
    attributes.extend([
        ("ApproximateNumberOfMessages".into(), visible.to_string()),
        (
            "ApproximateNumberOfMessagesNotVisible".into(),
            in_flight.to_string(),
        ),
        (
            "ApproximateNumberOfMessagesDelayed".into(),
            delayed.to_string(),
        ),
        (
            "CreatedTimestamp".into(),
            (queue.created_at / 1000).to_string(),
        ),
        (
            "LastModifiedTimestamp".into(),
            (queue.modified_at / 1000).to_string(),
        ),
    ]);
    Ok(attributes)
}

fn is_attribute(name: &str) -> bool {
    matches!(
        name,
        "All"
            | "ApproximateNumberOfMessages"
            | "ApproximateNumberOfMessagesDelayed"
            | "ApproximateNumberOfMessagesNotVisible"
            | "ContentBasedDeduplication"
            | "CreatedTimestamp"
            | "DeduplicationScope"
            | "DelaySeconds"
            | "FifoQueue"
            | "FifoThroughputLimit"
            | "KmsDataKeyReusePeriodSeconds"
            | "KmsMasterKeyId"
            | "LastModifiedTimestamp"
            | "MaximumMessageSize"
            | "MessageRetentionPeriod"
            | "Policy"
            | "QueueArn"
            | "ReceiveMessageWaitTimeSeconds"
            | "RedriveAllowPolicy"
            | "RedrivePolicy"
            | "SqsManagedSseEnabled"
            | "VisibilityTimeout"
    )
}
