//! What belongs to one request: its trace and its deadline, which every AWS call of it carries.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use super::clock::Clock;
use super::connections::Connections;
use crate::error::{Error, Result};

/// Kept back from the function's time, to answer 503 rather than to be cut off.
const RESERVE: Duration = Duration::from_millis(500);

/// The longest that one try of one call may take, connecting included.
const ATTEMPT: Duration = Duration::from_secs(3);

const CONNECT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Request {
    connections: Arc<Connections>,
    trace: Option<String>,
    deadline: SystemTime,
}

impl Request {
    /// `deadline` is the platform's, in epoch milliseconds of the real clock.
    pub(crate) fn new(
        connections: Arc<Connections>,
        trace: Option<String>,
        deadline: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            connections,
            trace,
            deadline: time_of(deadline, SystemTime::now()),
        })
    }

    pub(crate) fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    pub(crate) fn clock(&self) -> &Clock {
        self.connections.clock()
    }

    /// A configuration value. That it is there was checked at the start for all that the endpoint uses.
    pub(crate) fn variable(&self, name: &'static str) -> Result<&str> {
        self.connections
            .environment()
            .require(name)
            .map_err(|error| Error::internal(format!("{error}: does the ENDPOINT name its use?")))
    }

    /// What is left of the function's time for calls.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default()
            .saturating_sub(RESERVE)
    }

    pub(crate) fn timeouts(&self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(self.remaining().max(Duration::from_millis(1)))
            .build()
    }

    pub(crate) fn trace(&self) -> TraceHeader {
        TraceHeader(self.trace.clone())
    }
}

/// When a deadline is. `cargo lambda watch` tells how many milliseconds are left, where Lambda tells when
/// they end.
fn time_of(deadline: u64, now: SystemTime) -> SystemTime {
    const YEAR_2001: u64 = 1_000_000_000_000;
    let since = if deadline < YEAR_2001 {
        now
    } else {
        UNIX_EPOCH
    };
    since + Duration::from_millis(deadline)
}

/// Sends the invocation's trace with each call, after signing: a presigned link must not need it.
#[derive(Debug)]
pub(crate) struct TraceHeader(Option<String>);

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for TraceHeader {
    fn name(&self) -> &'static str {
        "TraceHeader"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(trace) = &self.0 {
            context
                .request_mut()
                .headers_mut()
                .try_insert("x-amzn-trace-id", trace.clone())?;
        }
        Ok(())
    }
}

/// Builds a service's client for a request: the shared connections, and the request's own settings.
macro_rules! client {
    ($service:ident, $request:expr) => {{
        let request: &$crate::sdk::request::Request = $request;
        $service::Client::from_conf(
            $service::config::Builder::from(request.connections().aws())
                .timeout_config(request.timeouts())
                .retry_partition($service::config::retry::RetryPartition::new(
                    request.connections().retry_partition().to_owned(),
                ))
                .interceptor(request.trace())
                .build(),
        )
    }};
}
pub(crate) use client;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_time_or_what_is_left_until_then() {
        let now = UNIX_EPOCH + Duration::from_millis(1_800_000_000_000);
        let ends = now + Duration::from_secs(600);
        assert_eq!(time_of(1_800_000_600_000, now), ends);
        assert_eq!(time_of(600_000, now), ends);
    }
}
