//! What all operations have in common: their headers, and what their statuses stand for.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

pub(super) const TENANT: &str = "Tenant";
pub(super) const IDEMPOTENCY_KEY: &str = "IdempotencyKey";
pub(super) const IF_MATCH: &str = "IfMatch";
pub(super) const REQUEST_ID: &str = "RequestId";
pub(super) const IF_NONE_MATCH: &str = "IfNoneMatch";

/// Every status that is answered, and what it stands for.
const WORDS: &[(u64, &str)] = &[
    (200, "Here it is."),
    (201, "It was made."),
    (202, "It has begun."),
    (204, "It was done, and there is nothing to say."),
    (304, "It is as the client has it."),
    (400, "The request is not of the right form."),
    (401, "It does not say who calls, or not validly."),
    (403, "Whoever calls may not do this."),
    (404, "It is not there, or not for whoever calls."),
    (409, "It does not go together with what is there."),
    (412, "It has changed since it was read."),
    (413, "The body is too large."),
    (415, "The body is not sent as JSON."),
    (422, "A field is wrong; each that is stands in `details`."),
    (
        429,
        "Too many calls: `Retry-After` says when there is room again.",
    ),
    (500, "Something went wrong on the server."),
    (503, "It can be tried again soon: `Retry-After` says when."),
];

/// What a status stands for.
pub(super) fn words(status: u64) -> &'static str {
    let known = WORDS.iter().find(|(known, _)| *known == status);
    known.map_or_else(
        || panic!("say in tests/it/reference/answers.rs what {status} stands for"),
        |(_, words)| words,
    )
}

/// The parameters that several operations have.
pub(super) fn parameters() -> Value {
    json!({
        TENANT: {
            "name": "X-Tenant-Id", "in": "header",
            "description": "The tenant to act in, by its id or its slug, for whoever belongs to several.",
            "schema": { "type": "string" },
        },
        IDEMPOTENCY_KEY: {
            "name": "Idempotency-Key", "in": "header",
            "description": "However often the request is sent with it within 24 hours, it has its effect once.",
            "schema": { "type": "string", "minLength": 1, "maxLength": shared::idempotency::LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$" },
        },
        REQUEST_ID: {
            "name": "X-Request-Id", "in": "header",
            "description": "What the request is to be called in the answer and in the logs. What is no such name is \
                            left unread.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$" },
        },
        IF_MATCH: {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` of what was read: 412 if it has changed since. `*` is any.",
            "schema": { "type": "string", "pattern": "^(\\*|\"[!#-~]*\")$" },
        },
        IF_NONE_MATCH: {
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` of what the client has: 304 if that is still so. `*` is any.",
            "schema": { "type": "string", "pattern": "^(\\*|\"[!#-~]*\")$" },
        },
    })
}

/// What every answer says.
pub(super) const ALWAYS: [&str; 1] = ["x-request-id"];

/// What it says of how many calls or attempts are left, where they are counted.
pub(super) const COUNTED: [&str; 3] = [
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// What may be said by what changes something once, however often it is asked for.
pub(super) const ONCE: [&str; 2] = ["idempotency-replayed", "x-event-seq"];

/// The headers of answers: what they are called in the document, what on the wire, and what they say.
const HEADERS: &[(&str, &str, &str, &str)] = &[
    (
        "RequestId",
        "x-request-id",
        "string",
        "What the request is called in the logs.",
    ),
    (
        "Challenge",
        "www-authenticate",
        "string",
        "By what to say who calls: `Bearer`.",
    ),
    (
        "RateLimit",
        "x-ratelimit-limit",
        "integer",
        "How many calls fit into a window, where they are counted.",
    ),
    (
        "RateLimitRemaining",
        "x-ratelimit-remaining",
        "integer",
        "How many still fit into this one.",
    ),
    (
        "RateLimitReset",
        "x-ratelimit-reset",
        "integer",
        "When the next place becomes free, if no more are taken: in epoch seconds.",
    ),
    (
        "RetryAfter",
        "retry-after",
        "integer",
        "In how many seconds to try again.",
    ),
    (
        "ETag",
        "etag",
        "string",
        "The state of the resource, as it was shown.",
    ),
    (
        "Location",
        "location",
        "string",
        "Where the new resource is.",
    ),
    (
        "EventSeq",
        "x-event-seq",
        "integer",
        "The number of the event that the request caused.",
    ),
    (
        "Cache",
        "x-cache",
        "string",
        "Whether it was in the cache: `hit` or `miss`.",
    ),
    (
        "Allow",
        "allow",
        "string",
        "The methods that the path takes.",
    ),
    (
        "IdempotencyReplayed",
        "idempotency-replayed",
        "string",
        "`true` if it was answered before.",
    ),
];

/// What they are called on the wire.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    HEADERS.iter().map(|(_, name, ..)| *name)
}

/// Those that are said of some answer, once for all.
pub(super) fn headers(answers: &Value) -> Value {
    let answers = answers.to_string();
    let said = HEADERS
        .iter()
        .filter(|(name, ..)| answers.contains(&reference(name).to_string()));
    let headers = said.map(|(name, _, kind, words)| {
        let header = json!({ "description": words, "schema": { "type": kind } });
        ((*name).to_owned(), header)
    });
    headers.collect::<Map<_, _>>().into()
}

/// Those that are among the `sent`.
pub(super) fn headers_of(sent: &BTreeSet<&str>) -> Value {
    let known = HEADERS
        .iter()
        .filter(|(_, header, ..)| sent.contains(header));
    let headers = known.map(|(name, header, ..)| ((*header).to_owned(), reference(name)));
    headers.collect::<Map<_, _>>().into()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}
