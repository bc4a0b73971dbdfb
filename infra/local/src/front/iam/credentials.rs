//! Temporary credentials that say themselves what they are, as AWS's do: nothing is kept of them, so that
//! they are as good after a restart as before.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::front::hex;

/// What ids of temporary access keys begin with.
const TEMPORARY: &str = "ASIA";

/// A key that signs calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// What has to come along with each call.
    pub session_token: String,
}

/// What temporary credentials say of themselves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Claims {
    /// The key that they belong to.
    #[serde(default)]
    pub(super) key: String,
    /// The role's ARN.
    pub(super) role: String,
    /// The session's name.
    pub(super) name: String,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    /// When they expire, in epoch milliseconds of the stack's clock; never, if there is none.
    #[serde(default)]
    pub(super) until: Option<i64>,
    /// What they are confined to, beyond the role's own policies.
    #[serde(default)]
    pub(super) policy: Option<Value>,
}

/// What issues credentials and recognises them.
pub(super) struct Mint(hmac::Key);

impl Mint {
    pub(super) fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    pub(super) fn issue(&self, mut claims: Claims) -> Credentials {
        let unique = Uuid::new_v4().simple().to_string();
        claims.key = format!("{TEMPORARY}{}", unique[..16].to_uppercase());
        let said = BASE64_URL_SAFE_NO_PAD
            .encode(serde_json::to_vec(&claims).expect("texts and numbers can be written as JSON"));
        Credentials {
            secret_access_key: self.sealed("secret", &claims.key),
            session_token: format!("{said}.{}", self.sealed("token", &said)),
            access_key_id: claims.key,
        }
    }

    /// The secret of a temporary key; none for any other.
    pub(super) fn secret(&self, key_id: &str) -> Option<String> {
        key_id
            .starts_with(TEMPORARY)
            .then(|| self.sealed("secret", key_id))
    }

    /// What a token says, if it was issued here, and for this key.
    pub(super) fn read(&self, key_id: &str, token: &str) -> Option<Claims> {
        let (said, seal) = token.split_once('.')?;
        let expected = self.sealed("token", said);
        aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), seal.as_bytes())
            .ok()?;
        let claims: Claims =
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(said).ok()?).ok()?;
        (claims.key == key_id).then_some(claims)
    }

    fn sealed(&self, purpose: &str, text: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{purpose}\n{text}").as_bytes());
        hex::encode(tag.as_ref())
    }
}
