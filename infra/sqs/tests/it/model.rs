//! A FIFO queue against a model of it, under random use.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use sqs::{Message, NewMessage, QueueSettings, Sqs};
use tempfile::TempDir;

use crate::harness::{ManualClock, open};

const QUEUE: &str = "work.fifo";

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8 },
    Receive { max: usize, seconds: u64 },
    Delete { which: usize },
    Hide { which: usize, seconds: u64 },
    Pass { seconds: u64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_u8).prop_map(|group| Step::Send { group }),
        5 => (1..12_usize, 0..20_u64).prop_map(|(max, seconds)| Step::Receive { max, seconds }),
        4 => any::<usize>().prop_map(|which| Step::Delete { which }),
        3 => (any::<usize>(), 0..20_u64).prop_map(|(which, seconds)| Step::Hide { which, seconds }),
        3 => (1..15_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Restart),
    ]
}

/// What the queue should hold: the messages of each group in order.
#[derive(Default)]
struct Model {
    groups: BTreeMap<String, Vec<Expected>>,
    sent: u64,
    /// Receipts given out, the latest of each message.
    receipts: Vec<(String, String)>,
}

struct Expected {
    id: String,
    /// When the last receiver's time is over.
    hidden_until: i64,
}

impl Model {
    /// The messages of groups that have none in flight.
    fn receivable(&self, now: i64) -> usize {
        let free = self
            .groups
            .values()
            .filter(|group| group.iter().all(|message| message.hidden_until <= now));
        free.map(Vec::len).sum()
    }

    fn received(&mut self, messages: &[Message], max: usize, now: i64, seconds: u64) {
        assert_eq!(messages.len(), self.receivable(now).min(max));
        let groups: BTreeSet<_> = messages.iter().filter_map(|m| m.group.clone()).collect();
        for name in groups {
            let got: Vec<_> = messages
                .iter()
                .filter(|message| message.group.as_ref() == Some(&name))
                .collect();
            let group = self.groups.get_mut(&name).unwrap();
            assert!(
                group.iter().all(|message| message.hidden_until <= now),
                "{name} is locked"
            );
            for (expected, message) in group.iter_mut().zip(&got) {
                assert_eq!(message.id, expected.id, "the order of {name}");
                expected.hidden_until = now + i64::try_from(seconds).unwrap() * 1000;
                self.receipts.retain(|(id, _)| *id != message.id);
                self.receipts
                    .push((message.id.clone(), message.receipt.clone()));
            }
        }
    }

    fn find(&mut self, id: &str) -> &mut Expected {
        let mut messages = self.groups.values_mut().flatten();
        messages.find(|message| message.id == id).unwrap()
    }
}

fn run(sqs: &Sqs, model: &mut Model, clock: &ManualClock, step: &Step) {
    match *step {
        Step::Send { group } => {
            model.sent += 1;
            let group = format!("g{group}");
            let message = NewMessage {
                group: Some(group.clone()),
                deduplication_id: Some(model.sent.to_string()),
                ..NewMessage::new("body")
            };
            let id = sqs.send(QUEUE, &message).unwrap().message_id;
            let expected = Expected {
                id,
                hidden_until: 0,
            };
            model.groups.entry(group).or_default().push(expected);
        }
        Step::Receive { max, seconds } => {
            let messages = sqs
                .receive(QUEUE, max, Some(Duration::from_secs(seconds)))
                .unwrap();
            model.received(&messages, max, clock.now(), seconds);
        }
        Step::Delete { which } if !model.receipts.is_empty() => {
            let (id, receipt) = model.receipts.remove(which % model.receipts.len());
            let in_flight = model.find(&id).hidden_until > clock.now();
            assert_eq!(sqs.delete(QUEUE, &receipt).is_ok(), in_flight);
            if in_flight {
                model
                    .groups
                    .values_mut()
                    .for_each(|group| group.retain(|m| m.id != id));
            }
        }
        Step::Hide { which, seconds } if !model.receipts.is_empty() => {
            let (id, receipt) = model.receipts[which % model.receipts.len()].clone();
            let now = clock.now();
            let expected = model.find(&id);
            let in_flight = expected.hidden_until > now;
            let hidden = sqs.change_visibility(QUEUE, &receipt, Duration::from_secs(seconds));
            assert_eq!(hidden.is_ok(), in_flight);
            if in_flight {
                expected.hidden_until = now + i64::try_from(seconds).unwrap() * 1000;
            }
        }
        Step::Pass { seconds } => clock.advance(Duration::from_secs(seconds)),
        Step::Delete { .. } | Step::Hide { .. } | Step::Restart => {}
    }
    let in_flight = model.groups.values().flatten();
    let in_flight = in_flight
        .filter(|message| message.hidden_until > clock.now())
        .count();
    let counts = sqs.counts(QUEUE).unwrap();
    assert_eq!(counts.in_flight, in_flight as u64);
    assert_eq!(
        counts.total(),
        model.groups.values().map(Vec::len).sum::<usize>() as u64
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn groups_stay_in_order_and_locked_whatever_receivers_do(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let folder = TempDir::new().unwrap();
        let clock = ManualClock::new();
        let mut sqs = open(folder.path(), &clock);
        sqs.create_queue(&QueueSettings::new(QUEUE)).unwrap();
        let mut model = Model::default();
        for step in &steps {
            if matches!(step, Step::Restart) {
                drop(sqs);
                sqs = open(folder.path(), &clock);
            }
            run(&sqs, &mut model, &clock, step);
        }
    }
}
