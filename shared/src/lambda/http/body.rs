//! A body on the wire: compressed where it is large and whoever asked takes that.
//!
//! To compress an answer that shows both a secret and something that an attacker chose lets them guess the secret by how
//! long it gets (BREACH), if they can have somebody's browser ask for it again and again. Here they can't: a request is
//! known by a header that no page of another origin can have sent, and no cookie is ever looked at. Nor is there a
//! secret that is shown twice: tokens, keys and links are new in each answer that has one.

use std::borrow::Cow;
use std::io::{Read, Write};

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::header;
use crate::reply::Content;

/// What is shorter fits into a packet as it is, in bytes.
const LEAST: usize = 1400;

/// What an answer says.
pub(super) enum Body {
    Text(String),
    File(Content),
}

/// The same on the wire.
pub(super) struct Sent {
    /// In base64 if it is compressed.
    pub(super) text: String,
    pub(super) is_compressed: bool,
    /// Whether another client might be sent other bytes.
    pub(super) differs: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Body {
    /// What it is known by.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::File(Content::Plain(text)) => text.as_bytes(),
            Self::File(Content::Gzipped(bytes)) => bytes,
        }
    }

    /// As it is sent to somebody who takes gzip, or does not.
    pub(super) fn sent(self, takes_gzip: bool) -> Sent {
        let text = match self {
            Self::File(Content::Gzipped(bytes)) if takes_gzip => return Sent::compressed(bytes),
            Self::File(Content::Gzipped(bytes)) => return Sent::plain(expanded(bytes), true),
            Self::File(Content::Plain(text)) => Cow::Borrowed(text),
            Self::Text(text) => Cow::Owned(text),
        };
        let is_large = text.len() >= LEAST;
        let bytes = (is_large && takes_gzip).then(|| compressed(&text));
        match bytes.flatten() {
            Some(bytes) => Sent::compressed(&bytes),
            None => Sent::plain(text.into_owned(), is_large),
        }
    }
}

impl Sent {
    fn plain(text: String, differs: bool) -> Self {
        Self {
            text,
            is_compressed: false,
            differs,
        }
    }

    fn compressed(bytes: &[u8]) -> Self {
        Self {
            text: BASE64_STANDARD.encode(bytes),
            is_compressed: true,
            differs: true,
        }
    }
}

/// Whether `Accept-Encoding` names gzip, or anything, and does not rule it out.
pub(super) fn takes_gzip(request: &ApiGatewayV2httpRequest) -> bool {
    let accepted = header(request, "accept-encoding").unwrap_or_default();
    let weight_of = |coding: &str| {
        accepted.split(',').find_map(|part| {
            let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
            let weight = parameters.trim().strip_prefix("q=");
            let weight = weight.map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
            let is_it = name.trim().eq_ignore_ascii_case(coding);
            is_it.then_some(weight.unwrap_or(0.0))
        })
    };
    weight_of("gzip").or_else(|| weight_of("*")).unwrap_or(0.0) > 0.0
}

fn compressed(text: &str) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).ok()?;
    encoder.finish().ok()
}

/// Files are our own: they can be read.
fn expanded(bytes: &[u8]) -> String {
    let mut text = String::new();
    let read = GzDecoder::new(bytes).read_to_string(&mut text);
    read.map_or_else(|_| String::new(), |_| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asking(accepted: &str) -> ApiGatewayV2httpRequest {
        let mut request = ApiGatewayV2httpRequest::default();
        let accepted = accepted.parse().expect("it is a header");
        request.headers.insert("accept-encoding", accepted);
        request
    }

    #[test]
    fn gzip_is_taken_by_who_says_so() {
        for (accepted, takes) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5, br", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, *", false),
            ("br, *;q=0", false),
            ("identity", false),
            ("", false),
            ("gzip;q=x", false),
        ] {
            assert_eq!(takes_gzip(&asking(accepted)), takes, "{accepted}");
        }
        assert!(!takes_gzip(&ApiGatewayV2httpRequest::default()));
    }

    proptest! {
        #[test]
        fn what_is_compressed_says_the_same(text in "[a-z]{0,40}", times in 0..200_usize) {
            let text = text.repeat(times);
            let sent = Body::Text(text.clone()).sent(true);
            prop_assert_eq!(sent.is_compressed, text.len() >= LEAST);
            let read = if sent.is_compressed {
                prop_assert!(sent.differs && sent.text.len() < text.len());
                expanded(&BASE64_STANDARD.decode(&sent.text).expect("it is base64"))
            } else {
                sent.text
            };
            prop_assert_eq!(&read, &text);
            let plain = Body::Text(text.clone()).sent(false);
            prop_assert!(!plain.is_compressed);
            prop_assert_eq!(plain.differs, text.len() >= LEAST);
            prop_assert_eq!(plain.text, text);
        }
    }
}
