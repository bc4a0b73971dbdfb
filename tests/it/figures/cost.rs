//! What calls come to.

use std::collections::BTreeSet;

use local::front::Service;

use super::meter::Call;

/// What an invocation costs.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    /// The calls by name, those that were made side by side together, in their order.
    pub(super) rounds: Vec<Vec<String>>,
    /// How many of these have a call to DynamoDB.
    pub(super) dynamodb_round_trips: usize,
    pub(super) read_units: f64,
    pub(super) write_units: f64,
}

impl Cost {
    pub(super) fn of(calls: &[Call]) -> Self {
        let levels = levels(calls);
        let count = levels.iter().max().copied().unwrap_or_default();
        let mut rounds = vec![Vec::new(); count];
        let mut dynamodb = BTreeSet::new();
        for (call, level) in calls.iter().zip(levels) {
            rounds[level - 1].push(call.name());
            if call.service == Service::DynamoDb {
                dynamodb.insert(level);
            }
        }
        for round in &mut rounds {
            round.sort();
        }
        Self {
            rounds,
            dynamodb_round_trips: dynamodb.len(),
            read_units: total(calls, |call| call.units.read),
            write_units: total(calls, |call| call.units.write),
        }
    }

    /// The longest chain of calls of which each began after the one before it had ended.
    pub(super) fn round_trips(&self) -> usize {
        self.rounds.len()
    }

    /// All calls.
    pub(super) fn calls(&self) -> Vec<&str> {
        self.rounds.iter().flatten().map(String::as_str).collect()
    }

    /// What is left without what was called first, which was one call to DynamoDB.
    pub(super) fn without_first_round(&self) -> Self {
        Self {
            rounds: self.rounds[1..].to_vec(),
            dynamodb_round_trips: self.dynamodb_round_trips - 1,
            ..*self
        }
    }
}

fn total(calls: &[Call], units: fn(&Call) -> f64) -> f64 {
    // `sum` would make -0 of nothing.
    calls.iter().map(units).fold(0.0, |sum, units| sum + units)
}

/// For each call the length of the longest chain that ends with it. The calls are in the order in which
/// they began.
fn levels(calls: &[Call]) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::with_capacity(calls.len());
    for call in calls {
        let before = calls
            .iter()
            .zip(&levels)
            .filter(|(earlier, _)| earlier.ended <= call.started)
            .map(|(_, level)| *level);
        levels.push(1 + before.max().unwrap_or_default());
    }
    levels
}
