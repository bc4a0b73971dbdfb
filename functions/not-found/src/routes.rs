//! Every route of the HTTP API: a function imports no other, so they are listed here, and the
//! conformance test holds the list against the endpoints.

/// Methods and paths.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/api/accept-invitation"),
    ("GET", "/api/audit-log"),
    ("POST", "/api/change-password"),
    ("POST", "/api/create-project"),
    ("POST", "/api/create-task"),
    ("POST", "/api/forgot-password"),
    ("POST", "/api/invitations"),
    ("GET", "/api/invitations"),
    ("DELETE", "/api/invitations/{id}"),
    ("POST", "/api/invitations/{id}/resend"),
    ("GET", "/api/list-projects"),
    ("POST", "/api/log-in"),
    ("POST", "/api/log-out"),
    ("POST", "/api/log-out-everywhere"),
    ("GET", "/api/me"),
    ("POST", "/api/realtime-ticket"),
    ("POST", "/api/refresh-token"),
    ("POST", "/api/reset-password"),
    ("POST", "/api/search-tasks"),
    ("POST", "/api/send-verification"),
    ("GET", "/api/sessions"),
    ("DELETE", "/api/sessions/{id}"),
    ("POST", "/api/sign-up"),
    ("POST", "/api/verify-email"),
];
