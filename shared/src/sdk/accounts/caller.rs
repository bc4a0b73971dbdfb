//! Who calls: what they present, then what the rows say as of now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::dynamo::{Item, from_item};
use super::super::rates::Metered;
use super::Accounts;
use crate::error::{Error, Result};
use crate::event::caller::{Credential, Identity, Place, Principal, Standing};
use crate::keys::{Key, Row, Table, api_key_hash};
use crate::model::Millis;
use crate::model::account::{Membership, Role, User};
use crate::model::api_key::{ApiKeyOwner, ApiKeyRecord, ApiKeyUse};
use crate::model::id::{TenantId, UserId};
use crate::model::realtime::Holder;
use crate::model::secret::ApiKey;
use crate::model::session::{RefreshRecord, Session};
use crate::model::settings::RequestsPerMinute;
use crate::model::tenant::{Slug, TenantProfile};
use crate::model::window::{Calls, Limit};
use crate::tenant::Tenant;

/// How many API keys a warm function remembers the owners of.
const REMEMBERED: usize = 1_000;

/// The tenant that a request names beside its credential.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// In the path of what is a tenant's own.
    pub in_path: Named<TenantId>,
    /// In a header.
    pub id: Named<TenantId>,
    /// In the host's name.
    pub slug: Named<Slug>,
}

/// What a request names somewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Named<T> {
    /// Nothing.
    #[default]
    Nothing,
    /// A text that is nobody's name.
    Nobody,
    /// This one.
    One(T),
}

impl<T, E> From<Option<Result<T, E>>> for Named<T> {
    fn from(parsed: Option<Result<T, E>>) -> Self {
        match parsed {
            None => Self::Nothing,
            Some(Err(_)) => Self::Nobody,
            Some(Ok(name)) => Self::One(name),
        }
    }
}

/// Who presents a valid credential, and the tenant that it is of.
struct Claimant {
    user_id: UserId,
    credential: Credential,
    own: Option<TenantId>,
    /// When it ends by itself, where no row says so.
    until: Option<Millis>,
}

/// Which tenant a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// This one, by name.
    Named(TenantId),
    /// The credential's own.
    Own(TenantId),
    /// None.
    Unnamed,
    /// One that is not there.
    Unknown,
    /// Two at once.
    Contradictory,
}

/// What the rows say of a claimant.
#[derive(Default)]
struct Found {
    /// The most that the credential allows, if it goes on.
    ceiling: Option<Role>,
    standing: Standing,
    membership: Option<Membership>,
    profile: Option<TenantProfile>,
    /// Whether it is time to write down that a key is in use.
    use_is_due: bool,
    /// Whether the credential is good for its own tenant alone.
    confined: bool,
    /// What they have called of late.
    calls: Option<Calls>,
}

impl Accounts {
    /// That who took a ticket may still act in its tenant; one read.
    ///
    /// # Errors
    /// 401 if what they showed for it, or their membership, has ended.
    pub async fn require_live(&self, holder: &Holder) -> Result<()> {
        match self.behind(holder).await?.map(|identity| identity.place) {
            Some(Place::In(_)) => Ok(()),
            _ => Err(Error::unauthenticated()),
        }
    }

    /// Who calls with a token of a log-in, as of now, and where; nobody if it is not valid. One strongly
    /// consistent read, and one more for a slug.
    ///
    /// # Errors
    /// 404 for a tenant that is not there, or not for them; 400 for two at once.
    pub(crate) async fn by_token(
        &self,
        token: &str,
        selection: &Selection,
    ) -> Result<Option<Identity>> {
        let request = self.dynamo.request();
        let verifier = request.connections().verifier();
        let now = request.clock().now();
        let Some(claims) = verifier.and_then(|verifier| verifier.verify(token, now)) else {
            return Ok(None);
        };
        let claimant = Claimant {
            user_id: claims.sub,
            credential: Credential::Session(claims.sid),
            own: Some(claims.tenant_id),
            until: None,
        };
        let choice = self.choice(&claimant, selection).await?;
        self.identity(claimant, choice).await
    }

    /// The same for an API key. Whose it is never changes, so a warm function that has seen it before reads all
    /// that may have changed at once; its first request costs one read more.
    pub(crate) async fn by_key(
        &self,
        presented: &str,
        selection: &Selection,
    ) -> Result<Option<Identity>> {
        let Some(key) = ApiKey::presented(presented) else {
            return Ok(None);
        };
        let Some(owner) = self.owner(&key).await? else {
            return Ok(None);
        };
        let claimant = Claimant {
            user_id: owner.user_id,
            credential: Credential::Key(owner.id),
            own: Some(owner.tenant_id),
            until: None,
        };
        let choice = self.choice(&claimant, selection).await?;
        self.identity(claimant, choice).await
    }

    /// The same for a user whom the identity provider vouches for, whose tokens are of no tenant, until one ends.
    pub(crate) async fn by_provider(
        &self,
        user_id: UserId,
        until: Millis,
        selection: &Selection,
    ) -> Result<Option<Identity>> {
        let claimant = Claimant {
            user_id,
            credential: Credential::External,
            own: None,
            until: Some(until),
        };
        let choice = self.choice(&claimant, selection).await?;
        self.identity(claimant, choice).await
    }

    /// Who is behind a ticket or a connection, as of now; nobody if what let them in has ended.
    pub(crate) async fn behind(&self, holder: &Holder) -> Result<Option<Identity>> {
        let claimant = Claimant {
            user_id: holder.user_id,
            credential: holder.credential,
            own: Some(holder.tenant_id),
            until: holder.standing.until,
        };
        self.identity(claimant, Choice::Own(holder.tenant_id)).await
    }

    /// Who carries a session on, as of now; nobody if it has ended.
    pub(super) async fn in_session(&self, record: &RefreshRecord) -> Result<Option<Identity>> {
        let claimant = Claimant {
            user_id: record.user_id,
            credential: Credential::Session(record.session_id),
            own: Some(record.tenant_id),
            until: None,
        };
        self.identity(claimant, Choice::Own(record.tenant_id)).await
    }

    async fn owner(&self, key: &ApiKey) -> Result<Option<ApiKeyOwner>> {
        let row = Key::api_key_owner(&api_key_hash(key));
        let owners = self.dynamo.request().connections().key_owners();
        if let Some(owner) = owners.get(row.pk()) {
            return Ok(Some(owner));
        }
        let found = self.dynamo.get(row.clone()).await?;
        Ok(found.map(|owner| owners.remember(row.pk(), owner.into_inner())))
    }

    async fn choice(&self, claimant: &Claimant, selection: &Selection) -> Result<Choice> {
        let by_slug = match &selection.slug {
            Named::One(slug) => match self.dynamo.get(Key::slug(slug)).await? {
                Some(found) => Named::One(found.tenant_id),
                None => Named::Nobody,
            },
            Named::Nobody => Named::Nobody,
            Named::Nothing => Named::Nothing,
        };
        let named = [selection.in_path, selection.id, by_slug];
        let mut named = named.into_iter().filter(|name| *name != Named::Nothing);
        Ok(match named.next() {
            // Whether what is named beside another tenant is there at all is nobody's business.
            Some(first) if named.any(|other| other != first) => Choice::Contradictory,
            Some(Named::One(id)) => Choice::Named(id),
            Some(Named::Nobody | Named::Nothing) => Choice::Unknown,
            None => claimant.own.map_or(Choice::Unnamed, Choice::Own),
        })
    }

    /// A credential is looked at before what it is used for: whoever has none that is valid learns nothing of
    /// any tenant.
    async fn identity(&self, claimant: Claimant, choice: Choice) -> Result<Option<Identity>> {
        let found = self.found(&claimant, choice).await?;
        let Some(ceiling) = found.ceiling else {
            return Ok(None);
        };
        let elsewhere = |id: TenantId| claimant.own.is_some_and(|own| own != id);
        let choice = match choice {
            // Whatever their user belongs to besides.
            Choice::Named(id) if found.confined && elsewhere(id) => Choice::Unknown,
            choice => choice,
        };
        let place = found.membership.zip(found.profile);
        let setting = place
            .as_ref()
            .and_then(|(_, profile)| profile.settings.rate_limits.requests_per_minute);
        self.meter(&claimant, setting.map(RequestsPerMinute::get), found.calls);
        let place = match (choice, place) {
            (Choice::Named(id) | Choice::Own(id), Some((membership, profile))) => {
                Place::In(Principal {
                    tenant: Tenant::verified(id),
                    user_id: claimant.user_id,
                    credential: claimant.credential,
                    role: membership.role.min(ceiling),
                    since: membership.created_at,
                    standing: found.standing,
                    profile: Arc::new(profile),
                })
            }
            (Choice::Own(id), None) => Place::Gone(Tenant::verified(id)),
            (Choice::Unnamed, _) => Place::Unnamed,
            (Choice::Named(_) | Choice::Unknown, _) => {
                return Err(Error::not_found(TenantProfile::MISSING));
            }
            (Choice::Contradictory, _) => {
                return Err(Error::bad_request(
                    "The path, the host's name and X-Tenant-Id name different tenants",
                ));
            }
        };
        Ok(Some(Identity {
            user_id: claimant.user_id,
            credential: claimant.credential,
            place,
            own: claimant.own.map(Tenant::verified),
            standing: found.standing,
            confined: found.confined,
            use_is_due: found.use_is_due,
        }))
    }

    /// Has the calls of whoever has shown a valid credential counted, whatever comes of this one: by the limit of the
    /// tenant that they belong to and act in, or else by the product's own.
    fn meter(&self, claimant: &Claimant, setting: Option<u32>, found: Option<Calls>) {
        let request = self.dynamo.request();
        let default = request.connections().rate_limit();
        if let Some(limit) = default.and_then(|calls| Limit::of(setting.unwrap_or(calls))) {
            request.meter(Metered {
                row: Key::calls_of(claimant.user_id, claimant.credential),
                limit,
                found,
            });
        }
    }

    /// The user's row, the credential's, the membership, the tenant's and how often they have called, in one strongly
    /// consistent call.
    async fn found(&self, claimant: &Claimant, choice: Choice) -> Result<Found> {
        let user_id = claimant.user_id;
        let user = Some(Key::user(user_id));
        let session = match claimant.credential {
            Credential::Session(id) => Some(Key::session(user_id, id)),
            _ => None,
        };
        let key_id = match claimant.credential {
            Credential::Key(id) => Some(id),
            _ => None,
        };
        let api_key = key_id
            .zip(claimant.own)
            .map(|(id, tenant)| Key::api_key(user_id, tenant, id));
        let key_use = key_id.map(Key::api_key_use);
        let tenant = match choice {
            // A key is good for nothing without its maker's membership, whatever it is used for.
            _ if key_id.is_some() => claimant.own,
            Choice::Named(id) | Choice::Own(id) => Some(id),
            // What is not there is looked for all the same, or it would show in the time which slugs are taken.
            Choice::Unknown => Some(TenantId::new()),
            Choice::Unnamed | Choice::Contradictory => None,
        };
        let membership = tenant.map(|id| Key::membership(user_id, id));
        let profile = tenant.map(Key::tenant_profile);
        let limited = self.dynamo.request().connections().rate_limit().is_some();
        let calls = limited.then(|| Key::calls_of(user_id, claimant.credential));

        let keys = [
            user.as_ref().map(Key::item),
            session.as_ref().map(Key::item),
            api_key.as_ref().map(Key::item),
            key_use.as_ref().map(Key::item),
            membership.as_ref().map(Key::item),
            profile.as_ref().map(Key::item),
        ];
        let keys: Vec<_> = keys.into_iter().flatten().collect();
        let beside = calls.iter().map(Key::item).collect();
        let tables = [(Table::Identity, keys), (Table::Ephemeral, beside)];
        let mut items = self.dynamo.get_items_of(tables).await?;

        let now = self.dynamo.request().clock().now();
        let user: Option<User> = taken(&mut items, user.as_ref())?;
        let session: Option<Session> = taken(&mut items, session.as_ref())?;
        let api_key: Option<ApiKeyRecord> = taken(&mut items, api_key.as_ref())?;
        let last_use: Option<ApiKeyUse> = taken(&mut items, key_use.as_ref())?;
        let membership: Option<Membership> = taken(&mut items, membership.as_ref())?;
        let profile: Option<TenantProfile> = taken(&mut items, profile.as_ref())?;
        let calls: Option<Calls> = taken(&mut items, calls.as_ref())?;
        let Some(user) = user else {
            return Ok(Found::default());
        };
        let session = session.filter(|session| session.is_live(user.epoch, now));
        let live = |key: &ApiKeyRecord| key.is_live(membership.as_ref(), user.recoveries, now);
        let api_key = api_key.filter(live);
        let confined = session.as_ref().is_some_and(|session| session.confined);
        let (ceiling, until) = match claimant.credential {
            Credential::Session(_) => (
                session.as_ref().map(|_| Role::Admin),
                session.map(|session| session.expires_at),
            ),
            Credential::Key(_) => (
                api_key.as_ref().map(|key| key.listed.role),
                api_key.and_then(|key| key.listed.expires_at),
            ),
            Credential::External => {
                let until = claimant.until;
                let live = until.is_none_or(|until| until > now);
                (live.then_some(Role::Admin), until)
            }
        };
        Ok(Found {
            ceiling,
            standing: Standing {
                epoch: user.epoch,
                recoveries: user.recoveries,
                until,
            },
            membership,
            profile: profile.filter(|profile| profile.deleting_at.is_none()),
            confined: confined || key_id.is_some(),
            use_is_due: key_id.is_some() && ApiKeyUse::is_due(last_use.as_ref(), now),
            calls,
        })
    }
}

/// The row of a key among items in any order.
fn taken<T: Row>(items: &mut Vec<Item>, key: Option<&Key<T>>) -> Result<Option<T>> {
    let wanted = key.map(Key::item);
    let is_it = |item: &Item| {
        let same = |name| {
            wanted
                .as_ref()
                .is_some_and(|key| item.get(name) == key.get(name))
        };
        same("pk") && same("sk")
    };
    let at = items.iter().position(is_it);
    at.map(|at| from_item(items.swap_remove(at))).transpose()
}

/// Whose the keys are that a warm function has seen. What is remembered never changes; whether a key still
/// goes on is read each time.
#[derive(Debug, Default)]
pub(crate) struct KeyOwners(Mutex<HashMap<String, ApiKeyOwner>>);

impl KeyOwners {
    fn get(&self, pk: &str) -> Option<ApiKeyOwner> {
        let owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(pk).copied()
    }

    fn remember(&self, pk: &str, owner: ApiKeyOwner) -> ApiKeyOwner {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= REMEMBERED {
            owners.clear();
        }
        owners.insert(pk.to_owned(), owner);
        owner
    }
}
