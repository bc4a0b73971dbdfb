//! Objects, one at a time: stored, read, copied, removed.

use s3s::{
    S3Request, S3Result,
    dto::{
        ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, GetObjectInput,
        GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput, HeadObjectInput,
        HeadObjectOutput, MetadataDirective, PutObjectInput, PutObjectOutput, StreamingBlob, Tag,
        TaggingDirective,
    },
    s3_error,
};

use super::{
    Store,
    content::{check, failed},
    index::{About, Entry, Replaces, Tags, now},
    requests::{
        about, parse_tags, replaces, sent_checksums, set_checksums, timestamp, verify_md5,
        wanted_checksums, with_trailers,
    },
};
use crate::front::hex;

impl Store {
    pub(super) async fn store_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<PutObjectOutput> {
        let mut input = req.input;
        self.require_bucket(&input.bucket)?;
        let body = input
            .body
            .take()
            .unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
        let sent = sent_checksums!(input);
        let algorithm = input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str);
        let written = self
            .content
            .write(body, &wanted_checksums(&sent, algorithm, &req.headers))
            .await?;
        let etag = hex::encode(&written.md5);
        let verified = verify_md5(input.content_md5.as_deref(), &written.md5).and_then(|()| {
            check(
                &with_trailers(sent, req.trailing_headers.as_ref()),
                &written.checksums,
            )
        });
        if let Err(error) = verified {
            self.content.remove([written.file]).await;
            return Err(error);
        }
        let entry = Entry {
            key: input.key.clone(),
            file: written.file,
            size: written.size,
            etag: etag.clone(),
            modified: now(),
            about: About {
                checksums: written.checksums.clone(),
                ..about!(input)
            },
            tags: input.tagging.as_deref().map(parse_tags).unwrap_or_default(),
        };
        self.put(
            &input.bucket,
            entry,
            &replaces(input.if_match, input.if_none_match)?,
        )
        .await?;
        let mut output = PutObjectOutput {
            e_tag: Some(ETag::Strong(etag)),
            ..PutObjectOutput::default()
        };
        set_checksums!(output, written.checksums);
        Ok(output)
    }

    pub(super) async fn open_object(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        let entry = self.entry(&input.bucket, &input.key)?;
        let size = entry.size.unsigned_abs();
        let range = input.range.map(|range| range.check(size)).transpose()?;
        let (start, end) = range
            .as_ref()
            .map_or((0, size), |range| (range.start, range.end));
        let body = self.content.read(&entry.file, start, end - start).await?;
        let mut output = GetObjectOutput {
            body: Some(StreamingBlob::wrap(body)),
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from(end - start).ok(),
            content_range: range
                .as_ref()
                .map(|range| format!("bytes {}-{}/{size}", range.start, range.end - 1)),
            content_type: entry.about.content_type,
            content_encoding: entry.about.content_encoding,
            content_disposition: entry.about.content_disposition,
            content_language: entry.about.content_language,
            cache_control: entry.about.cache_control,
            metadata: Some(entry.about.metadata.into_iter().collect()),
            e_tag: Some(ETag::Strong(entry.etag)),
            last_modified: Some(timestamp(entry.modified)),
            tag_count: i32::try_from(entry.tags.len())
                .ok()
                .filter(|count| *count > 0),
            ..GetObjectOutput::default()
        };
        // The sums are of the whole object.
        if range.is_none() && input.checksum_mode.is_some() {
            set_checksums!(output, entry.about.checksums);
        }
        Ok(output)
    }

    pub(super) fn describe_object(&self, input: &HeadObjectInput) -> S3Result<HeadObjectOutput> {
        let entry = self.entry(&input.bucket, &input.key)?;
        let mut output = HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(entry.size),
            content_type: entry.about.content_type,
            content_encoding: entry.about.content_encoding,
            content_disposition: entry.about.content_disposition,
            content_language: entry.about.content_language,
            cache_control: entry.about.cache_control,
            metadata: Some(entry.about.metadata.into_iter().collect()),
            e_tag: Some(ETag::Strong(entry.etag)),
            last_modified: Some(timestamp(entry.modified)),
            ..HeadObjectOutput::default()
        };
        if input.checksum_mode.is_some() {
            set_checksums!(output, entry.about.checksums);
        }
        Ok(output)
    }

    pub(super) async fn duplicate_object(
        &self,
        mut input: CopyObjectInput,
    ) -> S3Result<CopyObjectOutput> {
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented));
        };
        let source = self.entry(bucket, key)?;
        self.require_bucket(&input.bucket)?;
        let names: Vec<&str> = source.about.checksums.keys().map(String::as_str).collect();
        let files = [source.file.clone()];
        let written = self
            .content
            .write(Box::pin(self.content.chain(&files)), &names)
            .await?;
        let replaced = input
            .metadata_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let about = if replaced {
            about!(input)
        } else {
            source.about
        };
        let retagged = input
            .tagging_directive
            .as_ref()
            .is_some_and(|directive| directive.as_str() == TaggingDirective::REPLACE);
        let tags = match input.tagging.as_deref() {
            tagging if retagged => tagging.map(parse_tags).unwrap_or_default(),
            _ => source.tags,
        };
        let entry = Entry {
            key: input.key,
            file: written.file,
            size: written.size,
            etag: hex::encode(&written.md5),
            modified: now(),
            about: About {
                checksums: written.checksums,
                ..about
            },
            tags,
        };
        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(entry.etag.clone())),
            last_modified: Some(timestamp(entry.modified)),
            ..CopyObjectResult::default()
        };
        self.put(&input.bucket, entry, &Replaces::Any).await?;
        Ok(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        })
    }

    pub(super) async fn delete_all(
        &self,
        input: DeleteObjectsInput,
    ) -> S3Result<DeleteObjectsOutput> {
        let DeleteObjectsInput { bucket, delete, .. } = input;
        self.require_bucket(&bucket)?;
        let mut deleted = Vec::new();
        for object in delete.objects {
            let file = self.index.delete(&bucket, &object.key).map_err(failed)?;
            self.content.remove(file).await;
            deleted.push(DeletedObject {
                key: Some(object.key),
                ..DeletedObject::default()
            });
        }
        let quiet = delete.quiet.unwrap_or_default();
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            ..DeleteObjectsOutput::default()
        })
    }

    pub(super) fn tags(&self, input: &GetObjectTaggingInput) -> S3Result<GetObjectTaggingOutput> {
        let entry = self.entry(&input.bucket, &input.key)?;
        Ok(GetObjectTaggingOutput {
            tag_set: entry
                .tags
                .into_iter()
                .map(|(key, value)| Tag {
                    key: Some(key),
                    value: Some(value),
                })
                .collect(),
            ..GetObjectTaggingOutput::default()
        })
    }

    pub(super) fn require_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.index.has_bucket(bucket).map_err(failed)? {
            return Ok(());
        }
        Err(s3_error!(
            NoSuchBucket,
            "The specified bucket does not exist"
        ))
    }

    /// Puts an object in place and removes the bytes of the one it replaces.
    pub(super) async fn put(
        &self,
        bucket: &str,
        entry: Entry,
        replaces: &Replaces,
    ) -> S3Result<()> {
        let outcome = self.index.put(bucket, &entry, replaces).map_err(failed)?;
        if let Some(leftovers) = outcome {
            self.content.remove(leftovers).await;
            return Ok(());
        }
        self.content.remove([entry.file]).await;
        Err(s3_error!(PreconditionFailed))
    }

    fn entry(&self, bucket: &str, key: &str) -> S3Result<Entry> {
        self.require_bucket(bucket)?;
        self.index
            .get(bucket, key)
            .map_err(failed)?
            .ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    pub(super) fn retag(&self, bucket: &str, key: &str, tags: &Tags) -> S3Result<()> {
        self.require_bucket(bucket)?;
        if self.index.tag(bucket, key, tags).map_err(failed)? {
            return Ok(());
        }
        Err(s3_error!(NoSuchKey, "The specified key does not exist."))
    }
}
