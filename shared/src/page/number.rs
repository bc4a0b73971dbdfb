//! Pages by their numbers, as far as that goes: whoever wants page 7 has six pages read for nothing.

use super::{Cursor, Limit};
use crate::error::{Detail, Error, Result};
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// How many rows of a list can be reached by pages' numbers. Behind them a cursor goes on, which costs the same
/// everywhere.
pub const DEEPEST: usize = 1_000;

/// How many rows a page with a number can hold.
const MOST: usize = 100;

/// Which page: from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber(usize);

/// How many rows a page with a number holds at most: 1–100, and 20 unless something else is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerPage(usize);

/// Which page of a list is asked for, and in which of the two ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// So many, from a cursor on or from the beginning.
    Cursor(Limit, Option<Cursor>),
    /// One by its number.
    Number(PageNumber, PerPage),
}

impl Paging {
    /// How many rows have to be read, from the beginning or from a cursor on: those of the page, and all before it that
    /// are skipped.
    pub(crate) const fn rows(&self) -> usize {
        match self {
            Self::Cursor(limit, _) => limit.get(),
            Self::Number(page, per_page) => page.rows(*per_page),
        }
    }

    /// Cuts what was read, one more than the rows if there are more, to the page; returns whether there are more behind
    /// it.
    pub(crate) fn cut<T>(&self, found: &mut Vec<T>) -> bool {
        let rows = self.rows();
        let more = found.len() > rows;
        found.truncate(rows);
        if let Self::Number(_, per_page) = self {
            let before = found.len().min(rows - per_page.get());
            found.drain(..before);
        }
        more
    }

    /// Reads what a query says. The pages are those of a cursor unless it names a number or a size of pages.
    ///
    /// # Errors
    /// What is wrong with each parameter: both ways at once, or a page that is too deep.
    pub fn of(
        (page, per_page): (Option<PageNumber>, Option<PerPage>),
        (limit, cursor): (Option<Limit>, Option<Cursor>),
    ) -> Result<Self, Vec<Detail>> {
        if page.is_none() && per_page.is_none() {
            return Ok(Self::Cursor(limit.unwrap_or_default(), cursor));
        }
        let both = [("limit", limit.is_some()), ("cursor", cursor.is_some())];
        let both = both.into_iter().filter(|(_, given)| *given);
        let mut wrong: Vec<_> = both
            .map(|(field, _)| detail(field, "Can't be combined with page and per_page"))
            .collect();
        let (page, per_page) = (page.unwrap_or_default(), per_page.unwrap_or_default());
        if page.rows(per_page) > DEEPEST {
            wrong.push(detail(
                "page",
                "Pages end after 1,000 rows: use limit and cursor to go further",
            ));
        }
        if wrong.is_empty() {
            Ok(Self::Number(page, per_page))
        } else {
            Err(wrong)
        }
    }
}

/// A parameter of a query, and what is wrong with it.
pub(crate) fn detail(field: &str, message: impl Into<String>) -> Detail {
    Detail {
        field: field.to_owned(),
        message: message.into(),
    }
}

/// 400 for all that is wrong with a query, if anything is.
pub(crate) fn refuse(wrong: Vec<Detail>) -> Result<()> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::validation(wrong).of_query())
    }
}

/// What came out, or else nothing, and all that is wrong among the rest of it.
pub(crate) fn told<T>(outcome: Result<T, Vec<Detail>>, wrong: &mut Vec<Detail>) -> Option<T> {
    outcome.map_err(|details| wrong.extend(details)).ok()
}

impl PageNumber {
    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }

    /// How many rows the pages up to and with this one have.
    pub(crate) const fn rows(self, per_page: PerPage) -> usize {
        self.0.saturating_mul(per_page.0)
    }
}

impl PerPage {
    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for PageNumber {
    fn default() -> Self {
        Self(1)
    }
}

impl Default for PerPage {
    fn default() -> Self {
        Self(20)
    }
}

impl TryFrom<String> for PageNumber {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        number(&text)
            .filter(|page| (1..=DEEPEST).contains(page))
            .map(Self)
            .ok_or_else(|| Invalid(format!("Must be a number from 1 to {DEEPEST}")))
    }
}

impl TryFrom<String> for PerPage {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        number(&text)
            .filter(|rows| (1..=MOST).contains(rows))
            .map(Self)
            .ok_or_else(|| Invalid(format!("Must be a number from 1 to {MOST}")))
    }
}

from_text!(PageNumber, PerPage);

described! {
    PageNumber: { "type": "integer", "minimum": 1, "maximum": DEEPEST, "default": 1 };
    PerPage: { "type": "integer", "minimum": 1, "maximum": MOST, "default": 20 };
}

/// A number in digits, and nothing else.
pub(super) fn number(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(text: &str) -> Option<PageNumber> {
        PageNumber::try_from(text.to_owned()).ok()
    }

    fn per_page(text: &str) -> Option<PerPage> {
        PerPage::try_from(text.to_owned()).ok()
    }

    #[test]
    fn a_page_is_by_cursor_unless_a_number_is_named() {
        let limit = Limit::try_from("7".to_owned()).expect("it is one");
        assert_eq!(
            Paging::of((None, None), (None, None)),
            Ok(Paging::Cursor(Limit::default(), None))
        );
        assert_eq!(
            Paging::of((None, None), (Some(limit), None)),
            Ok(Paging::Cursor(limit, None))
        );
        assert_eq!(
            Paging::of((page("2"), None), (None, None)),
            Ok(Paging::Number(PageNumber(2), PerPage(20)))
        );
        let both = Paging::of((page("501"), per_page("2")), (Some(limit), None));
        let fields: Vec<_> = both
            .expect_err("it is both")
            .into_iter()
            .map(|wrong| wrong.field)
            .collect();
        assert_eq!(fields, ["limit", "page"]);
    }

    proptest! {
        #[test]
        fn a_number_of_pages_is_one_in_digits(text in prop_oneof![any::<String>(), "[0-9]{1,5}", "[+-]?[0-9]{1,25}"]) {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let meant = text.parse::<u128>().ok().filter(|_| digits);
            let within = |most| meant.filter(|number| (1..=most).contains(number));
            prop_assert_eq!(page(&text).map(|page| page.0 as u128), within(1_000));
            prop_assert_eq!(per_page(&text).map(|rows| rows.0 as u128), within(100));
        }

        #[test]
        fn pages_of_numbers_are_a_list_in_pieces(length in 0..200_usize, rows in 1..=100_usize) {
            let list: Vec<_> = (0..length).collect();
            let mut walked = Vec::new();
            for number in 1.. {
                let paging = Paging::Number(PageNumber(number), PerPage(rows));
                let mut page = list.clone();
                page.truncate(paging.rows() + 1);
                let more = paging.cut(&mut page);
                prop_assert!(page.len() <= rows);
                walked.extend(page);
                if !more {
                    break;
                }
            }
            prop_assert_eq!(walked, list);
        }

        #[test]
        fn pages_end_where_they_are_said_to(number in 1..=1000_usize, rows in 1..=100_usize) {
            let asked = Paging::of((Some(PageNumber(number)), Some(PerPage(rows))), (None, None));
            prop_assert_eq!(asked.is_ok(), number * rows <= DEEPEST);
        }
    }
}
