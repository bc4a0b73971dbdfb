//! The objects that a call to S3 names.

use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadInput;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadInput;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadInput;
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::list_parts::ListPartsInput;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_sdk_s3::operation::upload_part::UploadPartInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::{self, Owner};
use crate::sdk::request::Request;

/// Kinds of calls that are not here are refused.
pub(crate) fn look(input: &Input, request: &Request) -> Result<Vec<Owner>, Refused> {
    if let Some(input) = input.downcast_ref::<ListObjectsV2Input>() {
        ours(input.bucket.as_deref(), request)?;
        let owner = input.prefix.as_deref().and_then(owner::of_list);
        return Ok(vec![owner.ok_or(Refused::UnknownKey)?]);
    }
    macro_rules! objects_of {
        ($($input:ty),+ $(,)?) => {
            $(if let Some(input) = input.downcast_ref::<$input>() {
                (&input.bucket, vec![input.key.as_deref()])
            } else)+ if let Some(input) = input.downcast_ref::<DeleteObjectsInput>() {
                let objects = input.delete.iter().flat_map(|delete| &delete.objects);
                let keys = objects.map(|object| Some(object.key.as_str()));
                (&input.bucket, keys.collect())
            } else {
                return Err(Refused::UnknownCall);
            }
        };
    }
    let (bucket, keys) = objects_of!(
        AbortMultipartUploadInput,
        CompleteMultipartUploadInput,
        CreateMultipartUploadInput,
        DeleteObjectInput,
        GetObjectInput,
        HeadObjectInput,
        ListPartsInput,
        PutObjectInput,
        UploadPartInput,
    );
    ours(bucket.as_deref(), request)?;
    if keys.is_empty() {
        return Err(Refused::UnknownKey);
    }
    let owners = keys.into_iter().map(|key| key.and_then(owner::of_object));
    owners
        .map(|owner| owner.ok_or(Refused::UnknownKey))
        .collect()
}

fn ours(bucket: Option<&str>, request: &Request) -> Result<(), Refused> {
    if bucket == request.connections().environment().get("BUCKET") {
        Ok(())
    } else {
        Err(Refused::UnknownTable)
    }
}
