//! Logs: one line of JSON for each thing worth knowing, with fields and without personal data.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs to standard output from here on; `LOG_LEVEL` chooses how much (`info` if it is not set).
pub(super) fn start() {
    let filter = EnvFilter::try_from_env("LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_current_span(false)
        .finish()
        .with(closed())
        .init();
}

/// All but what libraries say only to whoever looks closely: whole requests, with the tokens and passwords in them.
/// It holds beside any filter, so that nobody who asks for more is shown these.
pub fn closed() -> Targets {
    Targets::new()
        .with_default(LevelFilter::TRACE)
        // Prefixes of the names of crates.
        .with_target("aws", LevelFilter::INFO)
        .with_target("h2", LevelFilter::INFO)
        .with_target("hyper", LevelFilter::INFO)
        .with_target("lambda_runtime", LevelFilter::INFO)
        .with_target("reqwest", LevelFilter::INFO)
        .with_target("s3s", LevelFilter::OFF)
        .with_target("tokio_tungstenite", LevelFilter::WARN)
        .with_target("tungstenite", LevelFilter::WARN)
}
