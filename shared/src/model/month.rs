//! Calendar months, in UTC.

use serde::{Serialize, Serializer};

use super::Millis;
use crate::schema::described;

const DAY: Millis = 24 * 3_600_000;

/// The days from March of the year 0, with which the count below begins, to 1970.
const UNTIL_1970: i64 = 719_468;

/// The days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// A month, counted from January of the year 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i64);

impl Month {
    /// The one that a time is in.
    ///
    /// Years are counted from March, so that a leap day is the last one of its year: then a day's number in
    /// its era tells the year, and a day's number in its year the month.
    pub fn of(at: Millis) -> Self {
        let days = at.div_euclid(DAY) + UNTIL_1970;
        let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let since_march = (5 * day + 2) / 153;
        Self((era * 400 + year) * 12 + since_march + 2)
    }

    /// When it begins.
    pub fn start(self) -> Millis {
        let since_march = self.0 - 2;
        let (year, month) = (since_march.div_euclid(12), since_march.rem_euclid(12));
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5;
        (era * ERA + day - UNTIL_1970) * DAY
    }

    /// The one before it.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0 - 1)
    }
}

/// `2026-11`.
impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        write!(f, "{year:04}-{month:02}")
    }
}

described! {
    Month: { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "examples": ["2026-11"] };
}

/// As it is written.
impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_is_the_calendar_s() {
        for (at, month) in [
            (0, "1970-01"),
            (-1, "1969-12"),
            (951_782_400_000, "2000-02"),
            (951_868_799_999, "2000-02"),
            (951_868_800_000, "2000-03"),
            (1_798_761_599_999, "2026-12"),
            (1_798_761_600_000, "2027-01"),
            (253_402_300_799_999, "9999-12"),
        ] {
            assert_eq!(Month::of(at).to_string(), month, "{at}");
        }
    }

    proptest! {
        #[test]
        fn a_month_begins_in_itself_and_right_after_the_one_before(at in 0..253_402_300_800_000_i64) {
            let month = Month::of(at);
            prop_assert!(month.start() <= at);
            prop_assert_eq!(Month::of(month.start()), month);
            prop_assert_eq!(Month::of(month.start() - 1), month.previous());
            let days = (month.start() - month.previous().start()) / DAY;
            prop_assert!((28..=31).contains(&days));
        }
    }
}
