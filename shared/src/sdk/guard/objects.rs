//! The objects that a call to S3 names.

use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadInput;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadInput;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadInput;
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectInput;
use aws_sdk_s3::operation::list_parts::ListPartsInput;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_sdk_s3::operation::upload_part::UploadPartInput;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::{self, Owner};
use crate::sdk::request::Request;

/// Kinds of calls that are not here are refused.
pub(crate) fn look(input: &Input, request: &Request) -> Result<Vec<Owner>, Refused> {
    macro_rules! object_of {
        ($($input:ty),+ $(,)?) => {
            $(if let Some(input) = input.downcast_ref::<$input>() {
                (&input.bucket, &input.key)
            } else)+ {
                return Err(Refused::UnknownCall);
            }
        };
    }
    let (bucket, key) = object_of!(
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
    if bucket.as_deref() != request.connections().environment().get("BUCKET") {
        return Err(Refused::UnknownTable);
    }
    let owner = key.as_deref().and_then(owner::of_object);
    Ok(vec![owner.ok_or(Refused::UnknownKey)?])
}
