//! Uploads in parts.

use s3s::{
    S3Request, S3Result,
    crypto::{Checksum as _, Md5},
    dto, s3_error,
};
use uuid::Uuid;

use super::{
    Store,
    content::{check, failed},
    index::{Entry, StoredPart, Upload, now},
    requests::{
        about, parse_tags, replaces, sent_checksums, timestamp, verify_md5, wanted_checksums,
        with_trailers,
    },
};
use crate::front::hex;

/// The least that any part but the last holds.
const PART_MIN: i64 = 5 * 1024 * 1024;

impl Store {
    pub(super) fn start_upload(
        &self,
        mut input: dto::CreateMultipartUploadInput,
    ) -> S3Result<dto::CreateMultipartUploadOutput> {
        self.require_bucket(&input.bucket)?;
        let upload = Upload {
            id: Uuid::new_v4().simple().to_string(),
            key: input.key.clone(),
            started: now(),
            about: about!(input),
            tags: input.tagging.as_deref().map(parse_tags).unwrap_or_default(),
        };
        self.index
            .create_upload(&input.bucket, &upload)
            .map_err(failed)?;
        Ok(dto::CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload.id),
            ..dto::CreateMultipartUploadOutput::default()
        })
    }

    pub(super) async fn take_part(
        &self,
        req: S3Request<dto::UploadPartInput>,
    ) -> S3Result<dto::UploadPartOutput> {
        let mut input = req.input;
        self.upload(&input.bucket, &input.key, &input.upload_id)?;
        if !(1..=10_000).contains(&input.part_number) {
            return Err(s3_error!(
                InvalidArgument,
                "dto::Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let body = input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let sent = sent_checksums!(input);
        let algorithm = input
            .checksum_algorithm
            .as_ref()
            .map(dto::ChecksumAlgorithm::as_str);
        let written = self
            .content
            .write(body, &wanted_checksums(&sent, algorithm, &req.headers))
            .await?;
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
        let part = StoredPart {
            number: input.part_number,
            file: written.file,
            size: written.size,
            etag: hex::encode(&written.md5),
        };
        let replaced = self
            .index
            .put_part(&input.upload_id, &part)
            .map_err(failed)?;
        self.content.remove(replaced).await;
        let mut checksums = written.checksums;
        Ok(dto::UploadPartOutput {
            e_tag: Some(dto::ETag::Strong(part.etag)),
            checksum_crc32: checksums.remove("crc32"),
            checksum_crc32c: checksums.remove("crc32c"),
            checksum_crc64nvme: checksums.remove("crc64nvme"),
            checksum_sha1: checksums.remove("sha1"),
            checksum_sha256: checksums.remove("sha256"),
            ..dto::UploadPartOutput::default()
        })
    }

    pub(super) fn parts(&self, input: dto::ListPartsInput) -> S3Result<dto::ListPartsOutput> {
        self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let parts = self.index.parts(&input.upload_id).map_err(failed)?;
        Ok(dto::ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(false),
            parts: Some(
                parts
                    .into_iter()
                    .map(|part| dto::Part {
                        part_number: Some(part.number),
                        size: Some(part.size),
                        e_tag: Some(dto::ETag::Strong(part.etag)),
                        ..dto::Part::default()
                    })
                    .collect(),
            ),
            ..dto::ListPartsOutput::default()
        })
    }

    pub(super) fn uploads(
        &self,
        input: &dto::ListMultipartUploadsInput,
    ) -> S3Result<dto::ListMultipartUploadsOutput> {
        self.require_bucket(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let uploads = self.index.uploads(&input.bucket).map_err(failed)?;
        Ok(dto::ListMultipartUploadsOutput {
            bucket: Some(input.bucket.clone()),
            is_truncated: Some(false),
            uploads: Some(
                uploads
                    .into_iter()
                    .filter(|upload| upload.key.starts_with(prefix))
                    .map(|upload| dto::MultipartUpload {
                        key: Some(upload.key),
                        upload_id: Some(upload.id),
                        initiated: Some(timestamp(upload.started)),
                        ..dto::MultipartUpload::default()
                    })
                    .collect(),
            ),
            ..dto::ListMultipartUploadsOutput::default()
        })
    }

    pub(super) async fn complete_upload(
        &self,
        input: dto::CompleteMultipartUploadInput,
    ) -> S3Result<dto::CompleteMultipartUploadOutput> {
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let named = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let parts = choose(self.index.parts(&input.upload_id).map_err(failed)?, &named)?;
        let etag = etag_of(&parts);
        let files: Vec<String> = parts.into_iter().map(|part| part.file).collect();
        let written = self
            .content
            .write(Box::pin(self.content.chain(&files)), &[])
            .await?;
        let entry = Entry {
            key: input.key.clone(),
            file: written.file,
            size: written.size,
            etag: etag.clone(),
            modified: now(),
            about: upload.about,
            tags: upload.tags,
        };
        self.put(
            &input.bucket,
            entry,
            &replaces(input.if_match, input.if_none_match)?,
        )
        .await?;
        let leftovers = self.index.delete_upload(&upload.id).map_err(failed)?;
        self.content.remove(leftovers).await;
        Ok(dto::CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(dto::ETag::Strong(etag)),
            ..dto::CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        self.require_bucket(bucket)?;
        self.index
            .upload(bucket, key, id)
            .map_err(failed)?
            .ok_or_else(|| s3_error!(NoSuchUpload, "The specified upload does not exist."))
    }
}

/// The stored parts that a completion names, in its order, which must be theirs.
fn choose(stored: Vec<StoredPart>, named: &[dto::CompletedPart]) -> S3Result<Vec<StoredPart>> {
    if named.is_empty() {
        return Err(s3_error!(InvalidPart, "You must specify at least one part"));
    }
    if !named.is_sorted_by(|one, next| one.part_number < next.part_number) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let mut stored = stored.into_iter();
    let chosen = named
        .iter()
        .map(|wanted| {
            let part = stored
                .find(|part| Some(part.number) == wanted.part_number)
                .filter(|part| {
                    wanted
                        .e_tag
                        .as_ref()
                        .is_none_or(|etag| etag.value() == part.etag)
                });
            part.ok_or_else(|| s3_error!(InvalidPart))
        })
        .collect::<S3Result<Vec<_>>>()?;
    let (_, all_but_last) = chosen.split_last().ok_or_else(|| s3_error!(InvalidPart))?;
    if all_but_last.iter().any(|part| part.size < PART_MIN) {
        return Err(s3_error!(EntityTooSmall));
    }
    Ok(chosen)
}

/// An upload's `dto::ETag` is the MD5 of its parts' MD5s, and their number.
fn etag_of(parts: &[StoredPart]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        for pair in part.etag.as_bytes().chunks(2) {
            let digits = std::str::from_utf8(pair).unwrap_or_default();
            md5.update(&[u8::from_str_radix(digits, 16).unwrap_or_default()]);
        }
    }
    format!("{}-{}", hex::encode(&md5.finalize()), parts.len())
}
