//! Entity tags: how a client names the state of a resource that it has seen (RFC 9110, sections 8.8 and 13).
//!
//! A tag is `"<version>-<hash>"`. The version counts the changes of what can be changed there, and the hash is of
//! all that was shown, and of what whoever saw it may do there: so a read by `If-None-Match` never misses anything,
//! while a write by `If-Match` fails for another's change of the same resource and not for each task that is counted
//! in it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::input::{Invalid, from_text};
use crate::model::account::Permission;

/// The version of what is made, and removed at most: whatever else is shown of it is in the hash.
pub const NEVER_CHANGED: u64 = 1;

/// How much of the hash a tag carries, in bytes.
const HASH: usize = 9;

/// How the tag of what is compressed ends.
const COMPRESSED: &str = ".gzip\"";

/// A resource as somebody has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ETag {
    version: u64,
    hash: String,
}

impl ETag {
    /// Of what is shown, in that version and to somebody who may do so much with it.
    pub(crate) fn of(version: u64, shown: impl AsRef<[u8]>, seen_as: Option<Permission>) -> Self {
        let seen_as = seen_as.map(|permission| permission.to_string());
        let hash = Sha256::new()
            .chain_update(seen_as.unwrap_or_default())
            .chain_update([0])
            .chain_update(shown)
            .finalize();
        Self {
            version,
            hash: BASE64_URL_SAFE_NO_PAD.encode(&hash[..HASH]),
        }
    }

    /// The same of what is compressed: other bytes have another tag, and its version is the same.
    pub(crate) fn compressed(tag: &str) -> String {
        let tag = tag.strip_suffix('"').unwrap_or(tag);
        format!("{tag}{COMPRESSED}")
    }

    /// Whether an `If-None-Match` says that the client has it already. What can't be read says nothing.
    pub(crate) fn is_known(&self, if_none_match: &str) -> bool {
        let plain = self.to_string();
        let own = [Self::compressed(&plain), plain];
        let is_own = |tag: &str| own.iter().any(|own| own == tag);
        if_none_match.trim() == "*"
            || tags(if_none_match).any(|tag| is_own(tag.strip_prefix("W/").unwrap_or(tag)))
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}-{}\"", self.version, self.hash)
    }
}

/// What a client has seen of what it changes: another change since then must not be lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IfMatch {
    /// It does not say.
    #[default]
    Anything,
    /// One of these versions.
    One(Vec<u64>),
}

impl IfMatch {
    /// What a header `If-Match` says.
    ///
    /// # Errors
    /// 400 if it is no list of entity tags.
    pub(crate) fn read(header: &str) -> Result<Self> {
        if header.trim() == "*" {
            return Ok(Self::Anything);
        }
        let is_tag = |tag: &str| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"')
        };
        if !tags(header).all(is_tag) {
            let message = "If-Match must be * or the ETag of an answer, with its quotes";
            return Err(Error::bad_request(message));
        }
        // A weak tag never matches, and neither does one that is none of ours.
        let version = |tag: &str| {
            let (version, _) = tag.strip_prefix('"')?.split_once('-')?;
            let number: u64 = version.parse().ok()?;
            (number.to_string() == version).then_some(number)
        };
        Ok(Self::One(tags(header).filter_map(version).collect()))
    }

    /// That the version is one that the client has seen.
    ///
    /// # Errors
    /// 412 if it is not.
    pub fn require(&self, version: u64) -> Result<()> {
        match self {
            Self::Anything => Ok(()),
            Self::One(versions) if versions.contains(&version) => Ok(()),
            Self::One(_) => Err(Error::precondition_failed()),
        }
    }

    /// What it means that another change came first: 412 to whoever says what they have seen, and `otherwise` to all
    /// others.
    pub(crate) fn outrun(&self, otherwise: Error) -> Error {
        match self {
            Self::Anything => otherwise,
            Self::One(_) => Error::precondition_failed(),
        }
    }
}

impl TryFrom<String> for IfMatch {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let message = "Must be the ETag of an answer, with its quotes";
        Self::read(&text).map_err(|_| Invalid(message.to_owned()))
    }
}

from_text!(IfMatch);

/// The tags of a list. None of ours has a comma in it.
fn tags(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::account::Role;
    use proptest::prelude::*;

    #[test]
    fn a_tag_is_of_what_is_shown_and_of_what_may_be_done_with_it() {
        let tag = |version, shown, seen_as| ETag::of(version, shown, seen_as).to_string();
        let viewer = Some(Permission::from(Role::Viewer));
        let manager = Permission {
            role: Role::Admin,
            manages: true,
        };
        let tags = [
            tag(1, "{}", viewer),
            tag(2, "{}", viewer),
            tag(1, "[]", viewer),
            tag(1, "{}", Some(Role::Admin.into())),
            tag(1, "{}", Some(manager)),
            tag(1, "{}", None),
        ];
        for (at, one) in tags.iter().enumerate() {
            assert!(tags[at + 1..].iter().all(|other| other != one), "{one}");
        }
        assert_eq!(tags[0], tag(1, "{}", viewer));
    }

    #[test]
    fn a_client_knows_what_it_names_strongly_or_weakly_alone_or_among_others() {
        let tag = ETag::of(7, "{}", None);
        let known = |header: &str| tag.is_known(header);
        assert!(known("*"));
        assert!(known(&tag.to_string()));
        assert!(known(&format!("W/{tag}")));
        assert!(known(&ETag::compressed(&tag.to_string())));
        assert!(known(&format!("\"x\" ,  {tag}")));
        assert!(!known("\"7\""));
        assert!(!known(&ETag::of(7, "[]", None).to_string()));
        assert!(!known(""));
    }

    #[test]
    fn what_others_change_of_what_is_shown_does_not_hinder_a_write() {
        let seen = ETag::of(7, "{\"task_count\":1}", Some(Role::Editor.into()));
        let by = IfMatch::read(&seen.to_string()).expect("it is a tag");
        assert!(by.require(7).is_ok());
        let compressed = ETag::compressed(&seen.to_string());
        let by_it = IfMatch::read(&compressed).expect("it is a tag");
        assert!(by_it.require(7).is_ok());
        assert_eq!(
            by.require(8).expect_err("it has changed").code().status(),
            412
        );
        let outrun = |by: &IfMatch| by.outrun(Error::conflict("It has changed"));
        assert_eq!(outrun(&by).code().status(), 412);
        assert_eq!(outrun(&IfMatch::Anything).code().status(), 409);
        for never in ["W/\"7-x\"", "\"another's\"", "\"-7\"", "\"\""] {
            let by = IfMatch::read(never).expect("it is a tag");
            assert!(by.require(7).is_err(), "{never}");
        }
        for malformed in ["", "7-x", "\"", "\"7-x\", x"] {
            assert!(IfMatch::read(malformed).is_err(), "{malformed}");
        }
        assert_eq!(IfMatch::read(" * ").ok(), Some(IfMatch::Anything));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_no_other_version_is_matched(
            header in prop_oneof![".{0,40}", "[\"W/0-9a-z,* -]{0,20}"],
            version in 0..20_u64,
        ) {
            if let Ok(IfMatch::One(versions)) = IfMatch::read(&header) {
                let matches = IfMatch::One(versions).require(version).is_ok();
                let own = format!("\"{version}-");
                prop_assert_eq!(matches, tags(&header).any(|tag| tag.starts_with(&own)));
            }
        }
    }
}
