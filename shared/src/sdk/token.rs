//! Access tokens: RS256, 15 minutes, signed with a key that only sign-up and log-in read and verified
//! with public keys that are plain configuration.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::Millis;
use super::connections::{Environment, StartError};
use crate::error::{Error, Result};
use crate::model::account::Role;
use crate::model::id::{SessionId, TenantId, UserId};
use crate::schema::described;

/// How long an access token is valid, in seconds.
pub const ACCESS_TOKEN_LIFETIME: i64 = 900;

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: UserId,
    /// The tenant that they act in, unless a request names another.
    pub tenant_id: TenantId,
    /// What they could do there when it was issued: a hint for clients. The membership decides.
    pub roles: Vec<Role>,
    /// The log-in.
    pub sid: SessionId,
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// When it was issued, in epoch seconds.
    pub iat: i64,
    /// When it expires, in epoch seconds.
    pub exp: i64,
    /// Its own id.
    pub jti: Uuid,
}

/// The private key, and what its tokens say of their issuer.
pub struct SigningKey {
    key: EncodingKey,
    kid: String,
    issuer: String,
    audience: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.kid)
    }
}

/// The public keys, by `kid`.
#[derive(Debug)]
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
    published: PublicKeys,
}

/// The public keys, as a JWK set.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct PublicKeys(JwkSet);

described! {
    PublicKeys: {
        "type": "object",
        "required": ["keys"],
        "properties": { "keys": { "type": "array", "items": { "type": "object" } } },
        "description": "A set of JSON Web Keys (RFC 7517)."
    };
}

impl SigningKey {
    /// From a PEM.
    ///
    /// # Errors
    /// If it is no RSA private key.
    pub fn from_pem(pem: &str, environment: &Environment) -> Result<Self, StartError> {
        let unusable = |error: jsonwebtoken::errors::Error| StartError::Unusable {
            name: "SIGNING_KEY_PARAMETER",
            reason: error.to_string(),
        };
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(unusable)?;
        Ok(Self {
            kid: public_jwk(&key)
                .map_err(unusable)?
                .common
                .key_id
                .unwrap_or_default(),
            key,
            issuer: environment.require("TOKEN_ISSUER")?.to_owned(),
            audience: environment.require("TOKEN_AUDIENCE")?.to_owned(),
        })
    }

    /// A token for a log-in.
    pub fn issue(
        &self,
        user_id: UserId,
        tenant_id: TenantId,
        role: Option<Role>,
        session_id: SessionId,
        now: Millis,
    ) -> Result<String> {
        let iat = now / 1000;
        let claims = Claims {
            sub: user_id,
            tenant_id,
            roles: role.into_iter().collect(),
            sid: session_id,
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            iat,
            exp: iat + ACCESS_TOKEN_LIFETIME,
            jti: Uuid::new_v4(),
        };
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(Error::internal)
    }
}

impl Verifier {
    /// From `SIGNING_PUBLIC_KEYS`, a JWK set; nothing if it is not configured, and then no token is valid.
    pub(crate) fn from_environment(environment: &Environment) -> Result<Option<Self>, StartError> {
        let Some(json) = environment.get("SIGNING_PUBLIC_KEYS") else {
            return Ok(None);
        };
        let unusable = |reason: String| StartError::Unusable {
            name: "SIGNING_PUBLIC_KEYS",
            reason,
        };
        let set: JwkSet =
            serde_json::from_str(json).map_err(|error| unusable(error.to_string()))?;
        let keys = set
            .keys
            .iter()
            .map(|jwk| {
                let kid = jwk.common.key_id.clone().ok_or("a key has no kid")?;
                let key = DecodingKey::from_jwk(jwk).map_err(|error| error.to_string())?;
                Ok((kid, key))
            })
            .collect::<Result<HashMap<_, _>, String>>()
            .map_err(unusable)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[environment.require("TOKEN_ISSUER")?]);
        validation.set_audience(&[environment.require("TOKEN_AUDIENCE")?]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Expiry is checked below, on the product's own clock.
        validation.validate_exp = false;
        Ok(Some(Self {
            keys,
            validation,
            published: PublicKeys(set),
        }))
    }

    /// What a token says, if one of our keys signed it with RS256 and it has not expired.
    pub(crate) fn verify(&self, token: &str, now: Millis) -> Option<Claims> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = self.keys.get(&kid)?;
        let claims = jsonwebtoken::decode::<Claims>(token, key, &self.validation)
            .ok()?
            .claims;
        (claims.exp > now / 1000).then_some(claims)
    }

    /// The JWK set, as it is published.
    pub(crate) fn published(&self) -> PublicKeys {
        self.published.clone()
    }
}

/// The public half of a private key as a JWK, whose `kid` is its thumbprint (RFC 7638).
///
/// # Errors
/// If it is no RSA key.
pub fn public_jwk(key: &EncodingKey) -> jsonwebtoken::errors::Result<Jwk> {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::RS256)?;
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}
