//! Verifies Signature Version 4 of calls whose authorization stands in a header.
//!
//! S3 is not here: `s3s` verifies its own, which also come in links, forms and chunks.

use aws_lc_rs::{constant_time, digest, hmac};
use axum::http::request::Parts;
use chrono::{NaiveDateTime, TimeDelta, Utc};

use super::{
    errors::Refusal,
    hex,
    iam::{Caller, Iam},
    request::header,
};

/// The header, and in links the parameter, of what comes along with temporary credentials.
pub(crate) const SESSION_TOKEN: &str = "x-amz-security-token";

/// How far the signer's clock may be from ours.
const SKEW: TimeDelta = TimeDelta::minutes(15);

/// Tells who signed a call, and refuses one that nobody did.
pub(crate) fn verify(parts: &Parts, body: &[u8], iam: &Iam) -> Result<Caller, Refusal> {
    let authorization = header(&parts.headers, "authorization").ok_or(Refusal::Unsigned)?;
    let signed = Signed::parse(authorization).ok_or(Refusal::BadSignature)?;
    let secret = iam.secret(signed.key_id)?;
    let date = header(&parts.headers, "x-amz-date").ok_or(Refusal::BadSignature)?;
    if !is_recent(date) || !date.starts_with(signed.day) {
        return Err(Refusal::BadSignature);
    }
    let payload = payload_hash(parts, body)?;
    let request = canonical_request(parts, &signed, &payload).ok_or(Refusal::BadSignature)?;
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{}\n{}",
        signed.scope,
        sha256(request.as_bytes())
    );
    let expected = hex::encode(signed.signing_key(&secret, text.as_bytes()).as_ref());
    constant_time::verify_slices_are_equal(expected.as_bytes(), signed.signature.as_bytes())
        .map_err(|_| Refusal::BadSignature)?;
    iam.caller(signed.key_id, header(&parts.headers, SESSION_TOKEN))
}

/// The parts of `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
struct Signed<'a> {
    key_id: &'a str,
    /// `day/region/service/aws4_request`.
    scope: &'a str,
    day: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    fn parse(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let (key_id, scope) = field("Credential")?.split_once('/')?;
        Some(Self {
            key_id,
            scope,
            day: scope.split('/').next()?,
            headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }

    /// The signature of `text`: each field of the scope makes the key of the next.
    fn signing_key(&self, secret: &str, text: &[u8]) -> hmac::Tag {
        let seed = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        let key = self.scope.split('/').fold(seed, |key, field| {
            let next = hmac::sign(&key, field.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, next.as_ref())
        });
        hmac::sign(&key, text)
    }
}

fn is_recent(date: &str) -> bool {
    NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
        .is_ok_and(|date| (Utc::now().naive_utc() - date).abs() <= SKEW)
}

fn payload_hash(parts: &Parts, body: &[u8]) -> Result<String, Refusal> {
    let actual = sha256(body);
    match header(&parts.headers, "x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => Ok("UNSIGNED-PAYLOAD".to_owned()),
        Some(declared) if declared != actual => Err(Refusal::BadSignature),
        _ => Ok(actual),
    }
}

fn canonical_request(parts: &Parts, signed: &Signed<'_>, payload: &str) -> Option<String> {
    let mut query: Vec<String> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            if pair.contains('=') {
                pair.to_owned()
            } else {
                format!("{pair}=")
            }
        })
        .collect();
    query.sort_unstable();
    let mut headers = String::new();
    for name in &signed.headers {
        let values: Vec<String> = parts
            .headers
            .get_all(*name)
            .iter()
            .map(|value| {
                Some(
                    value
                        .to_str()
                        .ok()?
                        .split_ascii_whitespace()
                        .collect::<Vec<_>>()
                        .join(" "),
                )
            })
            .collect::<Option<_>>()?;
        headers.extend([*name, ":", &values.join(","), "\n"]);
    }
    Some(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        parts.method,
        encode_path(parts.uri.path()),
        query.join("&"),
        signed.headers.join(";"),
    ))
}

/// The path as it was sent, encoded once more: what every service but S3 signs.
fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.extend(["%", &hex::encode(&[byte]).to_ascii_uppercase()]),
        }
    }
    encoded
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes).as_ref())
}
