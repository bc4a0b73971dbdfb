//! What a request is answered, as the gateway takes it.

use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::body::{Body, takes_gzip};
use super::{REQUEST_ID, has_body, header};
use crate::error::{Code, Error};
use crate::etag::{ETag, NEVER_CHANGED};
use crate::reply::{File, NO_CONTENT, Reply};

/// What a 503 asks for: most of what it stands for passes within a second.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(1);

/// The client has it already.
const NOT_MODIFIED: u16 = 304;

/// How what shows a resource, or several, begins.
const ENVELOPE: &[u8] = b"{\"data\":";

/// A resource may be kept, to be asked for by its tag each time.
const KEPT_BY_THE_CLIENT: &str = "private, no-cache";

/// A file may be kept by anybody, for five minutes, and then be asked for by its tag.
const KEPT_BY_ANYBODY: &str = "public, max-age=300";

/// What an answer is made of.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    body: Body,
    takes_gzip: bool,
}

pub(super) fn render(reply: Reply<Box<RawValue>>, request: &ApiGatewayV2httpRequest) -> Answer {
    let body = match (reply.file, reply.status) {
        (Some(File { content, .. }), _) => Body::File(content),
        (None, NO_CONTENT) => Body::default(),
        (None, _) => Body::Text(reply.body.get().to_owned()),
    };
    let mut answer = Answer {
        status: reply.status,
        headers: reply.headers,
        body,
        takes_gzip: takes_gzip(request),
    };
    if let Some(File { content_type, .. }) = reply.file {
        let tag = ETag::of(NEVER_CHANGED, answer.body.bytes(), None);
        answer
            .headers
            .push(("content-type", content_type.to_owned()));
        answer.tagged(&tag, KEPT_BY_ANYBODY, request);
    } else if let Some(version) = reply.version.or_else(|| answer.listed(request)) {
        let tag = ETag::of(version, answer.body.bytes(), reply.seen_as);
        answer.tagged(&tag, KEPT_BY_THE_CLIENT, request);
    }
    answer
}

pub(super) fn refusal(error: &Error, request_id: &str) -> Answer {
    if error.cause().is_some() {
        tracing::error!(request_id, %error, "could not be served");
    }
    let retry_after = error
        .retry_after()
        .or((error.code() == Code::Unavailable).then_some(UNAVAILABLE_FOR))
        .map(|wait| ("retry-after", wait.as_secs().to_string()));
    let challenge =
        (error.code().status() == 401).then(|| ("www-authenticate", "Bearer".to_owned()));
    let body = serde_json::to_string(&error.body(request_id)).unwrap_or_default();
    Answer {
        status: error.code().status(),
        headers: error
            .headers()
            .iter()
            .cloned()
            .chain(retry_after)
            .chain(challenge)
            .collect(),
        body: Body::Text(body),
        takes_gzip: false,
    }
}

impl Answer {
    /// The version of what is shown in the envelope and has none of its own, such as a list: what is shown of it tells
    /// whether it is as it was. What is there for once has none.
    fn listed(&self, request: &ApiGatewayV2httpRequest) -> Option<u64> {
        let is_shown = self.status == 200 && !has_body(request);
        let is_in_envelope = self.body.bytes().starts_with(ENVELOPE);
        let is_for_once = self.kept().is_some();
        (is_shown && is_in_envelope && !is_for_once).then_some(NEVER_CHANGED)
    }

    /// Says by which tag it can be asked for again, and whether the client has it. How it is kept stands as it was
    /// said, if it was.
    fn tagged(&mut self, tag: &ETag, kept: &str, request: &ApiGatewayV2httpRequest) {
        let known = header(request, "if-none-match").is_some_and(|known| tag.is_known(known));
        if known && !has_body(request) {
            self.status = NOT_MODIFIED;
        }
        if self.kept().is_none() {
            self.headers.push(("cache-control", kept.to_owned()));
        }
        self.headers.push(("etag", tag.to_string()));
    }

    /// How it may be kept, if that is said.
    fn kept(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        let said = headers.find(|(name, _)| *name == "cache-control");
        said.map(|(_, kept)| kept.as_str())
    }

    /// The same, as the gateway takes it. Of what the client has it says all that it would say with the body.
    pub(super) fn into_value(self, request_id: &str) -> Value {
        let is_kept_by_anybody = self.kept().is_some_and(|kept| kept.starts_with("public"));
        let sent = self.body.sent(self.takes_gzip);
        let is_shown = self.status != NOT_MODIFIED && !sent.text.is_empty();
        let mut headers = Map::new();
        headers.extend([
            ("content-type".to_owned(), json!("application/json")),
            ("cache-control".to_owned(), json!("no-store")),
            ("x-content-type-options".to_owned(), json!("nosniff")),
            (REQUEST_ID.to_owned(), json!(request_id)),
        ]);
        // The gateway says in it which origin may read it.
        let origin = is_kept_by_anybody.then_some("origin");
        let encoding = sent.differs.then_some("accept-encoding");
        let vary: Vec<_> = encoding.into_iter().chain(origin).collect();
        if !vary.is_empty() {
            headers.insert("vary".to_owned(), json!(vary.join(", ")));
        }
        headers.extend(self.headers.into_iter().map(|(name, value)| {
            let is_other = name == "etag" && sent.is_compressed;
            let value = if is_other {
                ETag::compressed(&value)
            } else {
                value
            };
            (name.to_owned(), json!(value))
        }));
        if !is_shown {
            headers.shift_remove("content-type");
        } else if sent.is_compressed {
            headers.insert("content-encoding".to_owned(), json!("gzip"));
        }
        let body = if is_shown { sent.text } else { String::new() };
        json!({
            "statusCode": self.status,
            "headers": headers,
            // `cargo lambda watch` takes no answer without it.
            "cookies": [],
            "body": body,
            "isBase64Encoded": is_shown && sent.is_compressed,
        })
    }
}
