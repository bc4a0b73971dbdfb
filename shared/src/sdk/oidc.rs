//! Tokens of an external identity provider (OpenID Connect), beside our own: told apart by their issuer,
//! verified against the keys that the provider publishes.

mod claims;
mod fetch;
mod keys;
mod known;
mod rotation;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

pub(crate) use self::claims::ExternalIdentity;
use self::claims::{Claims, Expected, LONGEST};
use self::fetch::{Place, Web};
use self::keys::KeySet;
pub(crate) use self::known::Known;
use self::rotation::Rotation;
use super::clock::Clock;
use super::connections::{Environment, StartError};
use crate::error::{Error, Result};

/// How long both documents may take together.
const FETCH: Duration = Duration::from_secs(3);

/// The most bytes of the document that says where the keys are, and of the keys.
const DISCOVERY_LIMIT: usize = 64 * 1024;
const KEYS_LIMIT: usize = 256 * 1024;

/// The provider whose tokens are taken.
#[derive(Debug)]
pub(crate) struct Provider {
    expected: Expected,
    place: Place,
    web: Web,
    keys: Rotation,
    known: Known,
}

/// What a provider says of itself.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Provider {
    /// From `OIDC_ISSUER` and `OIDC_AUDIENCE`; nothing if neither is configured.
    pub(crate) fn from_environment(environment: &Environment) -> Result<Option<Self>, StartError> {
        let (name, audience) = ("OIDC_ISSUER", "OIDC_AUDIENCE");
        if environment.get(name).is_none() && environment.get(audience).is_none() {
            return Ok(None);
        }
        let issuer = environment.require(name)?;
        let unusable = |reason: &str| StartError::Unusable {
            name,
            reason: reason.to_owned(),
        };
        if environment.get("TOKEN_ISSUER") == Some(issuer) {
            return Err(unusable("it is our own, TOKEN_ISSUER"));
        }
        let place = Place::of_issuer(issuer).map_err(unusable)?;
        Ok(Some(Self {
            expected: Expected {
                issuer: issuer.to_owned(),
                audience: environment.require(audience)?.to_owned(),
            },
            place,
            web: Web::default(),
            keys: Rotation::default(),
            known: Known::default(),
        }))
    }

    /// Whether a token says that it is this provider's. Whether it is, its signature tells.
    pub(crate) fn is_named_by(&self, token: &str) -> bool {
        claims::issuer_named_by(token).is_some_and(|issuer| issuer == self.expected.issuer)
    }

    /// Who a token is of; nobody if it is not valid. Keys are fetched where none are kept that are fresh and
    /// one of them the token's, within `remaining`.
    ///
    /// # Errors
    /// 503 if the keys can't be had.
    pub(crate) async fn verify(
        &self,
        token: &str,
        clock: &Clock,
        remaining: Duration,
    ) -> Result<Option<ExternalIdentity>> {
        let Some(header) = claims::header(token).filter(|_| token.len() <= LONGEST) else {
            return Ok(None);
        };
        // What could not be valid whoever has signed it is not worth a fetch.
        if !claims::unverified(token).is_some_and(|claims| self.accepts(&claims, clock)) {
            return Ok(None);
        }
        let keys = self.keys.with(&header, clock, || self.fetch(remaining));
        let keys = keys.await.map_err(Error::unavailable)?;
        let claims = keys.find(&header).and_then(|key| {
            let validation = self.expected.validation(header.alg);
            let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation);
            Some(decoded.ok()?.claims)
        });
        Ok(claims
            .filter(|claims| self.accepts(claims, clock))
            .map(Claims::into_identity))
    }

    /// Which users the provider's subjects are.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    fn accepts(&self, claims: &Claims, clock: &Clock) -> bool {
        claims.are_for(&self.expected) && claims.are_current(clock.now())
    }

    async fn fetch(&self, remaining: Duration) -> Result<KeySet, String> {
        timeout(remaining.min(FETCH), self.fetch_keys())
            .await
            .unwrap_or_else(|_| Err("the identity provider took too long".to_owned()))
    }

    async fn fetch_keys(&self) -> Result<KeySet, String> {
        let address = self.place.discovery();
        let discovery = self.web.get(&address, DISCOVERY_LIMIT).await?;
        let discovery: Discovery = serde_json::from_slice(&discovery)
            .map_err(|error| format!("the provider's configuration: {error}"))?;
        if discovery.issuer != self.expected.issuer {
            return Err(format!(
                "the provider's configuration is that of {:?}",
                discovery.issuer
            ));
        }
        let keys = self.place.of_keys(&discovery.jwks_uri)?;
        KeySet::parse(&self.web.get(&keys, KEYS_LIMIT).await?)
    }
}
