//! What was tried, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

/// Probes by route and place, and what was wrong.
#[derive(Debug, Default)]
pub(super) struct Tally {
    probes: BTreeMap<(String, String), usize>,
    /// What of another tenant's got out, or was told from what does not exist.
    pub(super) leaks: Vec<String>,
    /// What was not answered as it has to be.
    pub(super) wrong: Vec<String>,
    /// How those were refused who are nobody: always in the same way.
    pub(super) refusals: BTreeSet<String>,
}

impl Tally {
    pub(super) fn probe(&mut self, route: &str, place: &str) {
        *self
            .probes
            .entry((route.to_owned(), place.to_owned()))
            .or_default() += 1;
    }

    pub(super) fn add(&mut self, other: Self) {
        for (key, count) in other.probes {
            *self.probes.entry(key).or_default() += count;
        }
        self.leaks.extend(other.leaks);
        self.wrong.extend(other.wrong);
        self.refusals.extend(other.refusals);
    }

    pub(super) fn probes(&self) -> usize {
        self.probes.values().sum()
    }

    /// How often a place was tried.
    pub(super) fn of(&self, route: &str, place: &str) -> usize {
        let key = (route.to_owned(), place.to_owned());
        self.probes.get(&key).copied().unwrap_or_default()
    }

    /// A line for each place.
    pub(super) fn table(&self) -> String {
        let lines = self.probes.iter();
        let lines =
            lines.map(|((route, place), count)| format!("{route:<24} {place:<24} {count:>5}\n"));
        lines.collect()
    }
}
