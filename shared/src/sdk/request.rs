//! What belongs to one request: its trace and its deadline, which every AWS call of it carries.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;

use super::admission::Admission;
use super::clock::Clock;
use super::connections::Connections;
use super::credentials::SignIn;
use super::guard::Refused;
use super::rates::Metered;
use crate::error::{Error, Result};
use crate::idempotency::Idempotency;
use crate::model::account::Permission;
use crate::model::audit::Origin;
use crate::model::id::TenantId;
use crate::model::window::Quota;

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
    doors: Doors,
    origin: OnceLock<Origin>,
    /// The tenant that it acts in.
    tenant: OnceLock<TenantId>,
    sign_in: OnceLock<Arc<dyn SignIn>>,
    idempotency: OnceLock<Idempotency>,
    metered: OnceLock<Metered>,
    quota: OnceLock<Quota>,
    permission: Mutex<Option<Permission>>,
    admission: Arc<Admission>,
}

/// For the tests of one wall without the other, or of an early end. Nothing that runs a function on Lambda or in the embedded
/// stack has a way to open them.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Doors {
    /// Each request is bound to this tenant, whoever its caller is.
    pub bound_to: Option<TenantId>,
    /// Calls are sent whatever they name.
    pub unguarded: bool,
    /// Requests have no more time than this, whatever the platform gives them.
    pub time: Option<Duration>,
}

impl Request {
    /// `deadline` is the platform's, in epoch milliseconds of the real clock.
    pub(crate) fn new(
        connections: Arc<Connections>,
        trace: Option<String>,
        deadline: u64,
        doors: Doors,
    ) -> Arc<Self> {
        Arc::new(Self {
            connections,
            trace,
            deadline: doors.time.map_or_else(
                || time_of(deadline, SystemTime::now()),
                |time| SystemTime::now() + time,
            ),
            doors,
            origin: OnceLock::new(),
            tenant: OnceLock::new(),
            sign_in: OnceLock::new(),
            idempotency: OnceLock::new(),
            metered: OnceLock::new(),
            quota: OnceLock::new(),
            permission: Mutex::default(),
            admission: Arc::default(),
        })
    }

    /// Another with the same connections, trace, deadline and origin, which acts in no tenant yet.
    pub(crate) fn renewed(&self) -> Arc<Self> {
        Arc::new(Self {
            connections: Arc::clone(&self.connections),
            trace: self.trace.clone(),
            deadline: self.deadline,
            doors: self.doors,
            origin: self.origin.clone(),
            tenant: OnceLock::new(),
            sign_in: OnceLock::new(),
            idempotency: OnceLock::new(),
            metered: OnceLock::new(),
            quota: OnceLock::new(),
            permission: Mutex::default(),
            admission: Arc::clone(&self.admission),
        })
    }

    /// Notes where it comes from; the first time counts.
    pub(crate) fn come_from(&self, origin: Origin) {
        let _already_known = self.origin.set(origin);
    }

    /// Notes whose call it is and how many they may make; the first time counts.
    pub(crate) fn meter(&self, metered: Metered) {
        let _already_known = self.metered.set(metered);
    }

    /// Whose call it is, if theirs are limited.
    pub(crate) fn metered(&self) -> Option<&Metered> {
        self.metered.get()
    }

    /// Whether it may be served.
    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Notes what is left to whoever calls.
    pub(crate) fn note_quota(&self, quota: Quota) {
        let _already_known = self.quota.set(quota);
    }

    /// What is left to whoever calls, once that is known.
    pub(crate) fn quota(&self) -> Option<Quota> {
        self.quota.get().copied()
    }

    /// Notes what whoever calls may do with what is shown to them; the last time counts.
    pub(crate) fn permit(&self, permission: Permission) {
        let noted = self.permission.lock();
        *noted.unwrap_or_else(PoisonError::into_inner) = Some(permission);
    }

    /// The same, where it was noted.
    pub(crate) fn permission(&self) -> Option<Permission> {
        *self
            .permission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it comes from.
    pub(crate) fn origin(&self) -> Origin {
        self.origin.get().cloned().unwrap_or_default()
    }

    /// Notes that it is to have its effect once; the first time counts.
    pub(crate) fn once(&self, idempotency: Idempotency) {
        let _already_known = self.idempotency.set(idempotency);
    }

    /// What it is known by, if it is to have its effect once.
    pub(crate) fn idempotency(&self) -> Option<&Idempotency> {
        self.idempotency.get()
    }

    /// From here on it acts in this tenant, and in no other. Returns which: a test may have another in mind.
    ///
    /// # Errors
    /// 500 if it acts in another.
    pub(crate) fn bind(&self, tenant: TenantId) -> Result<TenantId> {
        let wanted = self.doors.bound_to.unwrap_or(tenant);
        let bound = *self.tenant.get_or_init(|| wanted);
        if bound == wanted {
            Ok(bound)
        } else {
            Err(Error::internal(Refused::Bound { bound, wanted }))
        }
    }

    /// The tenant that it acts in.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.tenant.get().copied()
    }

    /// Whether it acts for all tenants: the functions that do are a short, tested list.
    pub(crate) fn is_unbound(&self) -> bool {
        self.connections.is_unbound()
    }

    pub(crate) fn doors(&self) -> Doors {
        self.doors
    }

    /// Has the tenant's calls signed by its own credentials; the first one stays.
    pub(crate) fn sign_in_with(&self, sign_in: Arc<dyn SignIn>) {
        let _the_same_tenant_s = self.sign_in.set(sign_in);
    }

    /// What signs for the tenant; none where the function signs everything itself.
    pub(crate) fn sign_in(&self) -> Option<&Arc<dyn SignIn>> {
        self.sign_in.get()
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

/// Builds a service's client for a request: the shared connections, the request's own settings, and the
/// guard, which looks at what each call names.
macro_rules! client {
    ($service:ident, $request:expr, $look:expr) => {{
        let request: &std::sync::Arc<$crate::sdk::request::Request> = $request;
        $service::Client::from_conf(
            $service::config::Builder::from(request.connections().aws())
                .timeout_config(request.timeouts())
                .retry_partition($service::config::retry::RetryPartition::new(
                    request.connections().retry_partition().to_owned(),
                ))
                .interceptor(request.trace())
                .interceptor($crate::sdk::guard::Guard::new(request, $look))
                .identity_cache($crate::sdk::credentials::Signers(request.clone()))
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
