//! The rooms that messages to SQS are for.

use aws_sdk_sqs::operation::change_message_visibility::ChangeMessageVisibilityInput;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesInput;
use aws_sdk_sqs::operation::send_message::SendMessageInput;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::{self, Owner};
use crate::sdk::request::Request;

/// Kinds of calls that are not here are refused.
pub(crate) fn look(input: &Input, _request: &Request) -> Result<Vec<Owner>, Refused> {
    if let Some(input) = input.downcast_ref::<SendMessageBatchInput>() {
        let entries = input.entries.iter().flatten();
        entries
            .map(|entry| group(entry.message_group_id.as_deref()))
            .collect()
    } else if let Some(input) = input.downcast_ref::<SendMessageInput>() {
        Ok(vec![group(input.message_group_id.as_deref())?])
    } else if input
        .downcast_ref::<ChangeMessageVisibilityInput>()
        .is_some()
        || input.downcast_ref::<GetQueueAttributesInput>().is_some()
    {
        Ok(Vec::new())
    } else {
        Err(Refused::UnknownCall)
    }
}

fn group(group: Option<&str>) -> Result<Owner, Refused> {
    match group {
        None => Ok(Owner::Nobody),
        Some(group) => owner::of_group(group).ok_or(Refused::UnknownKey),
    }
}
