//! Looks at each call before it is sent: whose rows, objects and rooms it names. A call that names another
//! tenant's than the request's is not sent, and neither is one whose keys or whose kind are not known here.
//!
//! What a call names is read from the call itself, not from what made it: a mistake in a handler, in a
//! key or in what was cached meets the same wall.

mod rows;
#[cfg(test)]
mod tests;

pub(crate) mod messages;
pub(crate) mod objects;
pub(crate) mod plain;

pub(crate) use rows::look as rows;

use std::sync::Arc;

use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::admission::has_to_wait;
use super::credentials::{Signer, Waits};
use super::request::Request;
use crate::keys::owner::Owner;
use crate::model::id::TenantId;

/// What a call names, by service: none of what is sent to a service is looked at by another's.
pub(crate) type Look = fn(&Input, &Request) -> Result<Vec<Owner>, Refused>;

/// Why a call is not sent. It stays in the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("a call of a kind that is not known to be safe")]
    UnknownCall,
    #[error("a call to a table that is none of the function's")]
    UnknownTable,
    #[error("a key that nobody mints, or none at all")]
    UnknownKey,
    #[error("a key of tenant {0}, in a request that is bound to no tenant")]
    NoTenant(TenantId),
    #[error("a key of tenant {named}, in a request of tenant {bound}")]
    OtherTenant { named: TenantId, bound: TenantId },
    #[error("a change of what nobody changes: entries of the audit log are only added")]
    AppendOnly,
    #[error("a partition that all tenants share, in a request of one")]
    AllTenants,
    #[error("a request of tenant {bound} can't be bound to tenant {wanted}")]
    Bound { bound: TenantId, wanted: TenantId },
}

/// The interceptor of a client.
#[derive(Debug)]
pub(crate) struct Guard {
    request: Arc<Request>,
    look: Look,
}

impl Guard {
    pub(crate) fn new(request: &Arc<Request>, look: Look) -> Self {
        Self {
            request: Arc::clone(request),
            look,
        }
    }

    /// Who signs the call, if it may be sent.
    fn judge(&self, input: &Input) -> Result<Signer, Refused> {
        let request = &self.request;
        let owners = (self.look)(input, request);
        if request.doors().unguarded {
            return Ok(Signer::of(&owners.unwrap_or_default()));
        }
        let owners = owners?;
        if request.is_unbound() {
            return Ok(Signer::Function);
        }
        owners
            .iter()
            .try_for_each(|owner| may_reach(request.tenant(), *owner))?;
        Ok(Signer::of(&owners))
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let signer = self.judge(context.input())?;
        let waits = Waits(has_to_wait(context.input()));
        config.interceptor_state().store_put(signer);
        config.interceptor_state().store_put(waits);
        Ok(())
    }
}

fn may_reach(bound: Option<TenantId>, owner: Owner) -> Result<(), Refused> {
    match (owner, bound) {
        (Owner::Everybody, _) => Err(Refused::AllTenants),
        (Owner::Tenant(named) | Owner::Known(named), None) => Err(Refused::NoTenant(named)),
        (Owner::Tenant(named) | Owner::Known(named), Some(bound)) if named != bound => {
            Err(Refused::OtherTenant { named, bound })
        }
        (Owner::Nobody, _) | (Owner::Tenant(_) | Owner::Known(_), Some(_)) => Ok(()),
    }
}
