//! Values that may be a little old, under typed keys with their lifetimes.
//!
//! One item holds the value and a random generation. A change that makes the value stale replaces the
//! generation in its own transaction. A reader that misses is handed the generation, and what it then
//! computes is kept only if the generation is still the same: a slow reader can't bring the past back.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::clock::millis;
use super::dynamo::{Dynamo, met, to_item};
use crate::error::{Error, Result};
use crate::keys::CacheKey;
use crate::model::cached::{Entry, GENERATION_LIFETIME};

/// Values over this many bytes are not kept: an item ends at 400 KB.
const LARGEST: usize = 300_000;

/// Cached values.
#[derive(Clone, Debug)]
pub struct Cache {
    dynamo: Dynamo,
}

/// What the cache answers.
#[derive(Debug)]
pub enum Cached<V> {
    /// The value.
    Hit(V),
    /// None, and the right to set one.
    Miss(Generation),
}

/// The right to set a value, as long as nothing has made it stale.
#[derive(Debug, Clone, Copy)]
pub struct Generation(Option<Uuid>);

impl Cache {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// The value under `key`; one read.
    pub async fn get<V: DeserializeOwned>(&self, key: &CacheKey<V>) -> Result<Cached<V>> {
        let Some(entry) = self.dynamo.get(key.row().clone()).await? else {
            return Ok(Cached::Miss(Generation(None)));
        };
        let live = entry.expires_at > self.dynamo.request().clock().now();
        let value = entry
            .value
            .as_deref()
            .filter(|_| live)
            .and_then(|json| serde_json::from_str(json).ok());
        Ok(value.map_or(Cached::Miss(Generation(entry.generation)), Cached::Hit))
    }

    /// Keeps a value for the key's lifetime, unless it has become stale meanwhile; one write. A failure is
    /// logged and nothing more: the caller has what it wanted to keep.
    pub async fn set<V: Serialize>(&self, key: &CacheKey<V>, generation: Generation, value: &V) {
        if let Err(error) = self.try_set(key, generation, value).await {
            tracing::warn!(%error, "not cached");
        }
    }

    async fn try_set<V: Serialize>(
        &self,
        key: &CacheKey<V>,
        generation: Generation,
        value: &V,
    ) -> Result<()> {
        let json = serde_json::to_string(value).map_err(Error::internal)?;
        if json.len() > LARGEST {
            return Ok(());
        }
        let expires_at = self.dynamo.request().clock().now() + millis(key.lifetime());
        let entry = Entry {
            generation: generation.0,
            value: Some(json),
            expires_at,
            ttl: (expires_at + GENERATION_LIFETIME) / 1000,
        };
        let put = self
            .dynamo
            .client()
            .put_item()
            .table_name(self.dynamo.table(key.row().table())?)
            .set_item(Some(to_item(key.row(), &entry)?));
        let put = match generation.0 {
            Some(id) => put
                .condition_expression("generation = :generation")
                .expression_attribute_values(":generation", AttributeValue::S(id.to_string())),
            None => put.condition_expression("attribute_not_exists(generation)"),
        };
        met(put.send().await).map(|_kept| ())
    }
}
