//! The operations that Tenon and `aws s3` use. Any other is answered `NotImplemented` by `s3s`.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, TrailingHeaders, dto::*, s3_error};

use super::{
    Store,
    content::{CHECKSUMS, Checksums, check, failed, hex},
    index::{About, Entry, Replaces, Tags, now},
};

/// The checksums that a client sent along with bytes, and the algorithm that it named.
macro_rules! sent_checksums {
    ($input:expr) => {
        [
            ("crc32", $input.checksum_crc32.take()),
            ("crc32c", $input.checksum_crc32c.take()),
            ("crc64nvme", $input.checksum_crc64nvme.take()),
            ("sha1", $input.checksum_sha1.take()),
            ("sha256", $input.checksum_sha256.take()),
        ]
        .into_iter()
        .filter_map(|(name, sum)| Some((name.to_owned(), sum?)))
        .collect::<$crate::front::s3::content::Checksums>()
    };
}
pub(super) use sent_checksums;

/// What is said of an object in the requests that make one.
macro_rules! about {
    ($input:expr) => {
        $crate::front::s3::index::About {
            content_type: $input.content_type.take(),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            metadata: $input
                .metadata
                .take()
                .unwrap_or_default()
                .into_iter()
                .collect(),
            checksums: Default::default(),
        }
    };
}
pub(super) use about;

#[async_trait::async_trait]
impl S3 for Store {
    async fn create_bucket(
        &self,
        req: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        if !self
            .index
            .create_bucket(&req.input.bucket)
            .map_err(failed)?
        {
            return Err(s3_error!(BucketAlreadyOwnedByYou));
        }
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn delete_bucket(
        &self,
        req: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let bucket = &req.input.bucket;
        self.require_bucket(bucket)?;
        if !self
            .index
            .list(bucket, "", "", 1)
            .map_err(failed)?
            .is_empty()
        {
            return Err(s3_error!(BucketNotEmpty));
        }
        self.index.delete_bucket(bucket).map_err(failed)?;
        Ok(S3Response::new(DeleteBucketOutput::default()))
    }

    async fn head_bucket(
        &self,
        req: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.require_bucket(&req.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.require_bucket(&req.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.index.buckets().map_err(failed)?;
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(
                buckets
                    .into_iter()
                    .map(|(name, created)| Bucket {
                        name: Some(name),
                        creation_date: Some(timestamp(created)),
                        ..Bucket::default()
                    })
                    .collect(),
            ),
            ..ListBucketsOutput::default()
        }))
    }

    async fn list_objects(
        &self,
        req: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        Ok(S3Response::new(self.list_v1(req.input)?))
    }

    async fn list_objects_v2(
        &self,
        req: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        Ok(S3Response::new(self.list_v2(req.input)?))
    }

    async fn put_object(
        &self,
        req: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
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
        let etag = hex(&written.md5);
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
        Ok(S3Response::new(output))
    }

    async fn get_object(
        &self,
        req: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
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
        Ok(S3Response::new(output))
    }

    async fn head_object(
        &self,
        req: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let entry = self.entry(&req.input.bucket, &req.input.key)?;
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
        if req.input.checksum_mode.is_some() {
            set_checksums!(output, entry.about.checksums);
        }
        Ok(S3Response::new(output))
    }

    async fn copy_object(
        &self,
        req: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let mut input = req.input;
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
            etag: hex(&written.md5),
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
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        req: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.require_bucket(&req.input.bucket)?;
        let file = self
            .index
            .delete(&req.input.bucket, &req.input.key)
            .map_err(failed)?;
        self.content.remove(file).await;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        req: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = req.input;
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
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            ..DeleteObjectsOutput::default()
        }))
    }

    async fn get_object_tagging(
        &self,
        req: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let entry = self.entry(&req.input.bucket, &req.input.key)?;
        Ok(S3Response::new(GetObjectTaggingOutput {
            tag_set: entry
                .tags
                .into_iter()
                .map(|(key, value)| Tag {
                    key: Some(key),
                    value: Some(value),
                })
                .collect(),
            ..GetObjectTaggingOutput::default()
        }))
    }

    async fn put_object_tagging(
        &self,
        req: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let PutObjectTaggingInput {
            bucket,
            key,
            tagging,
            ..
        } = req.input;
        let tags = tagging
            .tag_set
            .into_iter()
            .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect();
        self.retag(&bucket, &key, &tags)?;
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn delete_object_tagging(
        &self,
        req: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        self.retag(&req.input.bucket, &req.input.key, &Tags::new())?;
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        Ok(S3Response::new(self.start_upload(req.input)?))
    }

    async fn upload_part(
        &self,
        req: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        Ok(S3Response::new(self.take_part(req).await?))
    }

    async fn list_parts(
        &self,
        req: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        Ok(S3Response::new(self.parts(req.input)?))
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        Ok(S3Response::new(self.uploads(&req.input)?))
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        Ok(S3Response::new(self.complete_upload(req.input).await?))
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput {
            bucket,
            key,
            upload_id,
            ..
        } = req.input;
        self.upload(&bucket, &key, &upload_id)?;
        let files = self.index.delete_upload(&upload_id).map_err(failed)?;
        self.content.remove(files).await;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

impl Store {
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
        match self.index.put(bucket, &entry, replaces).map_err(failed)? {
            Some(replaced) => {
                self.content.remove(replaced).await;
                Ok(())
            }
            None => {
                self.content.remove([entry.file]).await;
                Err(s3_error!(PreconditionFailed))
            }
        }
    }

    fn entry(&self, bucket: &str, key: &str) -> S3Result<Entry> {
        self.require_bucket(bucket)?;
        self.index
            .get(bucket, key)
            .map_err(failed)?
            .ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    fn retag(&self, bucket: &str, key: &str, tags: &Tags) -> S3Result<()> {
        self.require_bucket(bucket)?;
        if self.index.tag(bucket, key, tags).map_err(failed)? {
            return Ok(());
        }
        Err(s3_error!(NoSuchKey, "The specified key does not exist."))
    }
}

/// Fills in the checksums of an answer.
macro_rules! set_checksums {
    ($output:expr, $checksums:expr) => {{
        let mut checksums = $checksums;
        $output.checksum_crc32 = checksums.remove("crc32");
        $output.checksum_crc32c = checksums.remove("crc32c");
        $output.checksum_crc64nvme = checksums.remove("crc64nvme");
        $output.checksum_sha1 = checksums.remove("sha1");
        $output.checksum_sha256 = checksums.remove("sha256");
    }};
}
use set_checksums;

/// Epoch milliseconds as S3's timestamps.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs()))
}

/// The checksums to compute: those sent ahead, the one announced, and those that follow as trailers.
pub(super) fn wanted_checksums(
    sent: &Checksums,
    algorithm: Option<&str>,
    headers: &http::HeaderMap,
) -> Vec<&'static str> {
    let announced = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    CHECKSUMS
        .into_iter()
        .filter(|name| {
            sent.contains_key(*name)
                || algorithm.is_some_and(|algorithm| algorithm.eq_ignore_ascii_case(name))
                || announced
                    .split(',')
                    .any(|trailer| trailer.trim().strip_prefix("x-amz-checksum-") == Some(name))
        })
        .collect()
}

/// The checksums sent ahead of the bytes and after them.
pub(super) fn with_trailers(mut sent: Checksums, trailers: Option<&TrailingHeaders>) -> Checksums {
    let trailers = trailers.and_then(TrailingHeaders::take).unwrap_or_default();
    for name in CHECKSUMS {
        let sum = trailers
            .get(format!("x-amz-checksum-{name}"))
            .and_then(|value| value.to_str().ok());
        if let Some(sum) = sum {
            sent.insert(name.to_owned(), sum.to_owned());
        }
    }
    sent
}

pub(super) fn verify_md5(sent: Option<&str>, actual: &[u8]) -> S3Result<()> {
    match sent {
        Some(sent) if STANDARD.encode(actual) != sent => Err(s3_error!(BadDigest)),
        _ => Ok(()),
    }
}

pub(super) fn replaces(
    if_match: Option<ETagCondition>,
    if_none_match: Option<ETagCondition>,
) -> Result<Replaces, S3Error> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Replaces::Any),
        (None, Some(ETagCondition::Any)) => Ok(Replaces::Nothing),
        (Some(ETagCondition::Any), None) => Ok(Replaces::Existing(None)),
        (Some(ETagCondition::ETag(etag)), None) => {
            Ok(Replaces::Existing(Some(etag.value().to_owned())))
        }
        _ => Err(s3_error!(NotImplemented)),
    }
}

/// Tags as a header has them: `key=value&…`, percent-encoded.
pub(super) fn parse_tags(header: &str) -> Tags {
    form_urlencoded::parse(header.as_bytes())
        .into_owned()
        .collect::<BTreeMap<_, _>>()
}
