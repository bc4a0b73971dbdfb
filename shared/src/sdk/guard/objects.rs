//! The objects that a call to S3 names.

use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::{self, Owner};
use crate::sdk::request::Request;

/// Kinds of calls that are not here are refused.
pub(crate) fn look(input: &Input, request: &Request) -> Result<Vec<Owner>, Refused> {
    let (bucket, key) = if let Some(input) = input.downcast_ref::<PutObjectInput>() {
        (&input.bucket, &input.key)
    } else if let Some(input) = input.downcast_ref::<GetObjectInput>() {
        (&input.bucket, &input.key)
    } else if let Some(input) = input.downcast_ref::<DeleteObjectInput>() {
        (&input.bucket, &input.key)
    } else {
        return Err(Refused::UnknownCall);
    };
    if bucket.as_deref() != request.connections().environment().get("BUCKET") {
        return Err(Refused::UnknownTable);
    }
    let owner = key.as_deref().and_then(owner::of_object);
    Ok(vec![owner.ok_or(Refused::UnknownKey)?])
}
