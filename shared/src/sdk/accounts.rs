//! Users, sessions and memberships: what has to be found before a tenant is known.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::backoff::Backoff;
use super::dynamo::{Dynamo, cancellation, contended, from_item, text};
use super::token::{ACCESS_TOKEN_LIFETIME, Claims, PublicKeys};
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Key, Partition, Table};
use crate::model::account::{
    Account, Email, Membership, Password, PasswordAttempt, Role, Session, TenantProfile, User,
};
use crate::model::id::{SessionId, TenantId, UserId};
use crate::model::realtime::Holder;
use crate::model::text::{PersonName, TenantName};
use crate::tenant::Tenant;

/// How long a session lasts, in seconds: 7 days.
const SESSION_LIFETIME: i64 = 7 * 24 * 3600;

/// The table `Identity`.
#[derive(Clone, Debug)]
pub struct Accounts {
    dynamo: Dynamo,
}

/// Somebody who has just signed up or logged in.
#[derive(Debug, Clone, Serialize)]
pub struct SignedIn {
    /// Who.
    pub user: PublicUser,
    /// Where they now act.
    pub tenant: PublicTenant,
    /// What their requests carry.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// How long it is valid, in seconds.
    pub expires_in: i64,
}

/// A user, as they see themselves.
#[derive(Debug, Clone, Serialize)]
pub struct PublicUser {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: Email,
    /// Their name.
    pub name: PersonName,
}

/// A tenant, as its members see it.
#[derive(Debug, Clone, Serialize)]
pub struct PublicTenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: TenantName,
}

impl Accounts {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Makes a user with a tenant of their own, and logs them in; one transaction.
    ///
    /// # Errors
    /// 409 if the address has an account.
    pub async fn sign_up(
        &self,
        email: Email,
        password: Password,
        name: PersonName,
    ) -> Result<SignedIn> {
        let now = self.dynamo.request().clock().now();
        let tenant = TenantProfile {
            id: TenantId::new(),
            name: TenantName::try_from(format!("{name}'s workspace"))
                .map_err(|invalid| Error::internal(invalid.0))?,
            created_at: now,
        };
        let user = User {
            id: UserId::new(),
            email: email.clone(),
            name,
            home: tenant.id,
            created_at: now,
        };
        let account = Account {
            user_id: user.id,
            password_hash: hash(password).await?,
        };
        let membership = Membership {
            tenant_id: tenant.id,
            role: Role::Admin,
            created_at: now,
        };
        let session = self.new_session();
        self.dynamo.request().bind(tenant.id)?;
        let transaction = self
            .dynamo
            .client()
            .transact_write_items()
            .transact_items(self.dynamo.creation(&Key::account(&email), &account)?)
            .transact_items(self.dynamo.creation(&Key::user(user.id), &user)?)
            .transact_items(
                self.dynamo
                    .creation(&Key::tenant_profile(tenant.id), &tenant)?,
            )
            .transact_items(
                self.dynamo
                    .creation(&Key::membership(user.id, tenant.id), &membership)?,
            )
            .transact_items(
                self.dynamo
                    .creation(&Key::session(user.id, session.id), &session)?,
            );
        let mut backoff = Backoff::default();
        while let Err(error) = transaction.clone().send().await {
            let reasons = cancellation(&error).unwrap_or_default();
            let taken = reasons
                .first()
                .is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"));
            if taken {
                return Err(Error::conflict("This email address already has an account"));
            }
            if reasons.is_empty() || !reasons.iter().all(contended) {
                return Err(error.into());
            }
            if !backoff.wait(self.dynamo.request()).await {
                return Err(Error::unavailable(error));
            }
        }
        self.signed_in(user, tenant, Role::Admin, &session)
    }

    /// Logs a user in, in their home tenant or, if they have left it, in another of theirs.
    ///
    /// # Errors
    /// 401, the same and after the same time, for an unknown address and for a wrong password.
    pub async fn log_in(&self, email: &Email, password: PasswordAttempt) -> Result<SignedIn> {
        let account = self.dynamo.get(Key::account(email)).await?;
        let hash = account
            .as_ref()
            .map_or(NOBODY, |account| &account.password_hash)
            .to_owned();
        let matches = verify(password, hash).await?;
        let Some(account) = account.filter(|_| matches) else {
            return Err(Error::wrong_credentials());
        };
        let (user, memberships) = futures::try_join!(
            self.dynamo.get(Key::user(account.user_id)),
            self.memberships(account.user_id),
        )?;
        let user = user
            .ok_or_else(|| Error::internal("an account has no user"))?
            .into_inner();
        let membership = memberships
            .iter()
            .find(|membership| membership.tenant_id == user.home)
            .or(memberships.first())
            .ok_or_else(|| Error::forbidden("You are not a member of any tenant"))?;
        let session = self.new_session();
        let session_key = Key::session(user.id, session.id);
        self.dynamo.request().bind(membership.tenant_id)?;
        let (tenant, ()) = futures::try_join!(
            self.dynamo.get(Key::tenant_profile(membership.tenant_id)),
            self.dynamo.put(&session_key, &session),
        )?;
        let tenant = tenant
            .ok_or_else(|| Error::internal("a membership has no tenant"))?
            .into_inner();
        self.signed_in(user, tenant, membership.role, &session)
    }

    /// Whether a user belongs to a tenant; one read.
    pub async fn member(&self, tenant: &Tenant, user_id: UserId) -> Result<Option<Membership>> {
        let membership = self
            .dynamo
            .get(Key::membership(user_id, tenant.id()))
            .await?;
        Ok(membership.map(crate::keys::Stored::into_inner))
    }

    /// That whoever is named belongs to the tenant; one read, or none if nobody is named.
    ///
    /// # Errors
    /// 422 for `field` if they do not.
    pub async fn require_member(
        &self,
        tenant: &Tenant,
        user_id: Option<UserId>,
        field: &str,
    ) -> Result<()> {
        match user_id {
            Some(user_id) if self.member(tenant, user_id).await?.is_none() => {
                Err(Error::invalid(field, "Must be a member of this tenant"))
            }
            _ => Ok(()),
        }
    }

    /// A user, for those who act on the product's behalf; one read.
    pub async fn user(&self, user_id: UserId) -> Result<Option<User>> {
        let user = self.dynamo.get(Key::user(user_id)).await?;
        Ok(user.map(crate::keys::Stored::into_inner))
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

    /// That who took a ticket may still act in its tenant; one read.
    ///
    /// # Errors
    /// 401 if their session or membership has ended.
    pub async fn require_live(&self, holder: &Holder) -> Result<()> {
        self.principal(holder.user_id, holder.tenant_id, holder.session_id)
            .await?
            .map(|_| ())
            .ok_or_else(Error::unauthenticated)
    }

    /// What a token says, if it is valid. No call.
    pub(crate) fn verified_claims(&self, token: &str) -> Option<Claims> {
        let request = self.dynamo.request();
        request
            .connections()
            .verifier()?
            .verify(token, request.clock().now())
    }

    /// The caller of a verified token or an open connection, as of now: their session and membership, in
    /// one strongly consistent call.
    pub(crate) async fn principal(
        &self,
        user_id: UserId,
        tenant_id: TenantId,
        session_id: SessionId,
    ) -> Result<Option<Principal>> {
        let session_key = Key::session(user_id, session_id);
        let membership_key = Key::membership(user_id, tenant_id);
        let found = self
            .dynamo
            .get_items(
                Table::Identity,
                vec![session_key.item(), membership_key.item()],
            )
            .await?;
        let (mut session, mut membership) = (None, None);
        for item in found {
            if text(&item, "sk") == session_key.sk() {
                session = Some(from_item::<Session>(item)?);
            } else {
                membership = Some(from_item::<Membership>(item)?);
            }
        }
        let live =
            session.is_some_and(|session| session.expires_at > self.dynamo.request().clock().now());
        Ok(membership.filter(|_| live).map(|membership| Principal {
            tenant: Tenant::verified(tenant_id),
            user_id,
            session_id,
            role: membership.role,
        }))
    }

    async fn memberships(&self, user_id: UserId) -> Result<Vec<Membership>> {
        let partition = Partition::memberships(user_id);
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(partition.table())?)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(partition.pk().to_owned()))
            .expression_attribute_values(
                ":prefix",
                AttributeValue::S(partition.prefix().to_owned()),
            )
            .consistent_read(true)
            .send()
            .await?;
        answer
            .items
            .unwrap_or_default()
            .into_iter()
            .map(from_item)
            .collect()
    }

    fn new_session(&self) -> Session {
        let ends = self.dynamo.request().clock().now() + SESSION_LIFETIME * 1000;
        Session {
            id: SessionId::new(),
            expires_at: ends,
            ttl: ends / 1000,
        }
    }

    fn signed_in(
        &self,
        user: User,
        tenant: TenantProfile,
        role: Role,
        session: &Session,
    ) -> Result<SignedIn> {
        let request = self.dynamo.request();
        let key = request
            .connections()
            .signing_key()
            .ok_or_else(|| Error::internal("this function has no signing key"))?;
        let access_token =
            key.issue(user.id, tenant.id, role, session.id, request.clock().now())?;
        Ok(SignedIn {
            user: PublicUser {
                id: user.id,
                email: user.email,
                name: user.name,
            },
            tenant: PublicTenant {
                id: tenant.id,
                name: tenant.name,
            },
            access_token,
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_LIFETIME,
        })
    }
}

/// A hash that no password is known to have, with the parameters of all others: what an unknown address is
/// compared with, for the same time.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ$TmV2ZXIgYSBoYXNoIG9mIGFueXRoaW5nIGtub3duISE";

/// OWASP's parameters for argon2id: 19 MiB, 2 iterations, 1 lane.
fn argon2() -> Result<Argon2<'static>> {
    let params =
        Params::new(19_456, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn hash(password: Password) -> Result<String> {
    tokio::task::spawn_blocking(move || hash_now(password.expose()))
        .await
        .map_err(Error::internal)?
}

async fn verify(password: PasswordAttempt, hash: String) -> Result<bool> {
    tokio::task::spawn_blocking(move || {
        let parsed =
            PasswordHash::new(&hash).map_err(|error| Error::internal(error.to_string()))?;
        Ok(argon2()?
            .verify_password(password.expose().as_bytes(), &parsed)
            .is_ok())
    })
    .await
    .map_err(Error::internal)?
}

fn hash_now(password: &str) -> Result<String> {
    let hash: PasswordHash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| Error::internal(error.to_string()))?;
    Ok(hash.to_string())
}
