//! What a token of the provider says.

use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::model::Millis;
use crate::model::account::Email;
use crate::model::text::PersonName;

/// The most bytes of a token: no more of all headers gets through API Gateway.
pub(super) const LONGEST: usize = 10_240;

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: f64 = 30.0;

/// The most characters of a subject: OpenID Connect's own limit.
const LONGEST_SUBJECT: usize = 255;

/// Who a token is of, at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalIdentity {
    /// The provider.
    pub(crate) issuer: String,
    /// Who, there: for ever the same, and nobody else's.
    pub(crate) subject: String,
    /// Their address, if the provider has made sure that it is theirs.
    pub(crate) email: Option<Email>,
    /// What they are called.
    pub(crate) name: Option<PersonName>,
    /// When the token lets nobody in any more.
    pub(crate) until: Millis,
}

/// What a token has to say.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) audience: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    /// Of a token that tells of a log-out and lets nobody in.
    events: Option<IgnoredAny>,
    // Providers differ in what is no matter of identity: nothing of it makes a token invalid.
    #[serde(default)]
    email: Value,
    #[serde(default)]
    email_verified: Value,
    #[serde(default)]
    name: Value,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The header of a token of a kind that we verify.
pub(super) fn header(token: &str) -> Option<Header> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    // Extensions that must be understood are not.
    header.crit.is_none().then_some(header)
}

/// Who a token says has issued it.
pub(super) fn issuer_named_by(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issued {
        iss: String,
    }
    let bounded = Some(token).filter(|token| token.len() <= LONGEST)?;
    let issued = jsonwebtoken::dangerous::insecure_decode_claims::<Issued>(bounded);
    Some(issued.ok()?.iss)
}

/// What a token says, whoever has signed it.
pub(super) fn unverified(token: &str) -> Option<Claims> {
    jsonwebtoken::dangerous::insecure_decode_claims(token).ok()
}

impl Expected {
    /// Of a signature alone: what the claims say is judged here, on the product's own clock.
    pub(super) fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_exp = false;
        validation
    }
}

impl Claims {
    pub(super) fn are_for(&self, expected: &Expected) -> bool {
        let audience = match &self.aud {
            Audience::One(audience) => *audience == expected.audience,
            Audience::Several(audiences) => audiences.contains(&expected.audience),
        };
        let subject = (1..=LONGEST_SUBJECT).contains(&self.sub.chars().count());
        audience && subject && self.iss == expected.issuer && self.events.is_none()
    }

    pub(super) fn are_current(&self, now: Millis) -> bool {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact for a quarter of a million years"
        )]
        let now = now as f64 / 1000.0;
        let begun = |at: Option<f64>| at.is_none_or(|at| at <= now + LEEWAY);
        self.exp > now - LEEWAY && begun(self.nbf) && begun(self.iat)
    }

    pub(super) fn into_identity(self) -> ExternalIdentity {
        let verified = matches!(&self.email_verified, Value::Bool(true))
            || self.email_verified.as_str() == Some("true");
        let email = text(self.email).and_then(|email| Email::try_from(email).ok());
        let name = text(self.name).and_then(|name| PersonName::try_from(name).ok());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is beyond is cut to the end of time"
        )]
        let until = ((self.exp + LEEWAY) * 1000.0) as Millis;
        ExternalIdentity {
            until,
            issuer: self.iss,
            subject: self.sub,
            email: email.filter(|_| verified),
            name,
        }
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
