//! Where a task stands among those of its status: a text that sorts, with room between any two.
//!
//! Whoever puts a task between two others gives it a text between theirs, so no other row changes. At either end no
//! neighbour has to be known: a place there is made of the time, the last ones in its order and the first ones against
//! it. (Of the crates that do it the best kept, `fractional_index` 2.0.2, subtracts from a zero digit, and panics.)

use deserr::{Deserr, IntoValue, ValuePointerRef};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::id::TaskId;
use crate::error::{Error, Result};
use crate::input::{BadInput, Invalid};
use crate::schema::{self, described};

/// The digits, in the order of their bytes.
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// What no digit reaches.
const BEYOND: usize = DIGITS.len();

/// What places at the front begin with, and at the back. Both are in the middle, so that there is room outside.
const FRONT: char = 'g';
const BACK: char = 'i';

/// The last digit of a place at an end: none of them ends in a zero, before which nothing would fit.
const LAST: char = 'i';

/// The longest, in digits; an index takes four times as much. Only a thousand tasks or so that are put one after the
/// other into ever the same gap come to it.
const LONGEST: usize = 256;

/// A place; it says nothing by itself, but sorts before and behind others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    /// Behind all tasks that are there, as a new one stands.
    pub fn of_new(id: TaskId) -> Self {
        Self(format!("{BACK}{}{LAST}", id.simple()))
    }

    /// Behind all that are there, by the clock.
    pub fn last() -> Self {
        Self::of_new(TaskId::new())
    }

    /// Before all that are there, by the clock.
    pub fn first() -> Self {
        let against = Uuid::from_u128(!Uuid::now_v7().as_u128());
        Self(format!("{FRONT}{}{LAST}", against.simple()))
    }

    /// Right behind one place and before another, of which either may be none.
    ///
    /// # Errors
    /// 409 if too many have been put between the two; 500 if they are not in order.
    pub fn between(lower: Option<&Self>, upper: Option<&Self>) -> Result<Self> {
        let between = match (lower, upper) {
            (None, None) => Self::last(),
            (Some(lower), None) => Self::last().max(lower.next()),
            (None, Some(upper)) => Self::first().min(upper.previous()),
            (Some(lower), Some(upper)) if lower < upper => {
                Self(midway(lower.0.as_bytes(), upper.0.as_bytes()))
            }
            (Some(_), Some(_)) => return Err(Error::internal("two tasks have the same place")),
        };
        if between.0.len() > LONGEST {
            let message = "Too many tasks have been put between these two: put it elsewhere";
            return Err(Error::conflict(message));
        }
        Ok(between)
    }

    /// What an index has.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What an index has had.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Right behind it, before all that another clock may put there.
    fn next(&self) -> Self {
        Self(format!("{}{LAST}", self.0))
    }

    /// Right before it.
    fn previous(&self) -> Self {
        let (rest, last) = self.0.split_at(self.0.len().saturating_sub(1));
        let last = last.bytes().next().map_or(0, value).saturating_sub(1);
        Self(format!("{rest}{}{LAST}", char::from(DIGITS[last])))
    }
}

/// Where a task is put among those of its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// Before all others.
    First,
    /// Behind all others.
    Last,
    /// Right behind this one.
    After(TaskId),
    /// Right before this one.
    Before(TaskId),
}

impl Spot {
    /// The task beside which it is put.
    pub(crate) const fn neighbour(self) -> Option<TaskId> {
        match self {
            Self::First | Self::Last => None,
            Self::After(id) | Self::Before(id) => Some(id),
        }
    }

    /// What is said where the other task is not one that it could stand beside.
    pub(crate) fn refused(behind: bool) -> Error {
        let field = if behind {
            "position.after"
        } else {
            "position.before"
        };
        let message = "Must be another task of the same project and status";
        Error::invalid(field, message)
    }
}

/// An end of the tasks of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, rename_all = lowercase)]
#[schemars(rename_all = "lowercase")]
enum End {
    First,
    Last,
}

/// Where a task is to stand: one of these alone.
#[derive(Debug, Deserr, schemars::JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
struct Wish {
    #[deserr(default)]
    after: Option<TaskId>,
    #[deserr(default)]
    before: Option<TaskId>,
    #[deserr(default)]
    end: Option<End>,
}

described! {
    Position: {
        "type": "string", "maxLength": LONGEST, "pattern": "^[0-9a-z]+$",
        "description": "It says nothing by itself, but sorts before and behind others."
    };
}

schema::is_of!(Spot: Wish);

impl Deserr<BadInput> for Spot {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef,
    ) -> std::result::Result<Self, BadInput> {
        match Wish::deserialize_from_value(value, location)? {
            Wish {
                after: Some(id),
                before: None,
                end: None,
            } => Ok(Self::After(id)),
            Wish {
                after: None,
                before: Some(id),
                end: None,
            } => Ok(Self::Before(id)),
            Wish {
                after: None,
                before: None,
                end: Some(End::First),
            } => Ok(Self::First),
            Wish {
                after: None,
                before: None,
                end: Some(End::Last),
            } => Ok(Self::Last),
            _ => {
                let message = "Must have after, before or end, and no two of them";
                Err(BadInput::at(location, Invalid(message.to_owned())))
            }
        }
    }
}

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|other| *other == digit).unwrap_or(0)
}

/// The shortest that is behind `lower` and before `upper`, halfway where there is a choice.
fn midway(lower: &[u8], upper: &[u8]) -> String {
    let digit = |of: &[u8], at: usize| of.get(at).map_or(0, |digit| value(*digit));
    let (mut between, mut is_bound) = (String::new(), true);
    for at in 0..=LONGEST {
        let low = digit(lower, at);
        let high = if is_bound { digit(upper, at) } else { BEYOND };
        let middle = low.midpoint(high);
        between.push(char::from(DIGITS[middle]));
        if middle > low {
            break;
        }
        is_bound &= low == high;
    }
    between
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_are_in_the_order_of_time() {
        let (first, last) = (Position::first(), Position::last());
        assert!(Position::first() < first && first < last && last < Position::last());
        assert!(Position::of_new(TaskId::new()) > last);
    }

    #[test]
    fn an_end_is_outside_of_what_is_there_even_if_its_clock_was_ahead() {
        let ahead = Position(format!("{BACK}ffff{LAST}"));
        let behind = Position::between(Some(&ahead), None).expect("it fits");
        assert!(ahead < behind && behind < Position(format!("{BACK}fffg{LAST}")));
        for ahead in [format!("{FRONT}0000{LAST}"), format!("{FRONT}0001")] {
            let ahead = Position(ahead);
            let before = Position::between(None, Some(&ahead)).expect("it fits");
            assert!(before < ahead && before > Position(FRONT.to_string()));
        }
    }

    #[test]
    fn what_is_not_in_order_has_nothing_between() {
        let one = Position::last();
        assert!(Position::between(Some(&one), Some(&one)).is_err());
        assert!(Position::between(Some(&one), Some(&Position::first())).is_err());
    }

    #[test]
    fn in_one_gap_is_room_for_a_thousand() {
        let (upper, mut lower) = (Position::last(), Position::first());
        let mut before = upper.clone();
        for _ in 0..1000 {
            before = Position::between(Some(&lower), Some(&before)).expect("there is room");
        }
        for _ in 0..1000 {
            lower = Position::between(Some(&lower), Some(&upper)).expect("there is room");
        }
        assert!(lower < upper);
    }

    proptest! {
        #[test]
        fn wherever_tasks_are_put_they_stay_in_order(
            gaps in prop::collection::vec(any::<prop::sample::Index>(), 1..200),
        ) {
            let mut places: Vec<Position> = Vec::new();
            for gap in gaps {
                let at = gap.index(places.len() + 1);
                let lower = at.checked_sub(1).map(|before| &places[before]);
                let between = Position::between(lower, places.get(at)).expect("there is room");
                places.insert(at, between);
            }
            prop_assert!(places.is_sorted_by(|one, next| one < next));
            prop_assert!(places.iter().all(|place| !place.0.ends_with('0')));
        }
    }
}
