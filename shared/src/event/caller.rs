//! Callers: the type that a handler asks for is its policy.

use std::ops::Deref;

use crate::error::{Error, Result};
use crate::model::account::Role;
use crate::model::audit::Actor;
use crate::model::id::{SessionId, UserId};
use crate::model::realtime::Holder;
use crate::tenant::Tenant;

/// Whom an HTTP or WebSocket handler can ask for.
pub trait Caller: Sized + Send + 'static {
    /// Whether a token is needed at all.
    const AUTHENTICATED: bool;

    /// Lets the caller in, or refuses with 401 or 403.
    fn admit(principal: Option<Principal>) -> Result<Self>;
}

/// A user in a tenant, as of now: token or connection, session and membership have all been checked.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The tenant that they act in.
    pub tenant: Tenant,
    /// Who.
    pub user_id: UserId,
    /// By which log-in.
    pub session_id: SessionId,
    /// What they may do.
    pub role: Role,
}

impl Principal {
    /// The same, as the log names whoever acts.
    pub fn actor(&self) -> Actor {
        Actor::user(self.user_id)
    }

    /// The same, for a ticket to hold.
    pub fn holder(&self) -> Holder {
        Holder {
            tenant_id: self.tenant.id(),
            user_id: self.user_id,
            session_id: self.session_id,
        }
    }
}

/// Anyone at all, with or without a token.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl Caller for Anyone {
    const AUTHENTICATED: bool = false;

    fn admit(_principal: Option<Principal>) -> Result<Self> {
        Ok(Self)
    }
}

macro_rules! members {
    ($($(#[$doc:meta])* $name:ident: $role:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone)]
            pub struct $name(Principal);

            impl Caller for $name {
                const AUTHENTICATED: bool = true;

                fn admit(principal: Option<Principal>) -> Result<Self> {
                    let principal = principal.ok_or_else(Error::unauthenticated)?;
                    if principal.role < Role::$role {
                        return Err(Error::forbidden("Your role does not allow this"));
                    }
                    Ok(Self(principal))
                }
            }

            impl Deref for $name {
                type Target = Principal;

                fn deref(&self) -> &Principal {
                    &self.0
                }
            }
        )+
    };
}

members! {
    /// A member who may read.
    Viewer: Viewer;
    /// A member who may write.
    Editor: Editor;
    /// A member who may manage users.
    Admin: Admin;
}

/// A job's consumer: it acts in the one tenant that the job is of.
#[derive(Debug, Clone, Copy)]
pub struct Worker {
    /// The job's tenant.
    pub tenant: Tenant,
}

/// The product itself, in no tenant. The functions that ask for it are a short, tested list.
#[derive(Debug, Clone, Copy)]
pub struct System(pub(crate) ());
