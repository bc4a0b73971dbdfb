//! Users, tenants, memberships and sessions: the rows of the table `Identity`.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{TenantId, UserId};
use super::realtime::RealtimeEvent;
use super::text::PersonName;
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// The most bytes of an email address.
const LONGEST_EMAIL: usize = 254;

/// The most characters of a password: it is hashed, which takes the longer the longer it is.
const LONGEST_PASSWORD: usize = 128;

/// The fewest of a new one.
const SHORTEST_PASSWORD: usize = 10;

/// An email address: at most 254 characters, compared case-insensitively.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let text = text.trim().to_lowercase();
        let options = email_address::Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let valid = text.len() <= LONGEST_EMAIL
            && !text.contains('"')
            && email_address::EmailAddress::parse_with_options(&text, options).is_ok();
        if valid {
            Ok(Self(text))
        } else {
            Err(Invalid("Must be an email address".to_owned()))
        }
    }
}

/// A new password: 10–128 characters. It is never shown, not even by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Password {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.chars().count() {
            SHORTEST_PASSWORD..=LONGEST_PASSWORD => Ok(Self(text)),
            _ => Err(Invalid(format!(
                "Password must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
            ))),
        }
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password as somebody types it at a log-in: whatever it is, it is right or wrong.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordAttempt(String);

impl PasswordAttempt {
    /// What was typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PasswordAttempt {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.chars().count() {
            0..=LONGEST_PASSWORD => Ok(Self(text)),
            _ => Err(Invalid(format!(
                "Password must have at most {LONGEST_PASSWORD} characters"
            ))),
        }
    }
}

impl std::fmt::Debug for PasswordAttempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordAttempt(…)")
    }
}

from_text!(Email, Password, PasswordAttempt);

described! {
    Email: { "type": "string", "format": "email", "maxLength": LONGEST_EMAIL };
    Password: {
        "type": "string", "format": "password",
        "minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD
    };
    PasswordAttempt: { "type": "string", "format": "password", "maxLength": LONGEST_PASSWORD };
}

/// What a member of a tenant may do there. Each may also do what the ones before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read.
    Viewer,
    /// Read and write.
    Editor,
    /// Read, write, delete and manage users.
    Admin,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        })
    }
}

impl TryFrom<String> for Role {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        match text.as_str() {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            "admin" => Ok(Self::Admin),
            _ => Err(Invalid("Must be one of: viewer, editor, admin".to_owned())),
        }
    }
}

from_text!(Role);

/// What somebody may do with what they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Of what a role may do.
    pub role: Role,
    /// Whether they manage it besides, as those do who say whom a project is for.
    pub manages: bool,
}

impl From<Role> for Permission {
    fn from(role: Role) -> Self {
        Self {
            role,
            manages: false,
        }
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.role)?;
        f.write_str(if self.manages { ", managing" } else { "" })
    }
}

/// What a log-in needs, found by its email.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Whose it is.
    pub user_id: UserId,
    /// The argon2id hash, in PHC form; nothing for who has set none, and comes from the identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
}

/// Whose an identity at the external identity provider is, found by its hash. None of it ever changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExternalLink {
    /// The user.
    pub user_id: UserId,
    /// The provider.
    pub issuer: String,
    /// When it was first seen.
    pub created_at: Millis,
}

/// An identity at the external identity provider has become a user's.
#[derive(Debug, Clone, Serialize)]
pub struct IdentityLinked<'a> {
    /// The provider.
    pub issuer: &'a str,
}

impl RealtimeEvent for IdentityLinked<'_> {
    const TYPE: &'static str = "account:identity_linked";
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its address.
    pub email: Email,
    /// Its name.
    pub name: PersonName,
    /// When the address was shown to be theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Millis>,
    /// The tenant that a log-in starts in.
    pub home: TenantId,
    /// How many tenants they have founded that are still there, besides what they got at a sign-up or log-in.
    #[serde(default)]
    pub founded: u32,
    /// How often all of their log-ins have ended at once. A log-in, and an emailed link, goes on as long as this is
    /// the number that it began with.
    #[serde(default)]
    pub epoch: u64,
    /// Since when that is the number, if it ever was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_began_at: Option<Millis>,
    /// How often somebody has shown that an account is theirs that others may have made. An API key goes on as
    /// long as this is the number that it was made with.
    #[serde(default)]
    pub recoveries: u64,
    /// When it signed up.
    pub created_at: Millis,
}

/// A user's place in a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub tenant_id: TenantId,
    /// What they may do there.
    pub role: Role,
    /// Since when: who leaves and comes again has another membership.
    pub created_at: Millis,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn email(text: &str) -> Result<Email, Invalid> {
        Email::try_from(text.to_owned())
    }

    #[test]
    fn an_email_is_compared_without_regard_to_case() {
        assert_eq!(email(" Ada@Example.COM "), email("ada@example.com"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "a b@example.com",
            "ada@localhost",
            "Ada <ada@example.com>",
        ] {
            assert!(email(text).is_err(), "{text} is refused");
        }
    }

    #[test]
    fn a_password_never_shows_in_debug_output() {
        let password = Password::try_from("correct horse".to_owned()).expect("it is long enough");
        assert!(!format!("{password:?}").contains("horse"));
    }

    proptest! {
        #[test]
        fn an_address_in_plain_letters_is_taken(text in "[a-z0-9]{1,20}([.+_-][a-z0-9]{1,9})?@[a-z][a-z0-9]{0,15}\\.[a-z]{2,6}") {
            let taken = email(&text).expect("it is an address");
            prop_assert_eq!(taken.as_str(), text);
        }

        #[test]
        fn whatever_is_taken_is_one_address_and_nothing_else(
            text in prop_oneof![
                "[\\x00-\\x7f]{0,20}@[\\x00-\\x7f]{0,20}",
                "[a-z\"<>(),:;#\\[\\]\\\\ .@-]{1,12}@[a-z.-]{1,12}\\.[a-z]{1,4}",
                "\\PC{0,20}@\\PC{0,20}\\.\\PC{0,9}",
                any::<String>(),
                "a{0,70}@b{0,70}\\.c{0,70}\\.d{0,70}\\.e{0,70}",
            ],
        ) {
            let Ok(once) = email(&text) else { return Ok(()) };
            let text = once.as_str();
            prop_assert_eq!(&email(text), &Ok(once.clone()), "it is taken again as it is");
            prop_assert_eq!(&email(&text.to_uppercase().to_lowercase()), &email(&text.to_lowercase()));
            prop_assert!(text.len() <= 254 && text.matches('@').count() == 1, "{}", text);
            let strange = |c: char| c.is_whitespace() || c.is_control() || "\"<>(),:;\\[]".contains(c);
            prop_assert!(!text.contains(strange), "{:?}", text);
            let (_, domain) = text.split_once('@').unwrap_or_default();
            prop_assert!(domain.contains('.') && !domain.split('.').any(str::is_empty), "{}", text);
        }

        #[test]
        fn a_password_is_whatever_has_ten_to_128_characters(text in prop_oneof![any::<String>(), ".{120,136}", ".{8,12}"]) {
            let length = text.chars().count();
            prop_assert_eq!(Password::try_from(text.clone()).is_ok(), (10..=128).contains(&length));
            prop_assert_eq!(PasswordAttempt::try_from(text).is_ok(), length <= 128);
        }
    }
}
