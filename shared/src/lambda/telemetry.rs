//! Logs: one line of JSON for each thing worth knowing, with fields and without personal data.

use tracing_subscriber::EnvFilter;

/// Logs to standard output from here on; `LOG_LEVEL` chooses how much (`info` if it is not set).
pub(super) fn start() {
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_current_span(false)
        .init();
}
