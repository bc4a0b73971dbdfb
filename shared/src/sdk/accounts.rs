//! Users, sessions and memberships: what has to be found before a tenant is known.

mod caller;
mod deletion;
mod external;
mod invitations;
mod keys;
mod links;
mod members;
mod password;
mod sessions;
mod tenants;
mod throttle;

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use futures::future::try_join_all;
use serde::Serialize;

pub(crate) use self::caller::{KeyOwners, Named, Selection};
pub(crate) use self::external::Visitor;
pub use self::invitations::{InvitationMail, PublicInvitation};
pub use self::keys::{NewApiKey, PublicApiKey};
pub use self::sessions::{PublicSession, Tokens};
pub use self::tenants::MOST_FOUNDED;
use super::audit::Audit;
use super::change::Change;
use super::dynamo::{Dynamo, checking, text};
use super::token::PublicKeys;
use crate::error::{Error, Result};
use crate::event::Client;
use crate::event::caller::Identity;
use crate::keys::{Key, Partition, Stored, Table};
use crate::model::Millis;
use crate::model::account::{Account, Email, Membership, Password, PasswordAttempt, Role, User};
use crate::model::audit::{Deed, Outcome};
use crate::model::id::{TenantId, UserId};
use crate::model::link::Purpose;
use crate::model::tenant::{Member, TenantCreated, TenantLog, TenantProfile};
use crate::model::text::{PersonName, TenantName};
use crate::tenant::Tenant;

/// What the audit log calls a log-in, and an attempt at one.
const SESSION_BEGAN: &str = "session:began";

/// The table `Identity`.
#[derive(Clone, Debug)]
pub struct Accounts {
    dynamo: Dynamo,
}

/// Somebody who has just signed up or logged in.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct SignedIn {
    /// Who.
    pub user: PublicUser,
    /// Where they now act.
    pub tenant: PublicTenant,
    /// What their requests carry.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// A user, as they see themselves.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PublicUser {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: Email,
    /// Their name.
    pub name: PersonName,
}

/// A tenant, as its members see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PublicTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: TenantName,
}

/// A user, the tenant that they act in, and all that they belong to.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Profile {
    user: PublicUser,
    email_verified: bool,
    tenant_id: Option<TenantId>,
    role: Option<Role>,
    tenants: Vec<Belonging>,
}

/// A tenant that a user belongs to.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct Belonging {
    #[serde(flatten)]
    tenant: PublicTenant,
    role: Role,
}

impl Accounts {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Makes a user with a tenant of their own, logs them in, and has a link sent that verifies their address;
    /// one transaction.
    ///
    /// # Errors
    /// 409 if the address has an account; 429 if whoever asks has asked too often.
    pub async fn sign_up(
        &self,
        email: Email,
        password: Password,
        name: PersonName,
        client: Client,
    ) -> Result<SignedIn> {
        // Each sends an email to whatever address is given.
        self.count_address(&client).await?;
        let Newcomer { user, tenant } = self.newcomer(email.clone(), name, None)?;
        let account = Account {
            user_id: user.id,
            password_hash: Some(password::hash(password).await?),
        };
        let began = self.new_session(&user, tenant.id, client.clone());

        let mut change = self.founding(&tenant, &user)?;
        change.guarded(
            self.dynamo.creation(&Key::account(&email), &account),
            Error::conflict("This email address already has an account"),
        );
        change.create(&Key::user(user.id), &user);
        self.add_link(&mut change, Purpose::EmailVerification, &user)?;
        began.add_to(&mut change);
        change.commit().await?;
        // Not before: whoever only tries an address that has an account is not known there.
        self.note_known(&email, &client).await;
        let tokens = self.tokens(&began, Some(Role::Admin))?;
        Ok(SignedIn::of(user, tenant, tokens))
    }

    /// Logs a user in, in their home tenant or, if they have left it, in another of theirs. Whoever belongs to
    /// none any more gets a new one of their own, as at a sign-up.
    ///
    /// # Errors
    /// 401, the same and after the same time, for an unknown address and for a wrong password; 429 after too
    /// many attempts.
    pub async fn log_in(
        &self,
        email: &Email,
        password: PasswordAttempt,
        client: Client,
    ) -> Result<SignedIn> {
        let (account, ()) = futures::try_join!(
            self.dynamo.get(Key::account(email)),
            Box::pin(self.count_attempt(email, &client)),
        )?;
        let hash = account
            .as_ref()
            .and_then(|account| account.password_hash.as_deref());
        // Of an unknown address somebody is looked up as well, who is not there.
        let user_id = account
            .as_ref()
            .map_or_else(UserId::new, |account| account.user_id);
        let (matches, known) =
            futures::try_join!(password::is_right(password, hash), self.known(user_id))?;
        let Some(account) = account.filter(|_| matches) else {
            self.tell_of_failure(user_id, known.memberships.first())
                .await?;
            return Err(Error::wrong_credentials());
        };
        let (signed_in, ()) = futures::try_join!(
            self.enter(&account, known, &client),
            Box::pin(self.note_success(email, &client)),
        )?;
        Ok(signed_in)
    }

    /// Tells the audit log of a log-in that failed, in the tenant that it would have begun in. Where there is none
    /// the same call is made: who tries addresses can't tell by the time.
    async fn tell_of_failure(&self, user_id: UserId, within: Option<&Membership>) -> Result<()> {
        let deed = Deed {
            actor: None,
            action: SESSION_BEGAN.to_owned(),
            object: format!("user/{user_id}"),
        };
        let audit = Audit::new(self.dynamo.clone());
        match within {
            Some(membership) => {
                audit
                    .tell(membership.tenant_id, Outcome::Failed, deed)
                    .await
            }
            None => audit.tell_nobody(Outcome::Failed, deed).await,
        }
    }

    /// Whether a user belongs to a tenant; one read.
    pub async fn member(&self, tenant: &Tenant, user_id: UserId) -> Result<Option<Membership>> {
        let membership = self
            .dynamo
            .get(Key::membership(user_id, tenant.id()))
            .await?;
        Ok(membership.map(crate::keys::Stored::into_inner))
    }

    /// Whether whoever is named belongs to the tenant; one read, or none if nobody is named, who is no stranger.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn is_member(&self, tenant: &Tenant, user_id: Option<UserId>) -> Result<bool> {
        match user_id {
            Some(user_id) => Ok(self.member(tenant, user_id).await?.is_some()),
            None => Ok(true),
        }
    }

    /// Those of some users who do not belong to a tenant; one read for up to 100, or none if nobody is named.
    ///
    /// # Errors
    /// If they can't be read.
    pub async fn strangers(
        &self,
        tenant: &Tenant,
        mut users: BTreeSet<UserId>,
    ) -> Result<BTreeSet<UserId>> {
        if users.is_empty() {
            return Ok(users);
        }
        let key = |id: &UserId| Key::membership(*id, tenant.id());
        let keys = users.iter().map(|id| key(id).item()).collect();
        let members = self.dynamo.get_items(Table::Identity, keys).await?;
        users.retain(|id| {
            members
                .iter()
                .all(|member| text(member, "pk") != key(id).pk())
        });
        Ok(users)
    }

    /// A user, for those who act on the product's behalf; one read.
    pub async fn user(&self, user_id: UserId) -> Result<Option<User>> {
        let user = self.dynamo.get(Key::user(user_id)).await?;
        Ok(user.map(crate::keys::Stored::into_inner))
    }

    /// Who calls, and where they belong: where they are let into one tenant alone, there.
    pub async fn profile(&self, caller: &Identity) -> Result<Profile> {
        let (user, mut memberships) =
            futures::try_join!(self.user(caller.user_id), self.memberships(caller.user_id))?;
        let user = user.ok_or_else(|| Error::internal("a membership has no user"))?;
        let acting = caller.acting();
        if caller.confined {
            memberships.retain(|membership| {
                acting.is_some_and(|acting| acting.tenant.id() == membership.tenant_id)
            });
        }
        let tenants = try_join_all(memberships.into_iter().map(|membership| async move {
            let profile = Key::tenant_profile(membership.tenant_id);
            let theirs = Tenant::verified(membership.tenant_id);
            let tenant = self.dynamo.in_tenant(theirs)?.get(profile).await?;
            let live = tenant.filter(|tenant| tenant.deleting_at.is_none());
            Ok::<_, Error>(live.map(|tenant| Belonging {
                tenant: tenant.into_inner().into(),
                role: membership.role,
            }))
        }))
        .await?;
        Ok(Profile {
            email_verified: user.verified_at.is_some(),
            user: user.into(),
            tenant_id: acting.map(|acting| acting.tenant.id()),
            role: acting.map(|acting| acting.role),
            tenants: tenants.into_iter().flatten().collect(),
        })
    }

    /// The public keys, as a JWK set.
    pub fn public_keys(&self) -> Result<PublicKeys> {
        self.dynamo
            .request()
            .connections()
            .verifier()
            .map(super::token::Verifier::published)
            .ok_or_else(|| Error::internal("SIGNING_PUBLIC_KEYS is not configured"))
    }

    /// What stands before the host's name of a tenant: `TENANT_DOMAIN`, where it is configured.
    pub(crate) fn domain(&self) -> Option<&str> {
        self.dynamo
            .request()
            .connections()
            .environment()
            .get("TENANT_DOMAIN")
    }

    /// The change that makes a tenant, with its founder as its one member and admin.
    fn founding(&self, profile: &TenantProfile, founder: &User) -> Result<Change> {
        let tenant = Tenant::verified(profile.id);
        let dynamo = self.dynamo.in_tenant(tenant)?;
        let at = profile.created_at;
        let log = TenantLog {
            seq: 1,
            updated_at: at,
            members: 1,
            admins: 1,
        };
        let mut change = Change::founding_tenant(dynamo, tenant, log, founder.id);
        change.create(&Key::tenant_profile(profile.id), profile);
        Self::joining(&mut change, founder, Role::Admin, at);
        change.emit(&TenantCreated {
            id: profile.id,
            name: &profile.name,
        });
        Ok(change)
    }

    /// The rows that make a user a member of a change's tenant: their membership, and their place in its list.
    fn joining(change: &mut Change, user: &User, role: Role, at: Millis) {
        let tenant = change.tenant();
        let membership = Membership {
            tenant_id: tenant.id(),
            role,
            created_at: at,
        };
        let member = Member {
            user_id: user.id,
            email: user.email.clone(),
            name: user.name.clone(),
            role,
            created_at: at,
            role_changes: 0,
        };
        change.create_or(
            &Key::membership(user.id, tenant.id()),
            &membership,
            Error::conflict("They are a member already"),
        );
        change.create(&tenant.member(user.id), &member);
    }

    /// That an account still has the password that was compared: what ends all sessions with a password must not
    /// be outrun by one that is about to begin.
    fn unchanged(&self, account: &Stored<Account>) -> Result<TransactWriteItem> {
        let hash = account.password_hash.clone().unwrap_or_default();
        let check = ConditionCheck::builder()
            .table_name(self.dynamo.table(account.key().table())?)
            .set_key(Some(account.key().item()))
            .condition_expression("password_hash = :hash")
            .expression_attribute_values(":hash", AttributeValue::S(hash));
        check.build().map(checking).map_err(Error::internal)
    }

    fn newcomer(
        &self,
        email: Email,
        name: PersonName,
        verified_at: Option<Millis>,
    ) -> Result<Newcomer> {
        let id = UserId::new();
        let tenant = self.workspace(id, &name)?;
        let user = User {
            id,
            email,
            name,
            verified_at,
            home: tenant.id,
            founded: 0,
            epoch: 0,
            epoch_began_at: None,
            recoveries: 0,
            created_at: tenant.created_at,
        };
        Ok(Newcomer { user, tenant })
    }

    async fn memberships(&self, user_id: UserId) -> Result<Vec<Membership>> {
        self.dynamo.query(Partition::memberships(user_id)).await
    }
}

/// Somebody new, with a tenant of their own.
struct Newcomer {
    user: User,
    tenant: TenantProfile,
}

impl SignedIn {
    fn of(user: User, tenant: TenantProfile, tokens: Tokens) -> Self {
        Self {
            user: user.into(),
            tenant: tenant.into(),
            tokens,
        }
    }
}

impl From<User> for PublicUser {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
        }
    }
}

impl From<TenantProfile> for PublicTenant {
    fn from(tenant: TenantProfile) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
        }
    }
}
