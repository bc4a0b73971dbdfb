//! Every route of the HTTP API: a function imports no other, so they are listed here, and the
//! conformance test holds the list against the endpoints.

/// Methods and paths.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/api/create-project"),
    ("POST", "/api/create-task"),
    ("GET", "/api/list-projects"),
    ("POST", "/api/log-in"),
    ("POST", "/api/realtime-ticket"),
    ("POST", "/api/search-tasks"),
    ("POST", "/api/sign-up"),
];
