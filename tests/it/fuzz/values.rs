//! Odd texts, numbers and JSON, and ways to spoil JSON that is right.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Number, Value, json};

/// Texts that have upset somebody's parser.
const ODD: &[&str] = &[
    "",
    " ",
    "\0",
    "a\0b",
    "\u{feff}abc",
    "\u{200b}\u{200b}\u{200b}",
    "\u{202e}abc",
    "\u{fffd}\u{ffff}",
    "e\u{301}\u{301}\u{301}",
    "\r\nX-Injected: 1",
    "'; DROP TABLE users; --",
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %s %n",
    "../../../etc/passwd",
    "%00%2e%2e",
    "00000000-0000-0000-0000-000000000000",
    "01900000-0000-7000-8000-ABCDEFABCDEF",
    "project/01900000-0000-7000-8000-000000000000",
    "T#a#P#b",
    "#",
    "\\",
    "\"",
    "null",
    "true",
    "-1",
    "1e999",
    "ada@example.com",
    "ADA@EXAMPLE.COM",
    "a@b",
    "data:image/png;base64,AAAA",
    "AAAA",
    "a.png",
    ".pdf",
];

/// Lengths around the limits of fields.
const LENGTHS: &[usize] = &[
    2, 3, 9, 10, 128, 129, 199, 200, 201, 254, 255, 256, 500, 501, 1000, 1001, 9_999, 10_000,
    10_001,
];

pub(super) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => vec(any::<char>(), 0..30).prop_map(String::from_iter),
        4 => "[a-zA-Z0-9 äöü😀]{0,40}",
        4 => select(ODD).prop_map(str::to_owned),
        1 => (select(LENGTHS), select(&['a', ' ', '\n', 'ä', '😀', '\u{200b}'][..]))
            .prop_map(|(length, c)| c.to_string().repeat(length)),
    ]
}

pub(super) fn numbers() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        select(
            &[
                0_i64,
                1,
                -1,
                i64::MIN,
                i64::MAX,
                253_402_300_799_999,
                253_402_300_800_000
            ][..]
        )
        .prop_map(Number::from),
        prop_oneof![
            any::<f64>(),
            select(&[-0.0, 1.0, 1e15, 1e308, f64::MIN_POSITIVE][..])
        ]
        .prop_filter_map("JSON has no such number", Number::from_f64),
    ]
}

/// Any JSON.
pub(super) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        numbers().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((texts(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// One thing that is done to a JSON value, somewhere in it.
#[derive(Debug, Clone)]
pub(super) enum Spoiling {
    Replace(Index, Value),
    Remove(Index),
    Add(Index, String, Value),
    Wrap(Index),
}

pub(super) fn spoilings() -> impl Strategy<Value = Spoiling> {
    prop_oneof![
        6 => (any::<Index>(), values()).prop_map(|(at, value)| Spoiling::Replace(at, value)),
        4 => (any::<Index>(), texts()).prop_map(|(at, text)| Spoiling::Replace(at, text.into())),
        2 => any::<Index>().prop_map(Spoiling::Remove),
        1 => (any::<Index>(), texts(), values())
            .prop_map(|(at, name, value)| Spoiling::Add(at, name, value)),
        1 => any::<Index>().prop_map(Spoiling::Wrap),
    ]
}

/// `value` with something done to it once, twice or three times.
pub(super) fn spoilt(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (value, vec(spoilings(), 1..4)).prop_map(|(mut value, spoilings)| {
        for spoiling in &spoilings {
            spoiling.spoil(&mut value);
        }
        value
    })
}

impl Spoiling {
    fn spoil(&self, value: &mut Value) {
        match self {
            Self::Replace(at, with) => *node(value, *at) = with.clone(),
            Self::Wrap(at) => {
                let node = node(value, *at);
                *node = json!([node.take()]);
            }
            Self::Add(at, name, with) => match node(value, *at) {
                Value::Object(members) => {
                    members.insert(name.clone(), with.clone());
                }
                Value::Array(items) => items.push(with.clone()),
                other => *other = with.clone(),
            },
            Self::Remove(at) => remove(value, *at),
        }
    }
}

/// Some node of a value, itself among them.
fn node(value: &mut Value, at: Index) -> &mut Value {
    let pointer = pick(value, at);
    value.pointer_mut(&pointer).expect("it has that node")
}

fn remove(value: &mut Value, at: Index) {
    let pointer = pick(value, at);
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return *value = Value::Null;
    };
    match value.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.shift_remove(&name.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            items.pop();
        }
        _ => {}
    }
}

fn pick(value: &Value, at: Index) -> String {
    let mut pointers = Vec::new();
    collect(value, String::new(), &mut pointers);
    at.get(&pointers).clone()
}

/// The JSON pointers of all nodes.
fn collect(value: &Value, pointer: String, into: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => named(members),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| (at.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (name, member) in members {
        collect(member, format!("{pointer}/{name}"), into);
    }
    into.push(pointer);
}

fn named(members: &Map<String, Value>) -> Vec<(String, &Value)> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let members = members.iter();
    members
        .map(|(name, member)| (escaped(name), member))
        .collect()
}
