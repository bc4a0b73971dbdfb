//! Secrets that are given out once and of which only a hash is kept. They are never shown, not even by `Debug`.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::input::{Invalid, from_text};

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

    proptest! {
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
