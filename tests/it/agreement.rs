//! Failures that show what differs, and say how to mend it.

use std::collections::BTreeSet;

use similar::TextDiff;

/// A list in which the order says nothing.
pub(crate) type Lines = BTreeSet<String>;

/// Fails unless what is `found` in a place is what the truth asks for.
#[track_caller]
pub(crate) fn assert_agree(truth: (&str, &Lines), found: (&str, &Lines), mend: &str) {
    let difference = diff((truth.0, &text(truth.1)), (found.0, &text(found.1)));
    assert!(
        difference.is_empty(),
        "\n{} does not agree with {}:\n\n{difference}\nTo mend it: {mend}\n",
        found.0,
        truth.0
    );
}

/// Fails if anything breaks a rule.
#[track_caller]
pub(crate) fn assert_none(broken: &Lines, rule: &str, mend: &str) {
    assert!(
        broken.is_empty(),
        "\n{rule} But:\n\n{}\nTo mend it: {mend}\n",
        text(broken)
    );
}

/// What has to be taken out of one text and put in to make it the other; nothing if they are the same.
pub(crate) fn diff(expected: (&str, &str), found: (&str, &str)) -> String {
    TextDiff::from_lines(expected.1, found.1)
        .unified_diff()
        .context_radius(4)
        .header(expected.0, found.0)
        .to_string()
}

fn text(lines: &Lines) -> String {
    lines
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}
