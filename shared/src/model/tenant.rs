//! Tenants: what they are called, how they are set up, and who their members are.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Millis;
use super::account::{Email, Role};
use super::id::{TenantId, UserId};
use super::realtime::RealtimeEvent;
pub use super::settings::TenantSettings;
use super::text::{PersonName, TenantName};
use crate::input::{Invalid, from_text};
use crate::schema::described;

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
    /// How often it has been named and set up: 1 as it was made, or 0 if that was before this was counted.
    #[serde(default)]
    pub version: u64,
    /// When it was made.
    pub created_at: Millis,
    /// Who made it: it counts among theirs for as long as it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founder: Option<UserId>,
    /// Since when it is being deleted: it is there for nobody any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleting_at: Option<Millis>,
}

/// The fewest characters of a slug, and the most.
const SHORTEST_SLUG: usize = 3;
const LONGEST_SLUG: usize = 40;

/// What a tenant is called in a host name: 3–40 of `a`–`z`, `0`–`9` and `-`, which stands neither first nor last, nor
/// third and fourth: such names stand for others, in other alphabets (RFC 5891, 4.2.3.1).
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
        let valid = (SHORTEST_SLUG..=LONGEST_SLUG).contains(&text.len())
            && text.chars().all(|c| plain(c) || c == '-')
            && text.starts_with(plain)
            && text.ends_with(plain)
            && !text[2..].starts_with("--");
        if valid {
            Ok(Self(text))
        } else {
            Err(Invalid(
                "Must be 3 to 40 of a to z, 0 to 9 and -, which may not be first or last, nor third and fourth"
                    .to_owned(),
            ))
        }
    }
}

/// Names that stand before the product's own domain for other things, or that might be taken for it.
const RESERVED: &[&str] = &[
    "about",
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "console",
    "dashboard",
    "dev",
    "docs",
    "ftp",
    "help",
    "imap",
    "internal",
    "localhost",
    "login",
    "mail",
    "metrics",
    "mta-sts",
    "news",
    "oauth",
    "ops",
    "pop3",
    "postmaster",
    "root",
    "security",
    "shop",
    "signup",
    "smtp",
    "sso",
    "staging",
    "static",
    "status",
    "support",
    "system",
    "tenant",
    "tenants",
    "tenon",
    "test",
    "webmail",
    "websocket",
    "www",
];

impl Slug {
    /// Whether no tenant is ever called so: nor like an id, which might be another's.
    pub fn is_reserved(text: &str) -> bool {
        RESERVED.contains(&text) || Uuid::try_parse(text).is_ok()
    }
}

/// What a new tenant is called in a host name: a slug that is not reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlug(Slug);

impl NewSlug {
    /// The slug.
    pub fn into_slug(self) -> Slug {
        self.0
    }
}

impl TryFrom<String> for NewSlug {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if Slug::is_reserved(&text) {
            return Err(Invalid("Is reserved".to_owned()));
        }
        Slug::try_from(text).map(Self)
    }
}

from_text!(Slug, NewSlug);

described! {
    Slug: { "type": "string", "minLength": SHORTEST_SLUG, "maxLength": LONGEST_SLUG, "pattern": "^[a-z0-9-]+$" };
    NewSlug: { "type": "string", "minLength": SHORTEST_SLUG, "maxLength": LONGEST_SLUG, "pattern": "^[a-z0-9-]+$" };
}

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
    /// How often they have been given another role since then.
    #[serde(default)]
    pub role_changes: u64,
}

impl Member {
    /// Which version of their membership it is. It counts on from when they joined, so that who leaves and comes back
    /// is not taken for who they were.
    pub fn version(&self) -> u64 {
        self.created_at.unsigned_abs() + self.role_changes
    }

    /// The same in another role.
    #[must_use]
    pub fn promoted(&self, role: Role) -> Self {
        Self {
            role,
            role_changes: self.role_changes + 1,
            ..self.clone()
        }
    }
}

/// A member, as the API shows them.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[schemars(rename = "Member")]
pub struct MemberView {
    /// Who.
    user_id: UserId,
    /// Their address.
    email: Email,
    /// Their name.
    name: PersonName,
    /// What they may do.
    role: Role,
    /// Since when.
    created_at: Millis,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id,
            email: member.email,
            name: member.name,
            role: member.role,
            created_at: member.created_at,
        }
    }
}

/// A tenant, as its members see it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct TenantView {
    id: TenantId,
    name: TenantName,
    slug: Option<Slug>,
    role: Role,
    members: i64,
    created_at: Millis,
    settings: SettingsView,
    #[serde(skip)]
    version: u64,
}

/// Its settings, as they are set: with its name.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
struct SettingsView {
    name: TenantName,
    #[serde(flatten)]
    settings: TenantSettings,
}

impl TenantView {
    /// A tenant as one sees it who is `role` there, one of so many.
    pub fn of(profile: TenantProfile, role: Role, members: i64) -> Self {
        Self {
            id: profile.id,
            slug: profile.slug,
            role,
            members,
            created_at: profile.created_at,
            version: profile.version,
            settings: SettingsView {
                name: profile.name.clone(),
                settings: profile.settings,
            },
            name: profile.name,
        }
    }

    /// Its id.
    pub const fn id(&self) -> TenantId {
        self.id
    }

    /// Which version of its name and settings it shows.
    pub const fn version(&self) -> u64 {
        self.version
    }
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

/// A tenant was set up otherwise. To what is for its members to ask.
#[derive(Debug, Clone, Serialize)]
pub struct SettingsChanged {
    /// The names of the settings that are not what they were.
    pub fields: Vec<&'static str>,
}

impl RealtimeEvent for SettingsChanged {
    const TYPE: &'static str = "tenant:settings-changed";
}

/// A member may do more than before, or less.
#[derive(Debug, Clone, Serialize)]
pub struct RoleChanged {
    /// Who.
    pub user_id: UserId,
    /// What they may do from now on.
    pub role: Role,
}

impl RealtimeEvent for RoleChanged {
    const TYPE: &'static str = "member:role-changed";
}

/// An admin has shut a member out.
#[derive(Debug, Clone, Serialize)]
pub struct MemberRemoved {
    /// Who is a member no longer.
    pub user_id: UserId,
}

impl RealtimeEvent for MemberRemoved {
    const TYPE: &'static str = "member:removed";
}

/// A member has gone by themselves.
#[derive(Debug, Clone, Serialize)]
pub struct MemberLeft {
    /// Who is a member no longer.
    pub user_id: UserId,
}

impl RealtimeEvent for MemberLeft {
    const TYPE: &'static str = "member:left";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_product_needs_before_its_domain_is_no_tenant_s() {
        let new = |text: &str| NewSlug::try_from(text.to_owned()).is_ok();
        assert!(new("acme"));
        for reserved in RESERVED {
            assert!(!new(reserved), "{reserved}");
            assert!(Slug::try_from((*reserved).to_owned()).is_ok(), "{reserved}");
        }
        assert!(RESERVED.is_sorted());
        assert!(!new("01900000-0000-7000-8000-000000000000"), "it is an id");
    }

    #[test]
    fn a_slug_is_no_name_of_another_alphabet() {
        let slug = |text: &str| Slug::try_from(text.to_owned()).is_ok();
        assert!(slug("ab-c") && slug("abc--d"));
        assert!(!slug("xn--mnchen-3ya") && !slug("ab--cd"));
    }

    #[test]
    fn who_leaves_and_comes_back_is_another_version_of_a_member() {
        let joined = |created_at| Member {
            user_id: UserId::new(),
            email: Email::try_from("ada@example.com".to_owned()).expect("it is one"),
            name: PersonName::try_from("Ada".to_owned()).expect("it is one"),
            role: Role::Editor,
            created_at,
            role_changes: 0,
        };
        let before = joined(1_794_907_815_123);
        let promoted = before.promoted(Role::Admin).promoted(Role::Editor);
        let again = joined(1_794_907_999_456);
        assert_ne!(promoted.version(), before.version());
        assert!(
            [&before, &promoted]
                .iter()
                .all(|was| was.version() != again.version())
        );
        let row = r#"{"user_id":"01900000-0000-7000-8000-000000000000","email":"ada@example.com","name":"Ada","role":"editor","created_at":1794907815123}"#;
        let old: Member = serde_json::from_str(row).expect("rows of before are read");
        assert_eq!(old.version(), before.version());
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
            prop_assert_ne!(&text[2..4.min(text.len())], "--");
        }
    }
}
