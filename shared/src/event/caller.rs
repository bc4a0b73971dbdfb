//! Callers: the type that a handler asks for is its policy.

use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::keys::Row;
use crate::model::Millis;
use crate::model::account::Role;
use crate::model::audit::Actor;
use crate::model::id::{ApiKeyId, SessionId, UserId};
use crate::model::realtime::Holder;
use crate::model::tenant::TenantProfile;
use crate::tenant::Tenant;

/// Whom an HTTP or WebSocket handler can ask for.
pub trait Caller: Sized + Send + 'static {
    /// Whether a token or key is needed at all.
    const AUTHENTICATED: bool;

    /// Whether they always act in a tenant, which the call then counts for.
    const IN_A_TENANT: bool = false;

    /// Whether somebody whom the identity provider vouches for, and who has not been seen before, is made a user:
    /// that takes the grants to make one.
    const WELCOMES: bool = false;

    /// Lets the caller in, or refuses with 401, 403, or for want of a tenant.
    fn admit(identity: Option<Identity>) -> Result<Self>;
}

/// What somebody has shown to be let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A token of a log-in here.
    Session(SessionId),
    /// An API key, which acts for its maker.
    Key(ApiKeyId),
    /// A token of the external identity provider.
    External,
}

impl Credential {
    /// Whoever acts by it.
    pub const fn actor(self, user_id: UserId) -> Actor {
        let key_id = match self {
            Self::Key(id) => Some(id),
            Self::Session(_) | Self::External => None,
        };
        Actor { user_id, key_id }
    }
}

/// What the rows said of a credential and its user when they were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The user's epoch: see [`crate::model::account::User`].
    pub epoch: u64,
    /// How often the user's account has been recovered.
    pub recoveries: u64,
    /// When the credential ends by itself, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// Who calls, as of now: what they have shown is valid, and where they act has been read.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who.
    pub user_id: UserId,
    /// By what.
    pub credential: Credential,
    /// Where.
    pub place: Place,
    /// The tenant that their credential is of, wherever they act: tokens of an identity provider are of none.
    pub own: Option<Tenant>,
    /// How their credential and their account stand.
    pub standing: Standing,
    /// Whether they are let into the tenant of their credential alone: by an API key, or by a link that somebody
    /// there has sent them.
    pub confined: bool,
    /// Whether it is time to write down that their API key is in use.
    pub(crate) use_is_due: bool,
}

/// Where a caller acts.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a tenant that they belong to.
    In(Principal),
    /// They have named no tenant.
    Unnamed,
    /// In the tenant of their token, which has gone, or which they have left.
    Gone(Tenant),
}

/// A user in a tenant, as of now: token, key or connection, session and membership have all been checked.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The tenant that they act in.
    pub tenant: Tenant,
    /// Who. Of an API key, its maker.
    pub user_id: UserId,
    /// By what.
    pub credential: Credential,
    /// What they may do.
    pub role: Role,
    /// When their membership began.
    pub since: Millis,
    /// How their credential and their account stand.
    pub standing: Standing,
    /// What the tenant is called, and how it is set up.
    pub profile: Arc<TenantProfile>,
}

impl Principal {
    /// The same, as the log names whoever acts.
    pub fn actor(&self) -> Actor {
        self.credential.actor(self.user_id)
    }

    /// The same, for a ticket to hold.
    pub fn holder(&self) -> Holder {
        Holder {
            tenant_id: self.tenant.id(),
            user_id: self.user_id,
            credential: self.credential,
            standing: self.standing,
        }
    }
}

impl Principal {
    /// That they may end a membership: an admin anybody's, and a person their own.
    ///
    /// # Errors
    /// 403 if they may not.
    pub fn require_may_remove(&self, user_id: UserId) -> Result<()> {
        match self.credential {
            Credential::Key(_) if user_id == self.user_id => {
                Err(Error::forbidden("An API key can't do this: log in"))
            }
            _ if user_id == self.user_id || self.role >= Role::Admin => Ok(()),
            _ => Err(Error::forbidden(NOT_ALLOWED)),
        }
    }
}

impl Identity {
    /// The caller in their tenant, if they act in one.
    pub fn acting(&self) -> Option<&Principal> {
        match &self.place {
            Place::In(principal) => Some(principal),
            Place::Unnamed | Place::Gone(_) => None,
        }
    }

    /// The API key that is in use, if it is time to write that down.
    pub(crate) fn key_to_note(&self) -> Option<ApiKeyId> {
        match self.credential {
            Credential::Key(id) if self.use_is_due => Some(id),
            Credential::Key(_) | Credential::Session(_) | Credential::External => None,
        }
    }

    /// The caller in their tenant.
    ///
    /// # Errors
    /// 400 if they have named none, 404 if there is none for them.
    fn principal(self) -> Result<Principal> {
        match self.place {
            Place::In(principal) => Ok(principal),
            Place::Unnamed => Err(tenant_not_specified()),
            Place::Gone(_) => Err(Error::not_found(TenantProfile::MISSING)),
        }
    }
}

/// Anyone at all, with or without a token.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl Caller for Anyone {
    const AUTHENTICATED: bool = false;

    fn admit(_identity: Option<Identity>) -> Result<Self> {
        Ok(Self)
    }
}

/// Anyone who is known, wherever they act, if anywhere.
#[derive(Debug, Clone)]
pub struct Known(Identity);

impl Caller for Known {
    const AUTHENTICATED: bool = true;

    fn admit(identity: Option<Identity>) -> Result<Self> {
        identity.map(Self).ok_or_else(Error::unauthenticated)
    }
}

/// Anyone who is known, or whom the identity provider makes known.
#[derive(Debug, Clone)]
pub struct Welcome(Identity);

impl Caller for Welcome {
    const AUTHENTICATED: bool = true;
    const WELCOMES: bool = true;

    fn admit(identity: Option<Identity>) -> Result<Self> {
        identity.map(Self).ok_or_else(Error::unauthenticated)
    }
}

/// A person, for what is theirs and no tenant's. An API key stands for a member of one tenant and not for the
/// person: who finds one must not be able to change a password, end log-ins or make further keys. Nor does a session
/// that began with an invitation's link, which others have sent.
#[derive(Debug, Clone)]
pub struct Person(Identity);

impl Caller for Person {
    const AUTHENTICATED: bool = true;

    fn admit(identity: Option<Identity>) -> Result<Self> {
        let identity = identity.ok_or_else(Error::unauthenticated)?;
        match identity.credential {
            Credential::Key(_) => Err(Error::forbidden("An API key can't do this: log in")),
            Credential::Session(_) if identity.confined => Err(Error::forbidden(
                "You came by an invitation: log in to do this",
            )),
            Credential::Session(_) | Credential::External => Ok(Self(identity)),
        }
    }
}

impl Person {
    /// The tenant whose log tells of what becomes of their account: the one that their session is of, whatever a
    /// request names. Only who comes from an identity provider has to say, for their token is of none.
    ///
    /// # Errors
    /// 400 if there is none.
    pub fn told_in(&self) -> Result<Tenant> {
        if let Some(own) = self.0.own {
            return Ok(own);
        }
        match &self.0.place {
            Place::In(principal) => Ok(principal.tenant),
            Place::Gone(tenant) => Ok(*tenant),
            Place::Unnamed => Err(tenant_not_specified()),
        }
    }

    /// Their log-in here.
    ///
    /// # Errors
    /// 403 if an identity provider keeps their log-ins.
    pub fn session(&self) -> Result<SessionId> {
        match self.0.credential {
            Credential::Session(id) => Ok(id),
            Credential::Key(_) | Credential::External => Err(Error::forbidden(
                "Your identity provider keeps your log-ins",
            )),
        }
    }
}

const NOT_ALLOWED: &str = "Your role does not allow this";

fn tenant_not_specified() -> Error {
    Error::bad_request("Tenant not specified")
}

macro_rules! identities {
    ($($name:ident),+) => {
        $(
            impl Deref for $name {
                type Target = Identity;

                fn deref(&self) -> &Identity {
                    &self.0
                }
            }
        )+
    };
}

identities!(Known, Welcome, Person);

macro_rules! members {
    ($($(#[$doc:meta])* $name:ident: $role:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone)]
            pub struct $name(Principal);

            impl Caller for $name {
                const AUTHENTICATED: bool = true;
                const IN_A_TENANT: bool = true;

                fn admit(identity: Option<Identity>) -> Result<Self> {
                    let principal = identity.ok_or_else(Error::unauthenticated)?.principal()?;
                    if principal.role < Role::$role {
                        return Err(Error::forbidden(NOT_ALLOWED));
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

/// A member who calls in person, and not by an API key: who finds one must not come by more with it.
#[derive(Debug, Clone)]
pub struct InPerson<M>(M);

impl<M: Caller> Caller for InPerson<M> {
    const AUTHENTICATED: bool = true;
    const IN_A_TENANT: bool = M::IN_A_TENANT;

    fn admit(identity: Option<Identity>) -> Result<Self> {
        let Person(identity) = Person::admit(identity)?;
        M::admit(Some(identity)).map(Self)
    }
}

impl<M: Deref> Deref for InPerson<M> {
    type Target = M::Target;

    fn deref(&self) -> &M::Target {
        &self.0
    }
}

/// A job's consumer: it acts in the one tenant that the job is of. The queue's adapter alone makes one.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Worker {
    /// The job's tenant.
    pub tenant: Tenant,
}

/// The product itself, in no tenant. The functions that ask for it are a short, tested list.
#[derive(Debug, Clone, Copy)]
pub struct System(pub(crate) ());
