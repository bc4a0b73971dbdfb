//! Secrets that are given out once and of which only a hash is kept. They are never shown, not even by `Debug`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::input::{Invalid, from_text};
use crate::schema::described;

/// The most characters that a secret is read with: whatever is presented is right or wrong.
const LONGEST: usize = 128;

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq)]
            pub struct $name(String);

            impl $name {
                /// 256 bits, as text that scanners recognise by how it begins.
                pub(crate) fn of(secret: &[u8; 32]) -> Self {
                    Self(format!("{}{}", $prefix, BASE64_URL_SAFE_NO_PAD.encode(secret)))
                }

                /// The secret itself.
                pub fn expose(&self) -> &str {
                    &self.0
                }
            }

            impl TryFrom<String> for $name {
                type Error = Invalid;

                fn try_from(text: String) -> Result<Self, Invalid> {
                    match text.chars().count() {
                        0..=LONGEST => Ok(Self(text)),
                        _ => Err(Invalid(format!("Must have at most {LONGEST} characters"))),
                    }
                }
            }

            from_text!($name);

            described! {
                $name: { "type": "string", "maxLength": LONGEST };
            }

            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(concat!(stringify!($name), "(…)"))
                }
            }
        )+
    };
}

secrets! {
    /// What carries a session on; once.
    RefreshToken = "tnr_";
    /// What stands in an emailed link; it works once.
    LinkToken = "tnl_";
}

/// How many characters of a key are its checksum.
const CHECKSUM: usize = 6;

/// How many characters of a key are shown where it is listed.
const SHOWN: usize = 12;

/// What stands for a member of a tenant in requests, until it is revoked: `tnn_`, 256 bits, and a checksum by
/// which scanners tell it from what only looks like one.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// How every key begins.
    pub(crate) const PREFIX: &str = "tnn_";

    /// 256 bits, as text.
    pub(crate) fn of(secret: &[u8; 32]) -> Self {
        let text = format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(secret));
        let checksum = checksum(&text);
        Self(text + &checksum)
    }

    /// What was presented as a key, if it has the form of one. No call.
    pub(crate) fn presented(text: &str) -> Option<Self> {
        let (key, found) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
        let secret = BASE64_URL_SAFE_NO_PAD
            .decode(key.strip_prefix(Self::PREFIX)?)
            .ok()?;
        (secret.len() == 32 && checksum(key) == found).then(|| Self(text.to_owned()))
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How it begins, which is shown where keys are listed: of its 256 bits 48, which leaves nothing to guess.
    pub(crate) fn shown(&self) -> &str {
        &self.0[..SHOWN]
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// The first 36 bits of a text's SHA-256, in base64url.
fn checksum(text: &str) -> String {
    let mut checksum = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text));
    checksum.truncate(CHECKSUM);
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_is_recognised_and_never_shown() {
        let token = RefreshToken::of(&[7; 32]);
        assert!(token.expose().starts_with("tnr_"));
        assert_eq!(token.expose().len(), 4 + 43);
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
    }

    /// As the page on API keys tells scanners.
    #[test]
    fn a_key_s_checksum_is_as_documented() {
        let key = ApiKey::of(&[0; 32]);
        let (secret, checksum) = key.expose().split_at(47);
        assert_eq!(secret, format!("tnn_{}", "A".repeat(43)));
        let digest = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret));
        assert_eq!(checksum, &digest[..6]);
    }

    proptest! {
        #[test]
        fn a_key_is_recognised_and_what_differs_from_it_is_none(
            secret in any::<[u8; 32]>(),
            at in 0..53_usize,
            other in "[A-Za-z0-9_-]",
        ) {
            let key = ApiKey::of(&secret);
            let text = key.expose();
            prop_assert_eq!(text.len(), 53);
            prop_assert_eq!(format!("{key:?}"), "ApiKey(…)");
            prop_assert_eq!(key.shown(), &text[..12]);
            prop_assert_eq!(ApiKey::presented(text), Some(key.clone()));
            let mut mistyped = text.to_owned();
            mistyped.replace_range(at..=at, &other);
            prop_assert_eq!(ApiKey::presented(&mistyped).is_some(), mistyped == text);
            prop_assert_eq!(ApiKey::presented(&text[..at]), None);
        }

        #[test]
        fn no_other_text_is_a_key(text in prop_oneof![any::<String>(), "tnn_[A-Za-z0-9_-]{0,60}", "tnn_.{49}"]) {
            prop_assert_eq!(ApiKey::presented(&text), None);
        }

        #[test]
        fn whatever_is_not_too_long_is_taken_as_it_is(text in prop_oneof![any::<String>(), ".{120,136}"]) {
            let taken = LinkToken::try_from(text.clone());
            prop_assert_eq!(taken.is_ok(), text.chars().count() <= LONGEST);
            if let Ok(token) = taken {
                prop_assert_eq!(token.expose(), text);
            }
        }
    }
}
