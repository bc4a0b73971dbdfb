//! Bodies: what is right, what is nearly right, and what is nothing at all.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::values::{spoilt, texts, values};

/// What does not belong where it is put.
const SNIPPETS: &[&[u8]] = &[
    br"\ud800",
    br"\udc00\ud800",
    br"\u0000",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"1e999",
    b"-1e-999",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"0.1e1",
    b"NaN",
    b"Infinity",
    b",",
    b"{",
    b"}",
    b"]",
    b"\"",
    b"\\",
    b"'",
    b"/**/",
    b"[[[[",
    b"01",
    b"nul",
];

/// One thing that is done to a text's bytes.
#[derive(Debug, Clone)]
enum Edit {
    Insert(Index, &'static [u8]),
    Delete(Index, usize),
    Change(Index, u8),
    Truncate(Index),
}

/// Bodies near `valid`, an object, and bodies that are far from it.
pub(super) fn bodies(valid: Vec<Value>) -> impl Strategy<Value = Vec<u8>> {
    let valid = select(valid);
    let text = valid.clone().prop_map(|body| body.to_string().into_bytes());
    prop_oneof![
        2 => text.clone(),
        8 => spoilt(valid.clone()).prop_map(|body| body.to_string().into_bytes()),
        4 => (text.clone(), vec(edits(), 1..4)).prop_map(|(text, edits)| edited(text, &edits)),
        1 => (valid.clone(), any::<Index>(), values()).prop_map(twice),
        1 => (valid.clone(), any::<Index>(), 100..400_usize, any::<bool>()).prop_map(nested),
        1 => (valid, any::<Index>(), 10_000..140_000_usize).prop_map(huge),
        1 => values().prop_map(|body| body.to_string().into_bytes()),
        1 => texts().prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
    ]
}

fn edits() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (any::<Index>(), select(SNIPPETS)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        1 => (any::<Index>(), 1..9_usize).prop_map(|(at, length)| Edit::Delete(at, length)),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Change(at, byte)),
        1 => any::<Index>().prop_map(Edit::Truncate),
    ]
}

fn edited(mut text: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let at = |at: &Index| at.index(text.len() + 1);
        match edit {
            Edit::Insert(index, bytes) => {
                let at = at(index);
                text.splice(at..at, bytes.iter().copied());
            }
            Edit::Delete(index, length) => {
                let at = at(index);
                text.drain(at..text.len().min(at + length));
            }
            Edit::Change(index, byte) => {
                let at = at(index);
                if let Some(old) = text.get_mut(at) {
                    *old = *byte;
                }
            }
            Edit::Truncate(index) => text.truncate(at(index)),
        }
    }
    text
}

/// A member that stands there twice.
fn twice((body, at, value): (Value, Index, Value)) -> Vec<u8> {
    let Some(name) = member(&body, at) else {
        return format!("{{\"a\":1,\"a\":{value}}}").into_bytes();
    };
    let text = body.to_string();
    format!("{{{}:{value},{}", json!(name), &text[1..]).into_bytes()
}

/// A member that goes very deep.
fn nested((mut body, at, depth, arrays): (Value, Index, usize, bool)) -> Vec<u8> {
    let (open, close) = if arrays { ("[", "]") } else { ("{\"a\":", "}") };
    let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let Some(name) = member(&body, at) else {
        return deep.into_bytes();
    };
    body[name] = json!("\u{1}");
    let text = body.to_string();
    text.replace("\"\\u0001\"", &deep).into_bytes()
}

/// A member that is very long.
fn huge((mut body, at, length): (Value, Index, usize)) -> Vec<u8> {
    if let Some(name) = member(&body, at) {
        body[name] = json!("a".repeat(length));
    }
    body.to_string().into_bytes()
}

fn member(body: &Value, at: Index) -> Option<String> {
    let names: Vec<&String> = body.as_object()?.keys().collect();
    (!names.is_empty()).then(|| (*at.get(&names)).clone())
}
