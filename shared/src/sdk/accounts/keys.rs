//! API keys: how they are made, listed and revoked, and how it is known that they are in use.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::super::db::BATCH;
use super::super::dynamo::{deleting, from_item, met, number, text};
use super::Accounts;
use crate::error::{Error, Result};
use crate::etag::{IfMatch, NEVER_CHANGED};
use crate::event::caller::{Credential, Principal};
use crate::keys::{Key, Partition, Row, Stored, Table, api_key_hash};
use crate::model::Millis;
use crate::model::account::{Role, User};
use crate::model::api_key::{
    ApiKeyCreated, ApiKeyOwner, ApiKeyRecord, ApiKeyRevoked, ApiKeyUse, KEY_LIFETIME,
    KEYS_OF_A_MEMBER, ListedKey, USE_NOTED_EVERY,
};
use crate::model::id::{ApiKeyId, UserId};
use crate::model::log::Committed;
use crate::model::realtime::{CloseConnections, Which};
use crate::model::secret::ApiKey;
use crate::model::tenant::TenantProfile;
use crate::model::text::ApiKeyName;
use crate::page::{Cursor, Limit, Page};
use crate::reply::Reply;
use crate::tenant::Tenant;

/// What cursors of this list are bound to.
const LIST: &str = "api-keys";

/// A key that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What to call it.
    pub name: ApiKeyName,
    /// What it is to be able to do.
    pub role: Role,
    /// When it is to expire, if ever.
    pub expires_at: Option<Millis>,
}

/// A key, as it is shown in lists: never the key itself.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PublicApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its maker calls it.
    pub name: ApiKeyName,
    /// What it may do, as long as its maker may.
    pub role: Role,
    /// How it begins.
    pub prefix: String,
    /// Who made it.
    pub maker: UserId,
    /// Since when.
    pub created_at: Millis,
    /// When it expires, if ever.
    pub expires_at: Option<Millis>,
    /// When it was last used, up to [`USE_NOTED_EVERY`] ago.
    pub last_used_at: Option<Millis>,
}

impl Accounts {
    /// Makes a key, which nobody can ever read again.
    ///
    /// # Errors
    /// 403 for a role above the maker's; 422 for an end in the past or too far away; 409 if they have
    /// [`KEYS_OF_A_MEMBER`] already; 404 if they have left meanwhile.
    pub async fn create_key(
        &self,
        maker: &Principal,
        wanted: NewApiKey,
    ) -> Result<(ApiKey, ListedKey, Committed)> {
        let now = self.dynamo.request().clock().now();
        if wanted.role > maker.role {
            let message = "A key can't have a role above its maker's";
            return Err(Error::forbidden(message));
        }
        require_end(wanted.expires_at, now)?;
        let key = ApiKey::of(&rand::random());
        let listed = ListedKey {
            id: ApiKeyId::new(),
            name: wanted.name,
            role: wanted.role,
            maker: maker.user_id,
            prefix: key.shown().to_owned(),
            created_at: now,
            expires_at: wanted.expires_at,
            recoveries: maker.standing.recoveries,
        };
        let mut backoff = Backoff::default();
        loop {
            // In this order: what is read after the number is as it was then, if the number still is.
            let log = self.tenant_log(&self.dynamo, maker.tenant).await?;
            let dead = self.room(maker).await?;
            let dynamo = self.dynamo.clone();
            let mut change = Change::of_tenant(dynamo, maker.tenant, log, maker.actor());
            Self::ending_keys(&mut change, &dead);
            Self::adding(&mut change, maker, &listed, &api_key_hash(&key));
            change.answers_with_a_secret();
            change.emit(&ApiKeyCreated {
                id: listed.id,
                maker: listed.maker,
            });
            if let Some(committed) = change.commit_as_read().await? {
                return Ok((key, listed, committed));
            }
            self.again(&mut backoff).await?;
        }
    }

    /// The tenant's keys, the newest first: all of them for an admin, and for others their own.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn keys(
        &self,
        caller: &Principal,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<PublicApiKey>> {
        let own = (caller.role < Role::Admin).then_some(caller.user_id);
        let mut place: Option<ApiKeyId> =
            cursor.map(|cursor| cursor.place(LIST, &own)).transpose()?;
        // One more than is shown tells whether there is one.
        let most = limit.get() + 1;
        let mut keys = Vec::new();
        loop {
            let some = self.some_keys(caller, place, most).await?;
            let all_seen = some.len() < most;
            place = some.last().map(|key| key.id);
            keys.extend(self.living_keys(some).await?);
            if all_seen || keys.len() >= most {
                break;
            }
        }
        let last = limit.cut(&mut keys);
        let next = last.map(|last| Cursor::new(LIST, &own, &last.id));
        Ok(Page::of(self.shown(keys).await?, next.transpose()?))
    }

    /// One of those keys; one read, and two at once.
    ///
    /// # Errors
    /// 404 for a key that is not there, or that the caller does not see.
    pub async fn key(&self, caller: &Principal, id: ApiKeyId) -> Result<PublicApiKey> {
        let missing = || Error::not_found(ListedKey::MISSING);
        let key = self.dynamo.get(caller.tenant.api_key(id)).await?;
        let key = key.filter(|key| is_seen(caller, key)).ok_or_else(missing)?;
        let (living, mut shown) = futures::try_join!(
            self.living_keys(vec![key.clone().into_inner()]),
            self.shown(vec![key.into_inner()]),
        )?;
        let shown = shown.pop().filter(|_| !living.is_empty());
        shown.ok_or_else(missing)
    }

    /// A tenant's keys in the order in which they were made, from behind one of them on, at most [`BATCH`], and whether
    /// there are more; two reads.
    pub async fn all_keys(
        &self,
        tenant: &Tenant,
        after: Option<ApiKeyId>,
    ) -> Result<(Vec<PublicApiKey>, bool)> {
        let start = after.map(|id| tenant.api_key(id));
        let all = tenant.api_keys();
        let (keys, more) = self.dynamo.page(&all, start, Some(BATCH)).await?;
        Ok((self.shown(keys).await?, more))
    }

    /// The newest keys that a caller sees, dead ones as well, or the newest before one.
    async fn some_keys(
        &self,
        caller: &Principal,
        before: Option<ApiKeyId>,
        most: usize,
    ) -> Result<Vec<ListedKey>> {
        if caller.role >= Role::Admin {
            let start = before.map(|id| caller.tenant.api_key(id));
            let all = caller.tenant.api_keys();
            return self.dynamo.last(all, start, most).await;
        }
        let (maker, id) = (caller.user_id, caller.tenant.id());
        let start = before.map(|before| Key::api_key(maker, id, before));
        let records = Partition::api_keys(maker, id);
        let records = self.dynamo.last(records, start, most).await?;
        Ok(records.into_iter().map(|record| record.listed).collect())
    }

    /// Those keys that have neither expired nor ended with the recovery of their maker's account; one read for the
    /// makers of up to 100.
    async fn living_keys(&self, mut keys: Vec<ListedKey>) -> Result<Vec<ListedKey>> {
        let now = self.dynamo.request().clock().now();
        let mut makers: Vec<_> = keys.iter().map(|key| key.maker).collect();
        makers.sort_unstable();
        makers.dedup();
        let mut recoveries = HashMap::new();
        for makers in makers.chunks(BATCH) {
            let rows = makers.iter().map(|id| Key::user(*id).item()).collect();
            for item in self.dynamo.get_items(Table::Identity, rows).await? {
                let user: User = from_item(item)?;
                recoveries.insert(user.id, user.recoveries);
            }
        }
        let live = |key: &ListedKey| {
            let recoveries = recoveries.get(&key.maker);
            recoveries.is_some_and(|recoveries| key.is_live(*recoveries, now))
        };
        keys.retain(live);
        Ok(keys)
    }

    /// Revokes a key: at its next request, and on its open connections, which the log tells of it.
    ///
    /// # Errors
    /// 404 for a key that is not there, or that the caller does not see; 412 if it is not what the client has seen.
    pub async fn revoke_key(
        &self,
        caller: &Principal,
        if_match: &IfMatch,
        id: ApiKeyId,
    ) -> Result<Reply<()>> {
        let missing = || Error::not_found(ListedKey::MISSING);
        let tenant = caller.tenant;
        let (listed, log) = futures::try_join!(
            self.dynamo.get(tenant.api_key(id)),
            self.tenant_log(&self.dynamo, tenant),
        )?;
        let seen = listed.filter(|key| is_seen(caller, key));
        let maker = seen.ok_or_else(missing)?.maker;
        let record = Key::api_key(maker, tenant.id(), id);
        let record = self.dynamo.get(record).await?.ok_or_else(missing)?;
        if_match.require(NEVER_CHANGED)?;

        let dynamo = self.dynamo.clone();
        let mut change = Change::of_tenant(dynamo, tenant, log, caller.actor());
        // Of two that revoke a key at once the second finds nothing.
        change.guarded(self.end_of(&record), missing());
        Self::ending_traces(&mut change, &record);
        change.send(&CloseConnections {
            user_id: maker,
            which: Which::LetInBy(vec![Credential::Key(id)]),
        });
        change.emit(&ApiKeyRevoked { id, maker });
        change.commit_with(Reply::no_content()).await
    }

    /// The keys that a member has made in a tenant, up to [`KEYS_OF_A_MEMBER`]. They are what they are as of the
    /// number of the tenant's log that was read before them.
    pub(super) async fn keys_of_member(
        &self,
        tenant: Tenant,
        user_id: UserId,
    ) -> Result<Vec<ApiKeyRecord>> {
        let keys = Partition::api_keys(user_id, tenant.id());
        self.dynamo.query(keys).await
    }

    /// The parts of a change that end keys: for one that ends a membership, and all of its keys with it. They
    /// would be dead without it; this way nothing is left of them.
    pub(super) fn ending_keys(change: &mut Change, keys: &[ApiKeyRecord]) {
        for record in keys {
            let tenant = change.tenant().id();
            change.remove(&Key::api_key(record.listed.maker, tenant, record.listed.id));
            Self::ending_traces(change, record);
        }
    }

    /// Writes down that a key is in use. It is not worth failing for.
    pub(crate) async fn note_key_use(&self, id: ApiKeyId) {
        if let Err(error) = self.write_use(id).await {
            tracing::warn!(key = %id, %error, "that a key is in use could not be noted");
        }
    }

    /// Once a minute, however many functions are asked at once.
    async fn write_use(&self, id: ApiKeyId) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let every = Millis::try_from(USE_NOTED_EVERY.as_millis()).unwrap_or(Millis::MAX);
        let key = Key::api_key_use(id);
        let outcome = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_not_exists(used_at) OR used_at <= :before")
            .update_expression("SET used_at = :now")
            .expression_attribute_values(":before", number(&(now - every)))
            .expression_attribute_values(":now", number(&now))
            .send()
            .await;
        met(outcome).map(|_first| ())
    }

    /// The keys that are dead of a maker who still is the member that they were, and has room for one more. They go
    /// with the next one, so that what ends with a membership is never too much for one transaction.
    ///
    /// # Errors
    /// 404 if they are not; 409 if they have not.
    async fn room(&self, maker: &Principal) -> Result<Vec<ApiKeyRecord>> {
        let now = self.dynamo.request().clock().now();
        let (membership, keys) = futures::try_join!(
            self.dynamo
                .get(Key::membership(maker.user_id, maker.tenant.id())),
            self.keys_of_member(maker.tenant, maker.user_id),
        )?;
        if membership.is_none_or(|membership| membership.created_at != maker.since) {
            return Err(Error::not_found(TenantProfile::MISSING));
        }
        let live = |key: &ApiKeyRecord| {
            key.listed.is_live(maker.standing.recoveries, now) && key.since == maker.since
        };
        let (live, dead): (Vec<_>, Vec<_>) = keys.into_iter().partition(live);
        if live.len() >= KEYS_OF_A_MEMBER {
            return Err(Error::conflict(format!(
                "You have {KEYS_OF_A_MEMBER} API keys in this tenant, and nobody can have more: revoke one first"
            )));
        }
        Ok(dead)
    }

    fn adding(change: &mut Change, maker: &Principal, listed: &ListedKey, hash: &str) {
        let tenant = maker.tenant;
        let (id, tenant_id, user_id) = (listed.id, tenant.id(), listed.maker);
        let owner = ApiKeyOwner {
            id,
            tenant_id,
            user_id,
        };
        let record = ApiKeyRecord {
            listed: listed.clone(),
            since: maker.since,
            hash: hash.to_owned(),
        };
        change.create(&Key::api_key_owner(hash), &owner);
        change.create(&Key::api_key(user_id, tenant_id, id), &record);
        change.create(&tenant.api_key(id), listed);
    }

    fn end_of(&self, record: &Stored<ApiKeyRecord>) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(self.dynamo.table(record.key().table())?)
            .set_key(Some(record.key().item()))
            .condition_expression("attribute_exists(pk)")
            .build();
        delete.map(deleting).map_err(Error::internal)
    }

    /// All rows of a key but the one that it lives by.
    fn ending_traces(change: &mut Change, record: &ApiKeyRecord) {
        let id = record.listed.id;
        change.remove(&Key::api_key_owner(&record.hash));
        change.remove(&change.tenant().api_key(id));
        change.remove(&Key::api_key_use(id));
    }

    /// Keys with the times of their last uses; one read for up to 100.
    async fn shown(&self, keys: Vec<ListedKey>) -> Result<Vec<PublicApiKey>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<_> = keys.iter().map(|key| Key::api_key_use(key.id)).collect();
        let items = rows.iter().map(Key::item).collect();
        let items = self.dynamo.get_items(Table::Identity, items).await?;
        let uses = items.into_iter().map(|item| {
            let pk = text(&item, "pk").to_owned();
            Ok((pk, from_item::<ApiKeyUse>(item)?))
        });
        let uses: HashMap<_, _> = uses.collect::<Result<_>>()?;
        let shown = keys.into_iter().zip(&rows).map(|(key, row)| PublicApiKey {
            id: key.id,
            name: key.name,
            role: key.role,
            prefix: key.prefix,
            maker: key.maker,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: uses.get(row.pk()).map(|used| used.used_at),
        });
        Ok(shown.collect())
    }
}

/// Whether it is among the keys that a caller is shown.
fn is_seen(caller: &Principal, key: &ListedKey) -> bool {
    key.maker == caller.user_id || caller.role >= Role::Admin
}

/// # Errors
/// 422 for a time that has passed, or is further away than any key may last.
fn require_end(expires_at: Option<Millis>, now: Millis) -> Result<()> {
    let longest = Millis::try_from(KEY_LIFETIME.as_millis()).unwrap_or(Millis::MAX);
    let good = |at| now < at && at <= now + longest;
    if expires_at.is_none_or(good) {
        Ok(())
    } else {
        let message =
            "Must be a time in epoch milliseconds, in the future and at most two years away";
        Err(Error::invalid("expires_at", message))
    }
}
