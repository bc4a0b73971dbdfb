//! Tenants: how they are founded, entered and set up.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::super::dynamo::{Dynamo, Transacted, from_item, number, updating};
use super::{Accounts, SignedIn};
use crate::error::{Code, Error, Result};
use crate::etag::IfMatch;
use crate::event::Client;
use crate::event::caller::{Person, Principal};
use crate::keys::{Key, Row, Stored, Table};
use crate::model::account::{Account, Membership, Role, User};
use crate::model::id::{TenantId, UserId};
use crate::model::tenant::{
    NewSlug, SettingsChanged, SlugRecord, TenantLog, TenantProfile, TenantSettings, TenantView,
};
use crate::model::text::{PersonName, TenantName};
use crate::reply::Reply;
use crate::tenant::Tenant;

/// How many tenants a user may have founded that are still there.
pub const MOST_FOUNDED: u32 = 50;

/// How many of a user's tenants a log-in looks at: one call's worth.
const LOOKED_AT: usize = 100;

/// A user, if there is one, and where they belong.
pub(super) struct Known {
    user: Option<User>,
    pub(super) memberships: Vec<Membership>,
}

impl Accounts {
    /// Makes a tenant, whose founder is its one member and admin; one read and one transaction. Returns what `answer`
    /// makes of it.
    ///
    /// # Errors
    /// 409 if the slug is taken, or the founder has founded [`MOST_FOUNDED`] that are still there.
    pub async fn found_tenant<T: Serialize>(
        &self,
        founder: &Person,
        name: TenantName,
        slug: Option<NewSlug>,
        answer: impl FnOnce(TenantView) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let user = self.user(founder.user_id).await?;
        let user = user.ok_or_else(|| Error::internal("a caller has no user"))?;
        // Whatever they are where they act.
        self.dynamo.request().permit(Role::Admin.into());
        let tenant = TenantProfile {
            slug: slug.map(NewSlug::into_slug),
            ..self.new_tenant(user.id, name)
        };
        let mut change = self.founding(&tenant, &user)?;
        if let Some(slug) = &tenant.slug {
            let owner = SlugRecord {
                tenant_id: tenant.id,
            };
            change.guarded(
                self.dynamo.creation(&Key::slug(slug), &owner),
                Error::conflict("This slug is taken"),
            );
        }
        change.guarded(
            one_more_founded(&self.dynamo, user.id),
            Error::conflict(format!(
                "You have founded {MOST_FOUNDED} tenants, and nobody can have more"
            )),
        );
        let view = TenantView::of(tenant, Role::Admin, 1);
        change.commit_with(answer(view)).await
    }

    /// The caller's tenant, as they see it; one read.
    pub async fn tenant(&self, caller: &Principal) -> Result<TenantView> {
        let log = self.tenant_log(&self.dynamo, caller.tenant).await?;
        let profile = TenantProfile::clone(&caller.profile);
        Ok(TenantView::of(profile, caller.role, log.members))
    }

    /// What a tenant is called and how it is set up, unless it is gone or going; one read.
    pub async fn living_tenant(&self, tenant: &Tenant) -> Result<Option<TenantProfile>> {
        let profile = Key::tenant_profile(tenant.id());
        let profile = self.dynamo.in_tenant(*tenant)?.get(profile).await?;
        let profile = profile.filter(|profile| profile.deleting_at.is_none());
        Ok(profile.map(Stored::into_inner))
    }

    /// Names the caller's tenant and sets it up, all at once. Returns what `answer` makes of it; where nothing is
    /// different nothing is written.
    ///
    /// # Errors
    /// 404 if the tenant has gone meanwhile; 412 if it is not what the client has seen; 503 if too many change it at
    /// once.
    pub async fn set_up<T: Serialize>(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        (name, settings): (&TenantName, &TenantSettings),
        answer: impl Fn(TenantView) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let (tenant, dynamo) = (caller.tenant, &self.dynamo);
        let mut backoff = Backoff::default();
        loop {
            // In this order: what is read after the number is as it was then, if the number still is.
            let log = self.tenant_log(dynamo, tenant).await?;
            let profile = dynamo.get(Key::tenant_profile(tenant.id())).await?;
            let mut profile = profile.ok_or_else(gone)?.into_inner();
            if_match.require(profile.version)?;
            let mut fields = settings.differing(&profile.settings);
            if *name != profile.name {
                fields.insert(0, "name");
            }
            if fields.is_empty() {
                return Ok(answer(TenantView::of(profile, caller.role, log.members)));
            }
            profile.name = name.clone();
            profile.settings = settings.clone();
            profile.version += 1;
            let (part, members) = (set_up(dynamo, &profile), log.members);
            let view = TenantView::of(profile, caller.role, members);
            let mut change = Change::of_tenant(dynamo.clone(), tenant, log, caller.actor());
            change.guarded(part, gone());
            change.emit(&SettingsChanged { fields });
            if let Some(reply) = change.commit_as_read_with(answer(view)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Whether a tenant is there, and not being deleted; one read.
    pub async fn is_there(&self, tenant: Tenant) -> Result<bool> {
        Ok(self.living_tenant(&tenant).await?.is_some())
    }

    /// The tenant whose log tells of what becomes of the caller's account.
    ///
    /// # Errors
    /// 400 if they have to say, and do not.
    pub(super) async fn told_of(&self, caller: &Person) -> Result<Tenant> {
        let wanted = caller.told_in()?;
        let acting = caller.acting().map(|principal| principal.tenant.id());
        if acting == Some(wanted.id()) {
            return Ok(wanted);
        }
        let told_in = self.told_in(caller.user_id, wanted.id()).await?;
        Ok(Tenant::verified(told_in))
    }

    /// The tenant whose log tells of what becomes of a user's account: [one of theirs](Self::tenant_of). Whoever
    /// belongs to none gets one, as at a log-in: nothing is ever written into a log that is gone.
    pub(super) async fn told_in(&self, user_id: UserId, wanted: TenantId) -> Result<TenantId> {
        if let Some(tenant_id) = self.tenant_of(user_id, wanted).await? {
            return Ok(tenant_id);
        }
        let user = self.user(user_id).await?;
        let user = user.ok_or_else(|| Error::internal("an account has no user"))?;
        let tenant = self.workspace(user.id, &user.name)?;
        let mut change = self.founding(&tenant, &user)?;
        let meanwhile = || Error::unavailable("somebody has just got another tenant");
        change.guarded(moved(&self.dynamo, &user, tenant.id), meanwhile());
        change.commit().await?;
        Ok(tenant.id)
    }

    /// A tenant that a user belongs to and that is still there: `wanted`, if that is one. A tenant that they have left
    /// hears no more of them.
    pub(super) async fn tenant_of(
        &self,
        user_id: UserId,
        wanted: TenantId,
    ) -> Result<Option<TenantId>> {
        let tenant = Tenant::verified(wanted);
        let (membership, is_there) =
            futures::try_join!(self.member(&tenant, user_id), self.is_there(tenant))?;
        if membership.is_some() && is_there {
            return Ok(Some(wanted));
        }
        for Membership { tenant_id, .. } in self.memberships(user_id).await? {
            if self.is_there(Tenant::verified(tenant_id)).await? {
                return Ok(Some(tenant_id));
            }
        }
        Ok(None)
    }

    /// What a tenant's own log counts: members, admins, events.
    pub(super) async fn tenant_log(
        &self,
        dynamo: &Dynamo,
        tenant: Tenant,
    ) -> Result<Stored<TenantLog>> {
        dynamo.get(tenant.log()).await?.ok_or_else(gone)
    }

    /// Waits before another try of what another change came before.
    ///
    /// # Errors
    /// 503 if there is no time for one.
    pub(super) async fn again(&self, backoff: &mut Backoff) -> Result<()> {
        if backoff.wait(self.dynamo.request()).await {
            Ok(())
        } else {
            Err(Error::unavailable("others change the tenant all the time"))
        }
    }

    /// The tenant that a user gets without asking for one.
    pub(super) fn workspace(&self, user_id: UserId, of: &PersonName) -> Result<TenantProfile> {
        let name = TenantName::try_from(format!("{of}'s workspace"))
            .map_err(|invalid| Error::internal(invalid.0))?;
        Ok(TenantProfile {
            founder: None,
            ..self.new_tenant(user_id, name)
        })
    }

    /// A user and where they belong, their home first; of an id that nobody has, nothing.
    pub(super) async fn known(&self, user_id: UserId) -> Result<Known> {
        let (user, mut memberships) =
            futures::try_join!(self.user(user_id), self.memberships(user_id))?;
        let home = user.as_ref().map(|user| user.home);
        memberships.sort_by_key(|membership| Some(membership.tenant_id) != home);
        Ok(Known { user, memberships })
    }

    /// A new session for a user whose password was right.
    ///
    /// # Errors
    /// 401 if the password has been changed meanwhile.
    pub(super) async fn enter(
        &self,
        account: &Stored<Account>,
        known: Known,
        client: &Client,
    ) -> Result<SignedIn> {
        match self.try_to_enter(account, known, client).await {
            // Another log-in has given them a tenant meanwhile.
            Err(error) if error.code() == Code::Conflict => {
                let known = self.known(account.user_id).await?;
                self.try_to_enter(account, known, client).await
            }
            outcome => outcome,
        }
    }

    async fn try_to_enter(
        &self,
        account: &Stored<Account>,
        known: Known,
        client: &Client,
    ) -> Result<SignedIn> {
        let Known { user, memberships } = known;
        let user = user.ok_or_else(|| Error::internal("an account has no user"))?;
        let profiles = self.living(&memberships).await?;
        let place = memberships.iter().find_map(|membership| {
            let of_it = |profile: &&TenantProfile| profile.id == membership.tenant_id;
            Some((membership.role, profiles.iter().find(of_it)?.clone()))
        });
        let Some((role, tenant)) = place else {
            return self
                .enter_anew(account, user, memberships.len(), client)
                .await;
        };
        let began = self.new_session(&user, tenant.id, client.clone());
        let mut parts = vec![self.unchanged(account)?];
        parts.extend(began.parts(&self.dynamo)?);
        match self.dynamo.transact(parts).await? {
            Transacted::Unmet(0) => return Err(Error::wrong_credentials()),
            outcome => outcome.done()?,
        }
        // Nobody holds the session's tokens yet: it is not one before it is told of.
        self.tell_of_session(&began).await?;
        let tokens = self.tokens(&began, Some(role))?;
        Ok(SignedIn::of(user, tenant, tokens))
    }

    /// Those tenants that are not being deleted; one read.
    async fn living(&self, memberships: &[Membership]) -> Result<Vec<TenantProfile>> {
        let tenants = memberships.iter().take(LOOKED_AT);
        let keys: Vec<_> = tenants
            .map(|membership| Key::tenant_profile(membership.tenant_id).item())
            .collect();
        let items = self.dynamo.get_items(Table::Identity, keys).await?;
        let mut profiles: Vec<TenantProfile> =
            items.into_iter().map(from_item).collect::<Result<_>>()?;
        profiles.retain(|profile| profile.deleting_at.is_none());
        Ok(profiles)
    }

    /// A new tenant for a user who has none among so many, and a session there.
    ///
    /// # Errors
    /// 409 if they have got another meanwhile.
    async fn enter_anew(
        &self,
        account: &Stored<Account>,
        user: User,
        among: usize,
        client: &Client,
    ) -> Result<SignedIn> {
        let meanwhile = || Error::conflict("You have just logged in elsewhere");
        // What came before the user was read is seen here, and what comes after it moves them.
        if self.memberships(user.id).await?.len() != among {
            return Err(meanwhile());
        }
        let tenant = self.workspace(user.id, &user.name)?;
        let began = self.new_session(&user, tenant.id, client.clone());
        let mut change = self.founding(&tenant, &user)?;
        change.guarded(self.unchanged(account), Error::wrong_credentials());
        change.guarded(moved(&self.dynamo, &user, tenant.id), meanwhile());
        began.add_to(&mut change);
        change.commit().await?;
        self.tell_of_session(&began).await?;
        let tokens = self.tokens(&began, Some(Role::Admin))?;
        Ok(SignedIn::of(user, tenant, tokens))
    }

    fn new_tenant(&self, founder: UserId, name: TenantName) -> TenantProfile {
        TenantProfile {
            id: TenantId::new(),
            name,
            slug: None,
            settings: TenantSettings::default(),
            version: 1,
            created_at: self.dynamo.request().clock().now(),
            founder: Some(founder),
            deleting_at: None,
        }
    }
}

fn gone() -> Error {
    Error::not_found(TenantProfile::MISSING)
}

/// Counts a tenant that a user founds, while they may found more.
fn one_more_founded(dynamo: &Dynamo, user_id: UserId) -> Result<TransactWriteItem> {
    let key = Key::user(user_id);
    Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .condition_expression(
            "attribute_exists(pk) AND (attribute_not_exists(founded) OR founded < :most)",
        )
        .update_expression("ADD founded :one")
        .expression_attribute_values(":most", number(&MOST_FOUNDED))
        .expression_attribute_values(":one", number(&1))
        .build()
        .map(updating)
        .map_err(Error::internal)
}

/// Makes a tenant the home of a user who still has the one that was read.
fn moved(dynamo: &Dynamo, user: &User, home: TenantId) -> Result<TransactWriteItem> {
    let key = Key::user(user.id);
    let id = |id: TenantId| aws_sdk_dynamodb::types::AttributeValue::S(id.to_string());
    Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .condition_expression("home = :before")
        .update_expression("SET home = :home")
        .expression_attribute_values(":before", id(user.home))
        .expression_attribute_values(":home", id(home))
        .build()
        .map(updating)
        .map_err(Error::internal)
}

fn set_up(dynamo: &Dynamo, profile: &TenantProfile) -> Result<TransactWriteItem> {
    let key = Key::tenant_profile(profile.id);
    let settings = serde_dynamo::to_attribute_value(&profile.settings).map_err(Error::internal)?;
    let name = serde_dynamo::to_attribute_value(&profile.name).map_err(Error::internal)?;
    Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .condition_expression("attribute_exists(pk) AND attribute_not_exists(deleting_at)")
        .update_expression("SET #name = :name, settings = :settings, #version = :version")
        .expression_attribute_names("#name", "name")
        .expression_attribute_names("#version", "version")
        .expression_attribute_values(":version", number(&profile.version))
        .expression_attribute_values(":name", name)
        .expression_attribute_values(":settings", settings)
        .build()
        .map(updating)
        .map_err(Error::internal)
}
