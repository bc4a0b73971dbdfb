//! Lists, page by page: how much is asked for, and where the next page begins.
//!
//! A cursor carries a place in a list and nothing else: whose list it is is told by who asks, each time
//! anew, so a cursor opens nothing that its holder could not have asked for without it. That is why it is
//! not signed. It is bound by a hash to the list and the filters that it came from, because a place in one
//! list means nothing in another.

mod number;
pub(crate) mod sort;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

pub use self::number::{DEEPEST, PageNumber, Paging, PerPage};
pub(crate) use self::number::{detail, refuse, told};
use crate::error::{Error, Result};
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// Raised when what follows in a cursor changes its form.
const VERSION: u8 = 1;

/// How much of the hash of list and filters a cursor carries, in bytes.
const BOUND_BY: usize = 8;

/// No cursor of ours is longer, in characters.
const LONGEST: usize = 512;

/// A part of a list: `{"data": […], "meta": {…}}`.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Where in the list it is.
    pub meta: Meta,
}

/// Where in its list a page is, in the terms in which it was asked for.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Meta {
    /// By a cursor.
    #[schemars(title = "Cursor")]
    Cursor {
        /// Where the next one begins; null at the end of the list.
        next_cursor: Option<Cursor>,
        /// Whether there is a next one.
        has_more: bool,
    },
    /// By its number.
    #[schemars(title = "Number")]
    Number {
        /// Which it is, from 1.
        page: usize,
        /// How many a page holds.
        per_page: usize,
        /// How many the list has; left out where nobody counts them.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
        /// Whether there is a next one.
        has_more: bool,
    },
}

impl<T> Page<T> {
    /// A page, and where the next one begins.
    pub fn of(data: Vec<T>, next_cursor: Option<Cursor>) -> Self {
        let has_more = next_cursor.is_some();
        Self {
            data,
            meta: Meta::Cursor {
                next_cursor,
                has_more,
            },
        }
    }

    /// The same page of something else.
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(with).collect(),
            meta: self.meta,
        }
    }
}

/// How many a page holds at most: 1–100, and 50 unless something else is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(usize);

impl Limit {
    /// The most.
    pub const MOST: usize = 100;

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }

    /// Cuts what was read, one more than the limit if there is more, to a page. Returns the last on it, behind
    /// which the next one begins; nothing at the end of the list.
    pub fn cut<T>(self, found: &mut Vec<T>) -> Option<&T> {
        let more = found.len() > self.0;
        found.truncate(self.0);
        found.last().filter(|_| more)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<String> for Limit {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        number::number(&text)
            .filter(|limit| (1..=Self::MOST).contains(limit))
            .map(Self)
            .ok_or_else(|| Invalid(format!("Must be a number from 1 to {}", Self::MOST)))
    }
}

/// Where a page begins, opaque to whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    bound_by: [u8; BOUND_BY],
    place: Vec<u8>,
}

impl Cursor {
    /// A place in the list `name`, of what has passed `filters`.
    ///
    /// # Errors
    /// 500 if they can't be written as JSON.
    pub fn new(name: &str, filters: &impl Serialize, place: &impl Serialize) -> Result<Self> {
        Ok(Self {
            bound_by: hash(name, filters)?,
            place: serde_json::to_vec(place).map_err(Error::internal)?,
        })
    }

    /// The place, if the cursor is of this list and these filters.
    ///
    /// # Errors
    /// 400 if it is not, or is none of ours.
    pub fn place<P: DeserializeOwned>(&self, name: &str, filters: &impl Serialize) -> Result<P> {
        if self.bound_by != hash(name, filters)? {
            let message = "This cursor is of another list, or of other filters";
            return Err(Error::invalid("cursor", message).of_query());
        }
        serde_json::from_slice(&self.place).map_err(|_| Self::malformed())
    }

    /// 400 for what is none of ours.
    pub(crate) fn malformed() -> Error {
        Error::invalid("cursor", MALFORMED).of_query()
    }
}

const MALFORMED: &str = "Must be the next_cursor of an answer";

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [&[VERSION], &self.bound_by[..], &self.place].concat();
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for Cursor {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        parse(&text).ok_or_else(|| Invalid(MALFORMED.to_owned()))
    }
}

from_text!(Limit, Cursor);

described! {
    Limit: { "type": "integer", "minimum": 1, "maximum": Self::MOST, "default": Self::default().get() };
    Cursor: {
        "type": "string", "maxLength": LONGEST,
        "description": "Where a page begins: the `next_cursor` of the page before it."
    };
}

fn parse(text: &str) -> Option<Cursor> {
    if text.len() > LONGEST {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (bound_by, place) = rest.split_first_chunk::<BOUND_BY>()?;
    (*version == VERSION).then(|| Cursor {
        bound_by: *bound_by,
        place: place.to_vec(),
    })
}

fn hash(name: &str, filters: &impl Serialize) -> Result<[u8; BOUND_BY]> {
    let text = serde_json::to_vec(&(name, filters)).map_err(Error::internal)?;
    let mut bound_by = [0; BOUND_BY];
    bound_by.copy_from_slice(&Sha256::digest(text)[..BOUND_BY]);
    Ok(bound_by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    fn cursor(filters: (&str, u8), place: (i64, &str)) -> Cursor {
        Cursor::new("things", &filters, &place).expect("it is JSON")
    }

    #[test]
    fn a_cursor_of_other_filters_or_of_another_list_is_refused() {
        let cursor = cursor(("a", 1), (7, "x"));
        let read = |name, filters: (&str, u8)| cursor.place::<(i64, String)>(name, &filters);
        assert_eq!(read("things", ("a", 1)).ok(), Some((7, "x".to_owned())));
        for (name, filters) in [
            ("things", ("a", 2)),
            ("things", ("b", 1)),
            ("others", ("a", 1)),
        ] {
            let refused = read(name, filters).expect_err("it is another's");
            assert_eq!(refused.code(), Code::BadRequest);
            assert_eq!(refused.details()[0].field, "cursor");
        }
    }

    #[test]
    fn a_place_of_another_form_is_refused() {
        let refused = cursor(("a", 1), (7, "x")).place::<[i64; 3]>("things", &("a", 1));
        assert_eq!(refused.expect_err("it is none").code(), Code::BadRequest);
    }

    #[test]
    fn a_limit_is_from_1_to_100() {
        for (text, limit) in [
            ("1", Some(1)),
            ("100", Some(100)),
            ("0", None),
            ("101", None),
            ("+1", None),
            ("-1", None),
            ("1.0", None),
            ("", None),
        ] {
            let taken = Limit::try_from(text.to_owned()).ok().map(Limit::get);
            assert_eq!(taken, limit, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(filter in any::<String>(), number in any::<u8>(), at in any::<i64>(), place in ".{0,40}") {
            let text = cursor((&filter, number), (at, &place)).to_string();
            let read = Cursor::try_from(text).expect("it is a cursor");
            let read = read.place::<(i64, String)>("things", &(filter, number))?;
            prop_assert_eq!(read, (at, place));
        }

        #[test]
        fn what_is_no_cursor_is_refused_and_no_more(text in prop_oneof![any::<String>(), "[A-Za-z0-9_-]{0,60}", "A[A-Za-z0-9_-]{480,560}"]) {
            let Ok(cursor) = Cursor::try_from(text.clone()) else { return Ok(()) };
            prop_assert_eq!(cursor.to_string(), text, "it has one spelling");
            let read = cursor.place::<(i64, String)>("things", &("a", 1));
            prop_assert!(read.is_err());
        }
    }
}
