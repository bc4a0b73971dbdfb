//! The keys that a provider publishes, and which of them a token may be signed with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a set: providers have a handful.
const MOST: usize = 100;

/// A provider's keys; at least one.
#[derive(Debug)]
pub(super) struct KeySet(Vec<VerifyingKey>);

#[derive(Debug)]
struct VerifyingKey {
    kid: Option<String>,
    /// What it may have signed; at least one.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// From a JWK set. Keys for other purposes or of other kinds are no concern of ours.
    ///
    /// # Errors
    /// If it is no JWK set, has far too many keys, or none that verifies a token.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Published {
            keys: Vec<Value>,
        }
        let Published { keys } = serde_json::from_slice(json)
            .map_err(|error| format!("the provider's keys: {error}"))?;
        if keys.len() > MOST {
            return Err(format!("the provider has {} keys", keys.len()));
        }
        let keys: Vec<_> = keys.into_iter().filter_map(VerifyingKey::read).collect();
        if keys.is_empty() {
            return Err("none of the provider's keys verifies a token".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key that a token with this header is signed with. A token without a `kid` is of the only key
    /// that it can be of.
    pub(super) fn find(&self, header: &Header) -> Option<&DecodingKey> {
        let mut fitting = self
            .0
            .iter()
            .filter(|key| key.algorithms.contains(&header.alg));
        if header.kid.is_some() {
            return fitting
                .find(|key| key.kid == header.kid)
                .map(|key| &key.key);
        }
        let only = fitting.next()?;
        fitting.next().is_none().then_some(&only.key)
    }
}

impl VerifyingKey {
    fn read(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let algorithms = algorithms(&jwk);
        if algorithms.is_empty() || !verifies(&jwk) {
            return None;
        }
        Some(Self {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            kid: jwk.common.key_id,
            algorithms,
        })
    }
}

/// What tokens a key may have signed: by its kind, and by what it says itself. A shared secret has no place
/// among public keys.
fn algorithms(jwk: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let possible: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    };
    let named = jwk.common.key_algorithm;
    let fits = |algorithm: &&Algorithm| named.is_none_or(|named| named == (**algorithm).into());
    possible.iter().filter(fits).copied().collect()
}

fn verifies(jwk: &Jwk) -> bool {
    let for_signatures = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let operations = jwk.common.key_operations.as_deref();
    for_signatures && operations.is_none_or(|those| those.contains(&KeyOperations::Verify))
}
