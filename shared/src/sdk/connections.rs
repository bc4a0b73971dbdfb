//! What a warm function keeps between requests: its configuration, HTTP connections and secrets.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use aws_types::sdk_config::{RequestChecksumCalculation, ResponseChecksumValidation};

use super::accounts::KeyOwners;
use super::clock::Clock;
use super::credentials::Sessions;
use super::derivation::DerivationKey;
use super::failure::Failure;
use super::oidc::Provider;
use super::token::{SigningKey, Verifier};
use crate::endpoint::{Endpoint, Resource, Trigger, uses};

/// How often one AWS call is tried.
const ATTEMPTS: u32 = 4;

/// The ceiling of the first wait between two tries; each further one doubles. Waits are drawn evenly
/// between nothing and the ceiling (full jitter).
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The ceiling of any wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// How long one try of reading a secret may take, and all of its tries: Lambda gives a cold start 10 s.
const SECRET_ATTEMPT: Duration = Duration::from_secs(3);
const SECRET: Duration = Duration::from_secs(9);

/// How long a post to the mail service may take.
const MAIL: Duration = Duration::from_secs(10);

/// The variable that says how many calls anybody may make in a minute; 0 for any number.
const RATE_LIMIT: &str = "RATE_LIMIT";

/// A function's configuration: names and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// Why a function could not start: what it says names the variable or the secret.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is not set, or empty.
    #[error("the environment variable {0} is missing")]
    Missing(String),
    /// A variable has a value that can't be used.
    #[error("the environment variable {name} can't be used: {reason}")]
    Unusable {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// A secret could not be read.
    #[error("the secret {parameter} could not be read: {cause}")]
    Secret {
        /// The parameter's name.
        parameter: String,
        /// Why.
        cause: String,
    },
}

/// What requests share. One for each start of a function.
#[derive(Debug)]
pub(crate) struct Connections {
    environment: Environment,
    aws: SdkConfig,
    clock: Clock,
    verifier: Option<Verifier>,
    provider: Option<Provider>,
    signing_key: Option<SigningKey>,
    derivation_key: Option<DerivationKey>,
    mail_key: Option<String>,
    mail_client: OnceLock<reqwest::Client>,
    retry_partition: String,
    sessions: Sessions,
    key_owners: KeyOwners,
    unbound: bool,
    erases: bool,
    rate_limit: Option<u32>,
}

impl Environment {
    /// The process's own; what is not Unicode is none of ours.
    pub fn process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable without which the function can't run.
    pub fn require(&self, name: &str) -> Result<&str, StartError> {
        self.get(name)
            .ok_or_else(|| StartError::Missing(name.to_owned()))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self(variables.into_iter().collect())
    }
}

impl Connections {
    /// A cold start.
    ///
    /// # Errors
    /// If a variable that the endpoint's uses need is missing or unusable, or a secret can't be read.
    pub(crate) async fn open(
        endpoint: &Endpoint,
        environment: &Environment,
        clock: Clock,
    ) -> Result<Arc<Self>, StartError> {
        let environment = environment.clone();
        for name in endpoint
            .granted()
            .flat_map(|used| used.resource.variables())
        {
            environment.require(name)?;
        }
        let verifier = match endpoint.trigger {
            Trigger::Http { .. } => Verifier::from_environment(&environment)?,
            _ => None,
        };
        let provider = if endpoint.authenticates() {
            Provider::from_environment(&environment)?
        } else {
            None
        };
        let rate_limit = if endpoint.names(Resource::Calls) {
            rate_limit(&environment)?
        } else {
            None
        };
        let mut connections = Self {
            aws: aws_config(&environment)?,
            environment,
            clock,
            verifier,
            provider,
            signing_key: None,
            derivation_key: None,
            mail_key: None,
            mail_client: OnceLock::new(),
            retry_partition: retry_partition(),
            sessions: Sessions::default(),
            key_owners: KeyOwners::default(),
            unbound: endpoint.unbound,
            erases: endpoint.is_granted(&uses::ERASE_AUDIT),
            rate_limit,
        };
        if endpoint.names(Resource::SigningKey) {
            let pem = connections.secret("SIGNING_KEY_PARAMETER").await?;
            connections.signing_key = Some(SigningKey::from_pem(&pem, &connections.environment)?);
        }
        if endpoint.names(Resource::DerivationKey) {
            let key = connections.secret("DERIVATION_KEY_PARAMETER").await?;
            connections.derivation_key = Some(DerivationKey::from_text(&key)?);
        }
        if endpoint.names(Resource::MailKey) {
            connections.mail_key = Some(connections.secret("MAIL_KEY_PARAMETER").await?);
        }
        Ok(Arc::new(connections))
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn aws(&self) -> &SdkConfig {
        &self.aws
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn verifier(&self) -> Option<&Verifier> {
        self.verifier.as_ref()
    }

    /// The identity provider whose tokens are taken beside our own, if one is configured.
    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.signing_key.as_ref()
    }

    pub(crate) fn derivation_key(&self) -> crate::error::Result<&DerivationKey> {
        self.derivation_key.as_ref().ok_or_else(|| {
            crate::error::Error::internal("this function has no key to derive secrets with")
        })
    }

    pub(crate) fn mail_key(&self) -> Option<&str> {
        self.mail_key.as_deref()
    }

    /// What posts to the mail service: its connections are kept between requests.
    pub(crate) fn mail_client(&self) -> crate::error::Result<&reqwest::Client> {
        if let Some(client) = self.mail_client.get() {
            return Ok(client);
        }
        let client = reqwest::Client::builder()
            .timeout(MAIL)
            // A redirected POST would arrive as a GET, and its 200 would mean nothing.
            .redirect(reqwest::redirect::Policy::none())
            // The service refuses requests without one.
            .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(crate::error::Error::internal)?;
        Ok(self.mail_client.get_or_init(|| client))
    }

    /// Each start has its own budget of retries, as each process has on AWS.
    pub(crate) fn retry_partition(&self) -> &str {
        &self.retry_partition
    }

    /// Tenants' credentials.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Whose the API keys are that have been seen.
    pub(crate) fn key_owners(&self) -> &KeyOwners {
        &self.key_owners
    }

    /// Whether the function removes even what is only added to.
    pub(crate) fn erases(&self) -> bool {
        self.erases
    }

    /// Whether the function acts for all tenants.
    pub(crate) fn is_unbound(&self) -> bool {
        self.unbound
    }

    /// How many calls anybody may make in a minute whose tenant says nothing else; none if calls are not limited.
    pub(crate) fn rate_limit(&self) -> Option<u32> {
        self.rate_limit
    }

    async fn secret(&self, variable: &str) -> Result<String, StartError> {
        let parameter = self.environment.require(variable)?;
        let failed = |cause: String| StartError::Secret {
            parameter: parameter.to_owned(),
            cause,
        };
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(SECRET_ATTEMPT)
            .operation_timeout(SECRET)
            .build();
        let config = aws_sdk_ssm::config::Builder::from(&self.aws).timeout_config(timeouts);
        let answer = aws_sdk_ssm::Client::from_conf(config.build())
            .get_parameter()
            .name(parameter)
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| failed(Failure::of(&error).to_string()))?;
        answer
            .parameter
            .and_then(|parameter| parameter.value)
            .ok_or_else(|| failed("it has no value".to_owned()))
    }
}

/// Region and credentials come from the platform's environment alone: no profile, no metadata service.
fn aws_config(environment: &Environment) -> Result<SdkConfig, StartError> {
    let credentials = Credentials::new(
        environment.require("AWS_ACCESS_KEY_ID")?,
        environment.require("AWS_SECRET_ACCESS_KEY")?,
        environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "environment",
    );
    let region = environment.require("AWS_REGION")?.to_owned();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(FIRST_BACKOFF)
                .with_max_backoff(MAX_BACKOFF),
        )
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    config.set_endpoint_url(environment.get("AWS_ENDPOINT_URL").map(str::to_owned));
    Ok(config.build())
}

fn rate_limit(environment: &Environment) -> Result<Option<u32>, StartError> {
    let limit = environment.require(RATE_LIMIT)?.parse();
    let limit: u32 = limit.map_err(|error| StartError::Unusable {
        name: RATE_LIMIT,
        reason: format!("{error}"),
    })?;
    Ok((limit > 0).then_some(limit))
}

/// One HTTP client for all SDK clients.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .build_https()
}

fn retry_partition() -> String {
    static STARTS: AtomicU64 = AtomicU64::new(0);
    format!("start-{}", STARTS.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_variable_is_named_at_the_start() {
        const ENDPOINT: Endpoint =
            Endpoint::http("create-project", "POST", "/").uses(&[uses::DB_GET]);
        let error = Connections::open(&ENDPOINT, &Environment::default(), Clock::system())
            .await
            .expect_err("it can't start");
        assert_eq!(
            error.to_string(),
            "the environment variable DATA_TABLE is missing"
        );
    }
}
