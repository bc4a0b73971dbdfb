//! The fixtures in `events/`; what they say is tested beside the adapters.

use super::workspace::{folders_in, names};
use crate::agreement::{Lines, assert_agree, assert_none};
use crate::fixtures;

#[test]
fn every_function_has_a_folder_of_events() {
    assert_agree(
        ("the endpoints", &names()),
        ("events/", &folders_in("events")),
        "name the folder as the function.",
    );
}

#[test]
fn every_event_has_an_expectation_and_nothing_else_lies_around() {
    let mut odd = Lines::new();
    for function in folders_in("events") {
        let files: Lines = fixtures::files(&function).into_iter().collect();
        let wanted: Lines = fixtures::cases(&function)
            .iter()
            .flat_map(|case| [format!("{case}.json"), format!("{case}.expected.json")])
            .collect();
        let missing = wanted.difference(&files);
        odd.extend(missing.map(|file| format!("events/{function}/{file} is missing")));
        let stray = files.difference(&wanted);
        odd.extend(stray.map(|file| format!("events/{function}/{file} belongs to no event")));
    }
    assert_none(
        &odd,
        "Each event `<case>.json` has `<case>.expected.json` beside it.",
        "add what is missing, and remove what is left over.",
    );
}
