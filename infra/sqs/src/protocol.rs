//! The service's JSON protocol: requests to operations, results to replies.

mod batch;
mod messages;
mod queues;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Sqs;
use crate::error::{Code, SqsError};

/// The service's actions that are not here.
const UNSUPPORTED: [&str; 9] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "RemovePermission",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

pub(crate) async fn handle(sqs: &Sqs, action: &str, body: &Value) -> Result<Value, SqsError> {
    match action {
        "CreateQueue" => queues::create(sqs, read(body)?),
        "GetQueueUrl" => queues::url(sqs, read(body)?),
        "ListQueues" => queues::list(sqs, read(body)?),
        "DeleteQueue" => sqs.delete_queue(queue(body)?).map(done),
        "PurgeQueue" => sqs.purge(queue(body)?).map(done),
        "GetQueueAttributes" => queues::attributes(sqs, queue(body)?, read(body)?),
        "SetQueueAttributes" => queues::set_attributes(sqs, queue(body)?, &read(body)?),
        "SendMessage" => messages::send(sqs, queue(body)?, read(body)?),
        "ReceiveMessage" => messages::receive(sqs, queue(body)?, read(body)?).await,
        "DeleteMessage" => messages::delete(sqs, queue(body)?, read(body)?),
        "ChangeMessageVisibility" => messages::change_visibility(sqs, queue(body)?, read(body)?),
        "SendMessageBatch" => batch::send(sqs, queue(body)?, read(body)?),
        "DeleteMessageBatch" => batch::delete(sqs, queue(body)?, read(body)?),
        "ChangeMessageVisibilityBatch" => batch::change_visibility(sqs, queue(body)?, read(body)?),
        _ if UNSUPPORTED.contains(&action) => Err(SqsError::new(
            Code::UnsupportedOperation,
            format!("{action} is not supported here."),
        )),
        _ => Err(SqsError::new(
            Code::Malformed,
            format!("There is no action {action:?}."),
        )),
    }
}

fn read<'de, T: Deserialize<'de>>(body: &'de Value) -> Result<T, SqsError> {
    T::deserialize(body).map_err(|error| SqsError::new(Code::Malformed, error.to_string()))
}

/// The name of the queue whose URL the request gives. Only the last part of the URL is looked at.
fn queue(body: &Value) -> Result<&str, SqsError> {
    let url = body["QueueUrl"]
        .as_str()
        .ok_or_else(|| SqsError::missing("QueueUrl"))?;
    Ok(url.rsplit('/').next().unwrap_or(url))
}

fn required<T>(parameter: &str, value: Option<T>) -> Result<T, SqsError> {
    value.ok_or_else(|| SqsError::missing(parameter))
}

/// A duration that is sent in seconds; its upper limit is the operation's to check.
fn seconds(parameter: &str, value: i64) -> Result<Duration, SqsError> {
    u64::try_from(value)
        .map(Duration::from_secs)
        .map_err(|_| SqsError::invalid(parameter, value, "Must not be negative"))
}

fn done((): ()) -> Value {
    json!({})
}
