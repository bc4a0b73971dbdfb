//! How many calls somebody has made in the last minute: a window that slides second by second.
//!
//! Calls are counted by the second. Whatever lies less than 60 s before a call lies in its second or in one of the
//! sixty before it, and these 61 together never hold more than the limit: so no 60 s do, wherever they begin. A place
//! is free again 60 to 61 s after it was taken.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Millis;

/// How long a call counts, in seconds.
pub const SECONDS: usize = 60;

/// What a call counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A call, and no more.
    Plain,
    /// A search as well.
    Search,
    /// One that stores files, or has them made, as well.
    File,
}

/// How many calls somebody may make in any 60 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// So many, and 30 % of them of each kind that costs more. None if there is no limit.
    pub const fn of(calls: u32) -> Option<Self> {
        match calls {
            0 => None,
            calls => Some(Self(calls)),
        }
    }

    const fn calls(self) -> u32 {
        self.0
    }

    const fn costly(self) -> u32 {
        let tenths = self.0.saturating_mul(3);
        tenths.div_ceil(10)
    }
}

/// How much somebody may still ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many calls a minute may have.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When the next place is free, in epoch seconds.
    pub reset: i64,
}

impl Quota {
    /// The same, as headers tell it.
    pub fn headers(self) -> [(&'static str, String); 3] {
        [
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
        ]
    }

    /// How many whole seconds it is until the next place is free; at least one.
    pub fn wait(self, now: Millis) -> u64 {
        let millis = self.reset.saturating_mul(1000).saturating_sub(now);
        u64::try_from(millis)
            .unwrap_or_default()
            .div_ceil(1000)
            .max(1)
    }
}

/// The calls of a user or a key, as of the second of the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    second: i64,
    all: Tally,
    searches: Tally,
    files: Tally,
}

/// How many there were in the newest second, and in each of those before it, the later first. Seconds at the end
/// in which there were none are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Tally {
    latest: u32,
    past: Vec<u32>,
}

/// What counts a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing does: there is no room.
    Full(Quota),
    /// One more in the newest second, if it still is `second` and has fewer than `room` calls, and of the call's own
    /// kind fewer than `room_of_kind`.
    Add {
        /// Which.
        second: i64,
        /// At most so many calls in it.
        room: u32,
        /// At most so many of the kind; nothing if the kind has no limit of its own.
        room_of_kind: Option<u32>,
    },
    /// A newer second, in which the call is the first, if nobody has counted since: the newest was `over`, with so
    /// many calls, or there was none.
    Roll {
        /// What it takes the place of.
        over: Option<(i64, u32)>,
        /// What is there from now on.
        to: Calls,
    },
}

impl Calls {
    /// What counts a call of a kind at `now`, by what has been `found`. Who found it a while ago is told the same, or
    /// something whose condition is not met, and never [`Step::Full`] where there is room: the counts of a second
    /// only grow.
    pub fn step(found: Option<&Self>, now: Millis, limit: Limit, kind: Kind) -> Step {
        let second = now.div_euclid(1000);
        let Some(found) = found else {
            let to = Self::default().at(second).with(kind);
            return Step::Roll { over: None, to };
        };
        let calls = found.at(second);
        if calls
            .tallies(limit, kind)
            .any(|(tally, most)| tally.total() >= most)
        {
            return Step::Full(calls.quota(limit, kind));
        }
        if calls.second == found.second {
            let room = |tally: &Tally, most: u32| most.saturating_sub(tally.before());
            return Step::Add {
                second: calls.second,
                room: room(&calls.all, limit.calls()),
                room_of_kind: calls.of(kind).map(|tally| room(tally, limit.costly())),
            };
        }
        Step::Roll {
            over: Some((found.second, found.all.latest)),
            to: calls.with(kind),
        }
    }

    /// How much is left for calls of a kind: what is scarcest of all that they count as.
    pub fn quota(&self, limit: Limit, kind: Kind) -> Quota {
        let quotas = self.tallies(limit, kind).map(|(tally, most)| {
            let total = tally.total();
            let frees = i64::try_from(tally.frees_in(total.min(most))).unwrap_or(i64::MAX);
            Quota {
                limit: most,
                remaining: most.saturating_sub(total),
                reset: self.second.saturating_add(frees),
            }
        });
        let scarcest = quotas.min_by_key(|quota| (quota.remaining, -quota.reset));
        scarcest.unwrap_or(Quota {
            limit: limit.calls(),
            remaining: limit.calls(),
            reset: self.second,
        })
    }

    /// The second of the newest call.
    pub fn second(&self) -> i64 {
        self.second
    }

    /// The name under which those of a kind are kept, if it has a limit of its own.
    pub fn name(kind: Kind) -> Option<&'static str> {
        match kind {
            Kind::Plain => None,
            Kind::Search => Some("searches"),
            Kind::File => Some("files"),
        }
    }

    /// As of a second; as it is for clocks that are behind.
    fn at(&self, second: i64) -> Self {
        let second = second.max(self.second);
        let passed = usize::try_from(second.saturating_sub(self.second)).unwrap_or(usize::MAX);
        Self {
            second,
            all: self.all.slid(passed),
            searches: self.searches.slid(passed),
            files: self.files.slid(passed),
        }
    }

    /// With one more in the newest second.
    fn with(mut self, kind: Kind) -> Self {
        self.all.latest += 1;
        match kind {
            Kind::Plain => {}
            Kind::Search => self.searches.latest += 1,
            Kind::File => self.files.latest += 1,
        }
        self
    }

    /// All that a call of a kind counts as, each with its limit.
    fn tallies(&self, limit: Limit, kind: Kind) -> impl Iterator<Item = (&Tally, u32)> {
        let of_kind = self.of(kind).map(|tally| (tally, limit.costly()));
        [(&self.all, limit.calls())].into_iter().chain(of_kind)
    }

    fn of(&self, kind: Kind) -> Option<&Tally> {
        match kind {
            Kind::Plain => None,
            Kind::Search => Some(&self.searches),
            Kind::File => Some(&self.files),
        }
    }
}

impl Tally {
    fn before(&self) -> u32 {
        self.past
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn total(&self) -> u32 {
        self.before().saturating_add(self.latest)
    }

    /// The same, so many seconds later.
    fn slid(&self, seconds: usize) -> Self {
        let Some(empty) = seconds.checked_sub(1) else {
            return self.clone();
        };
        let mut past = vec![0; empty.min(SECONDS)];
        past.push(self.latest);
        past.extend(&self.past);
        past.truncate(SECONDS);
        let kept = past.iter().rposition(|count| *count > 0);
        past.truncate(kept.map_or(0, |last| last + 1));
        Self { latest: 0, past }
    }

    /// In how many seconds there are fewer than so many, or at the latest none, if no more come.
    fn frees_in(&self, fewer_than: u32) -> usize {
        let mut left = self.total();
        for (before, count) in self.past.iter().enumerate().rev() {
            left = left.saturating_sub(*count);
            if left < fewer_than {
                return SECONDS - before;
            }
        }
        SECONDS + 1
    }
}
