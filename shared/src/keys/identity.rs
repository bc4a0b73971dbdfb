//! The table `Identity`: what has to be found before a tenant is known.

use std::marker::PhantomData;

use super::{Key, Partition, Row, Table, digest};
use crate::model::account::{Account, Email, ExternalLink, Membership, User};
use crate::model::api_key::{ApiKeyOwner, ApiKeyRecord, ApiKeyUse};
use crate::model::id::{ApiKeyId, SessionId, TenantId, UserId};
use crate::model::invitation::{InvitationLink, LinkHash};
use crate::model::link::Link;
use crate::model::secret::{ApiKey, LinkToken, RefreshToken};
use crate::model::session::{RefreshRecord, Session};
use crate::model::tenant::{Slug, SlugRecord, TenantProfile};

impl Row for Account {}
impl Row for User {}
impl Row for ExternalLink {}
impl Row for Membership {}
impl Row for Session {
    const MISSING: &'static str = "Session not found";
}
impl Row for RefreshRecord {}
impl Row for Link {}
impl Row for InvitationLink {}
impl Row for ApiKeyOwner {}
impl Row for ApiKeyRecord {}
impl Row for ApiKeyUse {}
impl Row for SlugRecord {}
impl Row for TenantProfile {
    const MISSING: &'static str = "Tenant not found";
}

impl Key<Account> {
    pub(crate) fn account(email: &Email) -> Self {
        Self::identity(format!("EMAIL#{}", email.as_str()), "ACCOUNT".to_owned())
    }
}

impl Key<User> {
    pub(crate) fn user(id: UserId) -> Self {
        Self::identity(format!("USER#{id}"), "USER".to_owned())
    }
}

impl Key<ExternalLink> {
    /// No issuer has a line break, so no two identities are spelled alike.
    pub(crate) fn external(issuer: &str, subject: &str) -> Self {
        let identity = digest(&format!("{issuer}\n{subject}"));
        Self::identity(format!("OIDC#{identity}"), "OIDC".to_owned())
    }
}

impl Key<Membership> {
    pub(crate) fn membership(user_id: UserId, tenant_id: TenantId) -> Self {
        Self::identity(format!("USER#{user_id}"), format!("MEMBER#{tenant_id}"))
    }
}

impl Key<Session> {
    pub(crate) fn session(user_id: UserId, id: SessionId) -> Self {
        Self::identity(format!("USER#{user_id}"), format!("SESSION#{id}"))
    }
}

impl Key<RefreshRecord> {
    /// A refresh token is found by its hash: who reads the table can't use it.
    pub(crate) fn refresh(token: &RefreshToken) -> Self {
        Self::identity(
            format!("REFRESH#{}", digest(token.expose())),
            "REFRESH".to_owned(),
        )
    }
}

impl Key<Link> {
    /// A link is found by its token's hash, as a refresh token is.
    pub(crate) fn link(token: &LinkToken) -> Self {
        Self::identity(
            format!("LINK#{}", digest(token.expose())),
            "LINK".to_owned(),
        )
    }
}

impl LinkHash {
    /// Of a link's token.
    pub(crate) fn of(token: &LinkToken) -> Self {
        Self::new(digest(token.expose()))
    }
}

impl Key<InvitationLink> {
    /// The link of an invitation is found by its token's hash, too. Those who hold no token may hold the hash:
    /// the invitation has it.
    pub(crate) fn invitation_link(hash: &LinkHash) -> Self {
        Self::identity(format!("INVITE#{}", hash.as_str()), "INVITE".to_owned())
    }
}

impl Key<ApiKeyOwner> {
    /// A key's owner is found by its hash, as a refresh token is.
    pub(crate) fn api_key_owner(hash: &str) -> Self {
        Self::identity(format!("KEY#{hash}"), "KEY".to_owned())
    }
}

/// What of an API key is stored.
pub(crate) fn api_key_hash(key: &ApiKey) -> String {
    digest(key.expose())
}

impl Key<ApiKeyRecord> {
    pub(crate) fn api_key(user_id: UserId, tenant_id: TenantId, id: ApiKeyId) -> Self {
        Self::identity(api_keys_pk(user_id, tenant_id), format!("KEY#{id}"))
    }
}

impl Key<ApiKeyUse> {
    /// Every function that takes keys may write this row, and so nothing else stands in its partition.
    pub(crate) fn api_key_use(id: ApiKeyId) -> Self {
        Self::identity(format!("KEYUSE#{id}"), "USE".to_owned())
    }
}

impl Key<SlugRecord> {
    pub(crate) fn slug(slug: &Slug) -> Self {
        Self::identity(format!("SLUG#{}", slug.as_str()), "SLUG".to_owned())
    }
}

impl Key<TenantProfile> {
    pub(crate) fn tenant_profile(id: TenantId) -> Self {
        Self::identity(format!("TENANT#{id}"), "TENANT".to_owned())
    }
}

impl Partition<Session> {
    pub(crate) fn sessions(user_id: UserId) -> Self {
        Self {
            table: Table::Identity,
            pk: format!("USER#{user_id}"),
            prefix: "SESSION#",
            row: PhantomData,
        }
    }
}

impl Partition<ApiKeyRecord> {
    /// The keys that a user has made in a tenant.
    pub(crate) fn api_keys(user_id: UserId, tenant_id: TenantId) -> Self {
        Self {
            table: Table::Identity,
            pk: api_keys_pk(user_id, tenant_id),
            prefix: "KEY#",
            row: PhantomData,
        }
    }
}

impl Partition<Membership> {
    pub(crate) fn memberships(user_id: UserId) -> Self {
        Self {
            table: Table::Identity,
            pk: format!("USER#{user_id}"),
            prefix: "MEMBER#",
            row: PhantomData,
        }
    }
}

/// A row that is never there: who asks for it learns that the table answers.
pub(crate) fn no_key_use() -> (String, String) {
    ("KEYUSE#health".to_owned(), "HEALTH".to_owned())
}

fn api_keys_pk(user_id: UserId, tenant_id: TenantId) -> String {
    format!("USER#{user_id}#KEYS#{tenant_id}")
}
