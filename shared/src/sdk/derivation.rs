//! Secrets that are made again rather than stored.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::connections::StartError;

/// The fewest bytes of a key.
const MINIMUM: usize = 32;

/// A key that only the server has. What it derives can't be told from random bits without it.
pub(crate) struct DerivationKey(Hmac<Sha256>);

impl DerivationKey {
    /// From the parameter's text.
    ///
    /// # Errors
    /// If it is too short to be secret.
    pub(crate) fn from_text(text: &str) -> Result<Self, StartError> {
        let bytes = text.trim().as_bytes();
        let unusable = |reason: &str| StartError::Unusable {
            name: "DERIVATION_KEY_PARAMETER",
            reason: reason.to_owned(),
        };
        if bytes.len() < MINIMUM {
            return Err(unusable("it has less than 32 characters"));
        }
        Hmac::new_from_slice(bytes)
            .map(Self)
            .map_err(|_| unusable("it is no key"))
    }

    /// 256 bits for a purpose: HMAC-SHA256 over both. The same each time, and for no other purpose.
    pub(crate) fn derive(&self, purpose: &'static str, from: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(from);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for DerivationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DerivationKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> DerivationKey {
        DerivationKey::from_text(text).expect("it is long enough")
    }

    #[test]
    fn what_is_derived_depends_on_key_purpose_and_source() {
        let ours = key("0123456789abcdef0123456789abcdef");
        let once = ours.derive("a", b"source");
        assert_eq!(once, ours.derive("a", b"source"));
        assert_ne!(once, ours.derive("b", b"source"));
        assert_ne!(once, ours.derive("a", b"sourcf"));
        assert_ne!(
            once,
            key("0123456789abcdef0123456789abcdeF").derive("a", b"source")
        );
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        let refused = DerivationKey::from_text("too short").expect_err("it is refused");
        assert!(refused.to_string().contains("DERIVATION_KEY_PARAMETER"));
        let shown = format!("{:?}", key("0123456789abcdef0123456789abcdef"));
        assert_eq!(shown, "DerivationKey(…)");
    }
}
