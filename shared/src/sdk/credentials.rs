//! Who signs a call: the function itself, or for a tenant's rows and objects the role that it may assume
//! for that one tenant.
//!
//! Sessions are kept per tenant for as long as they are good for a while longer than any link that they
//! sign, and requests of one tenant wait for the same `AssumeRole`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{ConfigBag, ResolveCachedIdentity, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_sts::types::Tag;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use futures::future::{BoxFuture, FutureExt};

use super::request::Request;
use crate::error::Result;
use crate::keys::owner::Owner;
use crate::model::Millis;
use crate::model::id::TenantId;
use crate::tenant::Tenant;

/// The variable that names the role; where it is missing or empty, the function signs everything itself.
pub(crate) const TENANT_ROLE: &str = "TENANT_ROLE";

/// The session tag that the role's policies ask for.
const TENANT_TAG: &str = "tenant";

/// How long a session lasts, in seconds: a role that is assumed from a role ends after an hour.
const LIFETIME: i32 = 3600;

/// A session is used while it has so long left: a link that it signs dies with it.
const SPARE: Millis = 10 * 60_000;

/// How many tenants' sessions a warm function keeps.
const SESSIONS: usize = 500;

/// Who signs a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The function, with its own role.
    Function,
    /// The request's tenant.
    Tenant,
}

impl Storable for Signer {
    type Storer = StoreReplace<Self>;
}

/// Whether a call waits until its request may be served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits(pub(crate) bool);

impl Storable for Waits {
    type Storer = StoreReplace<Self>;
}

impl Signer {
    /// Of a call that names what these own.
    pub(crate) fn of(owners: &[Owner]) -> Self {
        let tenants = owners.iter().any(|owner| matches!(owner, Owner::Tenant(_)));
        if tenants {
            Self::Tenant
        } else {
            Self::Function
        }
    }
}

/// What signs for the tenant of a request.
pub(crate) trait SignIn: std::fmt::Debug + Send + Sync {
    /// Credentials that are good for [`SPARE`] at least.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, BoxError>>;
}

/// Chooses the signer of each call, as the guard has said. A call that the guard has not seen is not
/// signed.
#[derive(Debug)]
pub(crate) struct Signers(pub(crate) Arc<Request>);

impl ResolveCachedIdentity for Signers {
    fn resolve_cached_identity<'a>(
        &'a self,
        function: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let signer = config.load::<Signer>().copied();
        let waits = config.load::<Waits>().is_none_or(|waits| waits.0);
        IdentityFuture::new(async move {
            if waits {
                self.0.admission().granted().await;
            }
            match (signer, self.0.sign_in()) {
                (Some(Signer::Tenant), Some(tenant)) => Ok(tenant.credentials().await?.into()),
                (Some(_), _) => function.resolve_identity(components, config).await,
                (None, _) => Err("a call that was not looked at".into()),
            }
        })
    }
}

/// From here on the request acts in `tenant` and in no other, with that tenant's credentials.
///
/// # Errors
/// 500 if it is bound to another.
pub(crate) fn act_in(request: &Arc<Request>, tenant: Tenant) -> Result<()> {
    let bound = request.bind(tenant.id())?;
    let environment = request.connections().environment();
    if let Some(role) = environment.get(TENANT_ROLE) {
        request.sign_in_with(Arc::new(TenantRole {
            role: role.to_owned(),
            tenant: bound,
            request: request.renewed(),
        }));
    }
    Ok(())
}

/// A role, assumed for a tenant.
#[derive(Debug)]
struct TenantRole {
    role: String,
    tenant: TenantId,
    /// With the deadline and the trace of the one that it is assumed for.
    request: Arc<Request>,
}

impl SignIn for TenantRole {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, BoxError>> {
        async {
            let slot = self.request.connections().sessions().slot(self.tenant);
            let mut held = slot.lock().await;
            let least = self.request.clock().now() + SPARE;
            if let Some(session) = held.as_ref().filter(|session| session.until >= least) {
                return Ok(session.credentials.clone());
            }
            let session = self.assume().await?;
            Ok(held.insert(session).credentials.clone())
        }
        .boxed()
    }
}

impl TenantRole {
    async fn assume(&self) -> Result<Session, BoxError> {
        let tag = Tag::builder()
            .key(TENANT_TAG)
            .value(self.tenant.to_string())
            .build()?;
        let config = aws_sdk_sts::config::Builder::from(self.request.connections().aws())
            .timeout_config(self.request.timeouts())
            .interceptor(self.request.trace())
            .build();
        let answer = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(self.tenant.to_string())
            .duration_seconds(LIFETIME)
            .tags(tag)
            .send()
            .await?;
        let credentials = answer.credentials.ok_or("STS answered no credentials")?;
        Ok(Session {
            until: credentials.expiration.to_millis()?,
            credentials: Credentials::new(
                credentials.access_key_id,
                credentials.secret_access_key,
                Some(credentials.session_token),
                None,
                "tenant",
            ),
        })
    }
}

/// The sessions that a warm function keeps.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<TenantId, Slot>>);

/// Whoever needs a session that is not there waits for whoever fetches it.
type Slot = Arc<tokio::sync::Mutex<Option<Session>>>;

#[derive(Debug)]
struct Session {
    credentials: Credentials,
    until: Millis,
}

impl Sessions {
    fn slot(&self, tenant: TenantId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= SESSIONS
            && !slots.contains_key(&tenant)
            && let Some(oldest) = oldest(&slots)
        {
            slots.remove(&oldest);
        }
        slots.entry(tenant).or_default().clone()
    }
}

/// The tenant whose session ends first, of those that nobody is waiting for.
fn oldest(slots: &HashMap<TenantId, Slot>) -> Option<TenantId> {
    slots
        .iter()
        .filter_map(|(tenant, slot)| {
            let held = slot.try_lock().ok()?;
            Some((held.as_ref().map(|session| session.until), *tenant))
        })
        .min()
        .map(|(_, tenant)| tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_function_keeps_so_many_sessions_and_forgets_the_one_that_ends_first() {
        let sessions = Sessions::default();
        let tenants: Vec<_> = (0..=SESSIONS).map(|_| TenantId::new()).collect();
        for (until, tenant) in (0..).zip(&tenants) {
            let slot = sessions.slot(*tenant);
            *slot.try_lock().expect("it is free") = Some(Session {
                credentials: Credentials::from_keys("a", "b", None),
                until,
            });
        }
        let kept = sessions.0.lock().expect("nobody panicked");
        assert_eq!(kept.len(), SESSIONS);
        assert!(!kept.contains_key(&tenants[0]));
    }

    #[test]
    fn a_tenant_signs_for_what_is_its_own_and_the_function_for_the_rest() {
        let tenant = TenantId::new();
        assert_eq!(Signer::of(&[]), Signer::Function);
        assert_eq!(Signer::of(&[Owner::Nobody]), Signer::Function);
        assert_eq!(Signer::of(&[Owner::Known(tenant)]), Signer::Function);
        let both = [Owner::Known(tenant), Owner::Tenant(tenant)];
        assert_eq!(Signer::of(&both), Signer::Tenant);
    }
}
