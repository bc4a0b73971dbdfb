//! What the requests that make objects have in common.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use s3s::{
    S3Error, S3Result, TrailingHeaders,
    dto::{ETagCondition, Timestamp},
    s3_error,
};

use super::{
    content::{CHECKSUMS, Checksums},
    index::{Replaces, Tags},
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
pub(super) use set_checksums;

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
