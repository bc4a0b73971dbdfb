//! What a stack is started with, and why it can't be.

use std::{collections::BTreeMap, io, path::PathBuf, time::Duration};

use shared::{lambda::Function, sdk::clock::Clock};

use super::Origin;
use crate::{
    data::DataError, embeddings::Embeddings, front::iam::PolicyError, functions, gateway::Settings,
    template::TemplateError, triggers,
};

/// What a stack is started with.
#[derive(Clone)]
pub struct Options {
    /// The API's port; 0 for any free one.
    pub port: u16,
    /// The port of the AWS services; 0 for any free one.
    pub aws_port: u16,
    /// Whose pages may call the APIs and read links to files, besides the stack's own.
    pub allowed_origins: Vec<Origin>,
    /// The folder that keeps everything; made if missing.
    pub data: PathBuf,
    /// What queues, schedules, expiry, the gateway's limits and the functions go by.
    pub clock: Clock,
    /// Where the embedder comes from.
    pub embeddings: Embeddings,
    /// The gateway's limits. Its CORS configuration is the template's unless one is set here.
    pub gateway: Settings,
    /// The template's `TenantIsolation`: whether functions reach a tenant's data by its role alone.
    pub tenant_isolation: bool,
    /// Whose tokens are taken beside our own: the template's `OidcIssuer` and `OidcAudience`.
    pub identity_provider: Option<IdentityProvider>,
    /// The template's `RateLimit`: how many calls a user or a key may make in a minute, unless their tenant says
    /// otherwise; 0 for any number.
    pub rate_limit: u32,
    /// The functions: all of them, unless a test has others in mind.
    pub functions: Vec<Function>,
    /// How long functions may take, where a test has other times in mind than the template.
    pub timeouts: BTreeMap<String, Duration>,
}

/// As many as the template says by default.
pub const RATE_LIMIT: u32 = 100;

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Where it is, as its tokens' `iss` says it.
    pub issuer: String,
    /// Whom its tokens are for: their `aud`.
    pub audience: String,
}

impl Options {
    /// A stack on free ports, the system's clock and AWS's own limits, with the model in
    /// `<data>/models`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        Self {
            port: 0,
            aws_port: 0,
            allowed_origins: Vec::new(),
            embeddings: Embeddings::Fetched(data.join("models")),
            data,
            clock: Clock::system(),
            gateway: Settings::default(),
            tenant_isolation: true,
            identity_provider: None,
            rate_limit: RATE_LIMIT,
            functions: functions::all(),
            timeouts: BTreeMap::new(),
        }
    }
}

/// Why a stack can't start: one line that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken, or can't be had.
    #[error("port {port} for {purpose} can't be used ({source}): choose another with --port")]
    Port {
        /// Which.
        port: u16,
        /// What was to be served there.
        purpose: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The data folder.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The policies in it.
    #[error(transparent)]
    Policies(#[from] PolicyError),
    /// The template has a function that is not among the crates.
    #[error("template.yaml deploys the function {0}, which is no crate of functions/")]
    NoSuchFunction(String),
    /// A service could not be opened on the data folder.
    #[error("{service} could not be opened: {source}")]
    Service {
        /// Which.
        service: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An event source could not be started.
    #[error(transparent)]
    Triggers(#[from] triggers::StartError),
}

/// Names the service that an error is of.
pub(super) fn service<E: std::error::Error + Send + Sync + 'static>(
    service: &'static str,
) -> impl FnOnce(E) -> StartError {
    move |source| StartError::Service {
        service,
        source: Box::new(source),
    }
}
