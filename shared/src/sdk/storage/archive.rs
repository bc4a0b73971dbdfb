//! Large objects, written part by part and read piece by piece.

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, Part};
use bytes::Bytes;

use super::Storage;
use crate::error::{Error, Result};
use crate::keys::ObjectPath;

/// The tag by which the bucket knows what it removes by itself after seven days.
const EXPIRES: &str = "expires=7-days";

const ARCHIVE: &str = "application/gzip";

/// An object's bytes, as they come.
#[derive(Debug)]
pub struct Content {
    size: u64,
    stream: aws_sdk_s3::primitives::ByteStream,
}

impl Content {
    /// How large the whole object is.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// 503 if they break off.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.stream
            .next()
            .await
            .transpose()
            .map_err(Error::unavailable)
    }
}

impl Storage {
    /// An object from byte `from` on; nothing if it is not there.
    pub async fn open(&self, path: &ObjectPath, from: u64) -> Result<Option<Content>> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        let outcome = self
            .client()
            .get_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .set_range(range)
            .send()
            .await;
        match outcome {
            Ok(object) => {
                let rest = object.content_length().unwrap_or_default();
                Ok(Some(Content {
                    size: from + u64::try_from(rest).unwrap_or_default(),
                    stream: object.body,
                }))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All bytes of an object that has to be there.
    pub(crate) async fn read(&self, path: &ObjectPath) -> Result<Vec<u8>> {
        let missing = || Error::internal(format!("{} is not there", path.as_str()));
        let mut content = self.open(path, 0).await?.ok_or_else(missing)?;
        let mut bytes = Vec::new();
        while let Some(more) = content.next().await? {
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }

    /// Stores bytes that expire, whatever stood there.
    pub(crate) async fn put_expiring(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        self.client()
            .put_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .content_type(ARCHIVE)
            .content_disposition("attachment")
            .tagging(EXPIRES)
            .body(bytes.into())
            .customize()
            .config_override(self.patient())
            .send()
            .await?;
        Ok(())
    }

    /// Begins an object that comes part by part, and expires once it is complete. Returns its upload's id.
    pub(crate) async fn begin(&self, path: &ObjectPath) -> Result<String> {
        let begun = self
            .client()
            .create_multipart_upload()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .content_type(ARCHIVE)
            .content_disposition("attachment")
            .tagging(EXPIRES)
            .send()
            .await?;
        begun
            .upload_id
            .ok_or_else(|| Error::internal("S3 gave an upload no id"))
    }

    /// Stores a part, in place of what has the same number: 5 MiB at least, but for the last one.
    pub(crate) async fn put_part(
        &self,
        path: &ObjectPath,
        upload: &str,
        number: u32,
        bytes: Bytes,
    ) -> Result<()> {
        self.client()
            .upload_part()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .upload_id(upload)
            .part_number(number_of(number)?)
            .body(bytes.into())
            .customize()
            .config_override(self.patient())
            .send()
            .await?;
        Ok(())
    }

    /// Makes an object of its parts, but for those whose numbers are void. Returns its size. It does not matter
    /// whether that has been done before.
    ///
    /// # Errors
    /// 500 if there are not `parts` of them.
    pub(crate) async fn complete(
        &self,
        path: &ObjectPath,
        upload: &str,
        parts: u32,
        void: &[u32],
    ) -> Result<u64> {
        let Some(mut stored) = self.parts(path, upload).await? else {
            return self.size(path).await;
        };
        let is_void =
            |number: i32| u32::try_from(number).is_ok_and(|number| void.contains(&number));
        stored.retain(|part| part.part_number().is_some_and(|number| !is_void(number)));
        if u32::try_from(stored.len()) != Ok(parts) {
            let found = stored.len();
            return Err(Error::internal(format!(
                "{found} parts are there of {parts}"
            )));
        }
        let size = stored.iter().filter_map(Part::size).sum::<i64>();
        let named = stored.iter().map(|part| {
            CompletedPart::builder()
                .set_part_number(part.part_number())
                .set_e_tag(part.e_tag().map(str::to_owned))
                .build()
        });
        let whole = CompletedMultipartUpload::builder().set_parts(Some(named.collect()));
        let outcome = self
            .client()
            .complete_multipart_upload()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .upload_id(upload)
            .multipart_upload(whole.build())
            .customize()
            .config_override(self.patient())
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(u64::try_from(size).unwrap_or_default()),
            Err(error) if is_over(&error) => self.size(path).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Drops an upload with its parts, if it is there.
    pub(crate) async fn abandon(&self, path: &ObjectPath, upload: &str) -> Result<()> {
        let outcome = self
            .client()
            .abort_multipart_upload()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .upload_id(upload)
            .send()
            .await;
        match outcome {
            Err(error) if !is_over(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The parts of an upload by their numbers; nothing if it is complete, or never was.
    async fn parts(&self, path: &ObjectPath, upload: &str) -> Result<Option<Vec<Part>>> {
        let mut pages = self
            .client()
            .list_parts()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .upload_id(upload)
            .into_paginator()
            .send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => parts.extend(page.parts.unwrap_or_default()),
                Err(error) if is_over(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(parts))
    }

    async fn size(&self, path: &ObjectPath) -> Result<u64> {
        let object = self
            .client()
            .head_object()
            .bucket(self.bucket()?)
            .key(path.as_str())
            .send()
            .await?;
        let size = object.content_length().unwrap_or_default();
        Ok(u64::try_from(size).unwrap_or_default())
    }

    /// For what takes longer than one try of a call usually may.
    fn patient(&self) -> Builder {
        let remaining = self.dynamo.request().remaining();
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(remaining)
            .operation_timeout(remaining);
        aws_sdk_s3::Config::builder().timeout_config(timeouts.build())
    }
}

fn is_missing(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("NoSuchKey")
}

/// Whether an upload is no longer one.
fn is_over(error: &impl ProvideErrorMetadata) -> bool {
    error.code() == Some("NoSuchUpload")
}

fn number_of(part: u32) -> Result<i32> {
    i32::try_from(part).map_err(Error::internal)
}
