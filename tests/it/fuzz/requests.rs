//! Requests to a route, and requests to nowhere.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::bodies::bodies;
use super::tokens::{self, Authorization};
use super::wire::Request;

/// A route of the API, and what it takes.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// Bodies that it takes; none if it takes none.
    pub(super) valid: Vec<Value>,
    /// A token that it takes; none if it asks for none.
    pub(super) token: Option<String>,
}

/// A request, and what is known of it before it is answered.
#[derive(Debug, Clone)]
pub(super) struct Thrown {
    pub(super) request: Request,
    /// Whether who sends it may be known by it.
    pub(super) authentic: bool,
}

const METHODS: &[&str] = &[
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "QUERY",
    "M-SEARCH", "X",
];

const KNOWN_PATHS: &[&str] = &[
    "/.well-known/jwks.json",
    "/health",
    "/openapi.json",
    "/docs",
    "/docs/viewer.js",
    "/api/accept-invitation",
    "/api/audit-log",
    "/api/change-password",
    "/api/create-project",
    "/api/create-task",
    "/api/forgot-password",
    "/api/invitations",
    "/api/invitations/x",
    "/api/invitations/x/resend",
    "/api/list-projects",
    "/api/log-in",
    "/api/log-out",
    "/api/log-out-everywhere",
    "/api/me",
    "/api/members",
    "/api/members/x",
    "/api/realtime-ticket",
    "/api/refresh-token",
    "/api/reset-password",
    "/api/projects/x/tasks",
    "/api/projects/x/tasks/bulk",
    "/api/search-tasks",
    "/api/send-verification",
    "/api/sessions",
    "/api/sessions/x",
    "/api/sign-up",
    "/api/tasks",
    "/api/me/notifications",
    "/api/notifications",
    "/api/notifications/read",
    "/api/projects/x/events",
    "/api/projects/x/labels",
    "/api/projects/x/labels/x",
    "/api/tasks/x/attachment",
    "/api/tasks/x/comments",
    "/api/tasks/x/comments/x",
    "/api/tasks/x/events",
    "/api/tenants",
    "/api/tenants/x",
    "/api/tenants/x/exports",
    "/api/tenants/x/exports/x",
    "/api/tenants/x/settings",
    "/api/verify-email",
];

const SEGMENTS: &[&str] = &[
    "",
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "%5c",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "%c3%a4",
    "ä",
    "api",
    "sign-up",
    "SIGN-UP",
    "{id}",
    "{proxy+}",
    "$default",
    "*",
    "a;b=c",
    "a:b@c",
    "~",
    "'",
    "\"",
    "<>",
    "|",
    "[",
    "index.php",
    "_local",
    "ws",
    "🙂",
];

const CONTENT_TYPES: &[&str] = &[
    "",
    "text/plain",
    "application/json; charset=latin1",
    "application/json;charset=\"utf-8\"",
    "APPLICATION/JSON",
    "application/json, application/json",
    "application/problem+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "; charset=utf-8",
    "application/json;;;charset",
    "application/octet-stream",
];

/// Headers that something on the way might act on.
const HEADERS: &[(&str, &str)] = &[
    ("accept", "text/html"),
    ("accept-encoding", "gzip, br;q=1.0, *;q=0"),
    ("content-encoding", "gzip"),
    ("cookie", "a=b; c; =; ;"),
    ("expect", "100-continue"),
    ("forwarded", "for=\"_gazonk\""),
    ("if-match", "*"),
    ("if-none-match", "\"x\""),
    ("origin", "https://evil.example"),
    ("range", "bytes=0-1"),
    ("te", "trailers"),
    ("upgrade", "h2c"),
    (
        "x-amzn-trace-id",
        "Root=1-00000000-000000000000000000000000",
    ),
    ("x-forwarded-for", "1.2.3.4, not an address"),
    ("x-forwarded-proto", "gopher"),
    ("x-http-method-override", "DELETE"),
    ("x-request-id", "mine"),
    ("x-tenant-id", "mine"),
];

impl Route {
    /// Requests to it.
    pub(super) fn requests(&self) -> impl Strategy<Value = Thrown> + use<> {
        let (method, path) = (self.method, self.path.clone());
        let bodies = match self.valid.as_slice() {
            [] => prop_oneof![Just(Vec::new()), vec(any::<u8>(), 0..40)].boxed(),
            valid => bodies(valid.to_vec()).boxed(),
        };
        let queries = prop_oneof![4 => Just(Vec::new()), 1 => queries()];
        (bodies, queries, headers(), self.authorization()).prop_map(
            move |(body, query, mut headers, (authorization, authentic))| {
                headers.extend(authorization.map(|value| ("authorization".to_owned(), value)));
                let request = Request {
                    method: method.to_owned(),
                    target: [path.as_bytes(), &query].concat(),
                    headers,
                    body,
                };
                Thrown { request, authentic }
            },
        )
    }

    fn authorization(&self) -> BoxedStrategy<Authorization> {
        match &self.token {
            Some(token) => tokens::mostly(token).boxed(),
            None => prop_oneof![
                4 => Just((None, true)),
                1 => tokens::wrong("e30.e30.e30").prop_map(|(header, _)| (header, true)),
            ]
            .boxed(),
        }
    }
}

/// Requests to wherever, by whatever method.
pub(super) fn anywhere() -> impl Strategy<Value = Request> {
    let methods = prop_oneof![
        4 => select(METHODS).prop_map(str::to_owned),
        1 => "[A-Z!#$%&'*+.^_`|~-]{1,20}",
    ];
    let targets = prop_oneof![
        8 => (paths(), queries()).prop_map(|(path, query)| [path, query].concat()),
        1 => select(&["*", "example.com:80", "http://elsewhere.example/api/sign-up", "/"][..])
            .prop_map(|target| target.as_bytes().to_vec()),
    ];
    let bodies = prop_oneof![2 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..40)];
    (methods, targets, headers(), bodies).prop_map(|(method, target, headers, body)| Request {
        method,
        target,
        headers,
        body,
    })
}

/// Paths: known ones with something about them, and others.
fn paths() -> impl Strategy<Value = Vec<u8>> {
    let segment = prop_oneof![
        4 => select(SEGMENTS).prop_map(|segment| segment.as_bytes().to_vec()),
        2 => "[!-~&&[^#? ]]{0,12}".prop_map(String::into_bytes),
        1 => vec(0x80..=0xff_u8, 1..6),
        1 => (100..12_000_usize).prop_map(|length| vec![b'a'; length]),
    ];
    let segments =
        vec(segment, 1..8).prop_map(|segments| [b"/".to_vec(), segments.join(&b'/')].concat());
    let known = (
        select(KNOWN_PATHS),
        select(
            &[
                "", "", "", "/", "/x", "//", "%20", ".json", "%00", "/..", ";a",
            ][..],
        ),
    )
        .prop_map(|(path, suffix)| format!("{path}{suffix}").into_bytes());
    prop_oneof![2 => segments, 3 => known]
}

/// Queries, with their question mark; or none.
pub(super) fn queries() -> impl Strategy<Value = Vec<u8>> {
    let part = || {
        prop_oneof![
            4 => "[a-z]{0,4}".prop_map(String::into_bytes),
            2 => select(&["%", "%zz", "%ff", "%00", "+", "%2B", "a%5B%5D", "__proto__", "1,2", "ä", ";", "'", "{", "origin", "ticket"][..])
                .prop_map(|part| part.as_bytes().to_vec()),
            1 => vec(0x80..=0xff_u8, 1..6),
            1 => (100..6_000_usize).prop_map(|length| vec![b'q'; length]),
        ]
    };
    let pair = (part(), prop::option::of(part())).prop_map(|(name, value)| match value {
        Some(value) => [name, value].join(&b'='),
        None => name,
    });
    vec(pair, 0..4).prop_map(|pairs| match pairs.join(&b'&') {
        query if query.is_empty() => query,
        query => [b"?".to_vec(), query].concat(),
    })
}

/// Mostly a body that is declared as JSON, and no more; now and then anything that a header can be.
fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let json = ("content-type".to_owned(), b"application/json".to_vec());
    let content_types = prop_oneof![
        24 => Just(vec![json.clone()]),
        1 => select(CONTENT_TYPES).prop_map(|value| vec![("content-type".to_owned(), value.into())]),
        1 => Just(vec![json.clone(), json]),
        1 => Just(Vec::new()),
    ];
    let others = prop_oneof![
        16 => Just(Vec::new()),
        6 => vec(header(), 1..5),
        1 => (95..140_usize).prop_map(|count| {
            let header = |at| (format!("x-{at}"), b"1".to_vec());
            (0..count).map(header).collect()
        }),
    ];
    (content_types, others).prop_map(|(content_type, others)| [content_type, others].concat())
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let value = prop_oneof![
        4 => "[\\t\\x20-\\x7e]{0,60}".prop_map(String::into_bytes),
        2 => vec(0x80..=0xff_u8, 0..40),
        1 => Just("müßig 🙂".as_bytes().to_vec()),
        1 => (1_000..12_000_usize).prop_map(|length| vec![b'h'; length]),
    ];
    prop_oneof![
        3 => select(HEADERS).prop_map(|(name, value)| (name.to_owned(), value.into())),
        2 => (select(HEADERS), value.clone()).prop_map(|((name, _), value)| (name.to_owned(), value)),
        2 => ("x-[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,20}", value),
    ]
}
