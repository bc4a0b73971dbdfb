//! Tenants: what they are called, how they are set up, and who their members are.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::account::{Email, Role};
use super::id::{TenantId, UserId};
use super::realtime::RealtimeEvent;
use super::text::{PersonName, TenantName};
use crate::input::{Invalid, from_text};

/// A tenant, as each request reads it beside its caller's membership.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantProfile {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: TenantName,
    /// What it is called in a host name; it never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<Slug>,
    /// How it is set up.
    #[serde(default)]
    pub settings: TenantSettings,
    /// When it was made.
    pub created_at: Millis,
    /// Since when it is being deleted: it is there for nobody any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleting_at: Option<Millis>,
}

/// How a tenant is set up. What a row does not say is as by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// What an invitation makes of somebody, where it does not say.
    pub default_role: Role,
    /// The domains that the addresses of invited members may be of.
    pub sign_up_domains: SignUpDomains,
    /// For how many days entries of the audit log are kept, from when they are written.
    pub audit_retention_days: u16,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            default_role: Role::Editor,
            sign_up_domains: SignUpDomains::default(),
            audit_retention_days: 365,
        }
    }
}

/// The domains that the addresses of invited members may be of; with none, any will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignUpDomains(Vec<String>);

impl SignUpDomains {
    /// Whether somebody with this address may be invited.
    pub fn admit(&self, email: &Email) -> bool {
        let (_, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
        self.0.is_empty() || self.0.iter().any(|admitted| admitted == domain)
    }
}

/// What a tenant is called in a host name: 3–40 of `a`–`z`, `0`–`9` and `-`, which stands neither first nor last.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(String);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Slug {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let valid = (3..=40).contains(&text.len())
            && text.chars().all(|c| plain(c) || c == '-')
            && text.starts_with(plain)
            && text.ends_with(plain);
        if valid {
            Ok(Self(text))
        } else {
            Err(Invalid(
                "Must be 3 to 40 of a to z, 0 to 9 and -, which may not be first or last"
                    .to_owned(),
            ))
        }
    }
}

from_text!(Slug);

/// Whose a slug is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlugRecord {
    /// The tenant.
    pub tenant_id: TenantId,
}

/// How far a tenant's own log has come: the scope of what concerns all of it. It counts the members, so that
/// a change of them knows whether an admin is left.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantLog {
    /// The number of its last event; without gaps, from 1.
    pub seq: u64,
    /// When that was.
    pub updated_at: Millis,
    /// How many belong to it.
    pub members: i64,
    /// How many of them are admins; never none.
    pub admins: i64,
}

/// A member, as the tenant lists them: what their membership says, and who they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: Email,
    /// Their name.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Millis,
}

/// Somebody has joined a tenant.
#[derive(Debug, Clone, Serialize)]
pub struct MemberJoined {
    /// Who.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
}

impl RealtimeEvent for MemberJoined {
    const TYPE: &'static str = "member:joined";

    fn object(&self) -> Option<String> {
        Some(format!("user/{}", self.user_id))
    }
}

/// A tenant was made.
#[derive(Debug, Clone, Serialize)]
pub struct TenantCreated<'a> {
    /// Which.
    pub id: TenantId,
    /// Its name.
    pub name: &'a TenantName,
}

impl RealtimeEvent for TenantCreated<'_> {
    const TYPE: &'static str = "tenant:created";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_admitted_domains_are_admitted_and_where_there_are_none_all() {
        let email = |text: &str| Email::try_from(text.to_owned()).expect("it is an address");
        assert!(SignUpDomains::default().admit(&email("ada@example.com")));
        let domains = SignUpDomains(vec!["example.com".to_owned()]);
        assert!(domains.admit(&email("Ada@EXAMPLE.com")));
        for other in [
            "ada@sub.example.com",
            "ada@notexample.com",
            "example.com@example.org",
            "ada@example.co",
        ] {
            assert!(!domains.admit(&email(other)), "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_slug_can_stand_in_a_host_name(text in prop_oneof!["[a-z0-9-]{0,42}", any::<String>()]) {
            let Ok(slug) = Slug::try_from(text.clone()) else { return Ok(()) };
            prop_assert_eq!(slug.as_str(), &text);
            let host = format!("{text}.example.com");
            let authority = http::uri::Authority::try_from(host.as_str()).expect("it is a host");
            prop_assert_eq!(authority.host(), host);
            prop_assert!(!text.starts_with('-') && !text.ends_with('-'));
        }
    }
}
