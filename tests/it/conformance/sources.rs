//! What the code of functions may say.

use std::fs;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::workspace::{ROOT, endpoints, files_in, names, read, sources_of};
use crate::agreement::{Lines, assert_agree, assert_none};

/// The most lines of a handler's body: blank ones, and those that only close what others opened, don't
/// count.
const STORY: usize = 25;

/// The functions that act in no tenant.
const SYSTEM: [&str; 5] = [
    "relay",
    "sweep-due",
    "sweep-log",
    "sweep-projects",
    "sweep-uploads",
];

/// The HTTP statuses that the API may answer.
const STATUSES: [u16; 24] = [
    200, 201, 202, 204, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 410, 412, 413,
    415, 422, 429, 500, 503,
];

#[test]
fn no_function_names_the_aws_sdk() {
    assert_none(
        &words(|word| word.starts_with("aws_").then(|| word.to_owned())),
        "A function reaches AWS through `sdk` alone.",
        "put the call into shared/src/sdk, and give it a name that the handler can tell its story with.",
    );
}

#[test]
fn no_function_names_an_http_status() {
    let statuses = words(|word| {
        let plain = word.replace('_', "");
        let digits = plain.split(|c: char| !c.is_ascii_digit()).next();
        let number = digits.and_then(|digits| digits.parse().ok());
        let is_status = number.is_some_and(|number| STATUSES.contains(&number));
        (is_status || word == "StatusCode").then(|| word.to_owned())
    });
    assert_none(
        &statuses,
        "Statuses stand in one table, shared/src/error.rs.",
        "return an Error or a Reply that stands for it.",
    );
}

#[test]
fn no_function_spells_a_key() {
    let keys = words(|word| (word.contains('"') && is_key(word)).then(|| word.to_owned()));
    assert_none(
        &keys,
        "Keys are minted by a tenant or a loaded row, never formatted.",
        "spell the key in shared/src/keys, behind a method of what mints it.",
    );
}

#[test]
fn a_handler_is_a_story_of_at_most_25_lines() {
    let long = names()
        .into_iter()
        .flat_map(|name| {
            let source = read(&format!("functions/{name}/src/lib.rs"));
            let stories = stories(&source);
            assert!(!stories.is_empty(), "{name} has no `pub async fn`");
            let long = stories.into_iter().filter(|(_, lines)| *lines > STORY);
            long.map(move |(handler, lines)| format!("{name}: {handler} has {lines} lines"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(
        &long,
        &format!("A handler is a story of at most {STORY} lines."),
        "give a name to a step of it.",
    );
}

#[test]
fn who_looks_at_if_match_says_so() {
    let looking = names()
        .into_iter()
        .filter(|name| read(&format!("functions/{name}/src/lib.rs")).contains("if_match,"));
    let saying = endpoints()
        .into_iter()
        .filter(|endpoint| endpoint.takes_if_match);
    assert_agree(
        ("the handlers that look at `if_match`", &looking.collect()),
        (
            "the endpoints that take it",
            &saying.map(|endpoint| endpoint.name.to_owned()).collect(),
        ),
        "say `.takes_if_match()` in ENDPOINT, or look at `event.if_match`.",
    );
}

#[test]
fn only_a_short_list_of_functions_acts_in_no_tenant() {
    let found = words(|word| (word == "System").then(String::new))
        .iter()
        .filter_map(|line| {
            Some(
                line.strip_prefix("functions/")?
                    .split_once('/')?
                    .0
                    .to_owned(),
            )
        })
        .collect();
    let allowed = SYSTEM.map(str::to_owned).into();
    assert_agree(
        ("the list in tests/it/conformance/sources.rs", &allowed),
        ("functions/", &found),
        "let the function act for a tenant; if it can't, say why in its file, and change the list.",
    );
}

#[test]
fn the_same_functions_are_bound_to_no_tenant() {
    let found = endpoints()
        .iter()
        .filter(|endpoint| endpoint.unbound)
        .map(|endpoint| endpoint.name.to_owned())
        .collect();
    assert_agree(
        (
            "the list in tests/it/conformance/sources.rs",
            &SYSTEM.map(str::to_owned).into(),
        ),
        ("the endpoints that say `unbound`", &found),
        "bind each request to the tenant that it acts in; if that can't be, say why in the function's file, and \
         change the list.",
    );
}

/// They are for the tests of one wall without the other.
#[test]
fn nothing_but_tests_opens_a_door_in_the_walls_between_tenants() {
    let mut opened = Lines::new();
    for folder in ["functions", "infra"] {
        for file in files_in(&ROOT.join(folder)) {
            // What is compressed is no source.
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            let opens = text.contains("astray") || text.contains("Doors");
            opened.extend(opens.then(|| file.display().to_string()));
        }
    }
    assert_none(
        &opened,
        "`Function::astray` is for tests/it/isolation.rs alone.",
        "take it out.",
    );
}

/// Where functions' sources, comments apart, have what `find` finds in a name, a number or a text.
fn words(find: impl Fn(&str) -> Option<String>) -> Lines {
    let mut found = Lines::new();
    for name in names() {
        for file in sources_of(&name) {
            let text = fs::read_to_string(&file).expect("it can be read");
            let tokens = text.parse().expect("it is Rust");
            let file = file.strip_prefix(&*ROOT).unwrap_or(&file);
            each_word(tokens, &mut |word| {
                found.extend(find(word).map(|word| format!("{}: {word}", file.display())));
            });
        }
    }
    found
}

fn each_word(tokens: TokenStream, see: &mut impl FnMut(&str)) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_documentation(&group) => {}
            TokenTree::Group(group) => each_word(group.stream(), see),
            TokenTree::Ident(name) => see(&name.to_string()),
            TokenTree::Literal(literal) => see(&literal.to_string()),
            TokenTree::Punct(_) => {}
        }
    }
}

/// Whether it is what a doc comment becomes: `[doc = "…"]`.
fn is_documentation(group: &proc_macro2::Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if name == "doc")
}

/// Whether a text is of the form of a key: `T#…`, `…#LOG#…`, `{id}#…`.
fn is_key(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + 1..].chars().next();
        before.is_some_and(|c| c.is_ascii_uppercase() || c == '}')
            || after.is_some_and(|c| c.is_ascii_uppercase() || c == '{')
    })
}

/// Each handler, and how many lines of its body say something.
fn stories(source: &str) -> Vec<(&str, usize)> {
    let handlers = source.split("pub async fn ").skip(1);
    let told = handlers.filter_map(|handler| {
        let (name, rest) = handler.split_once('(')?;
        let (_, rest) = rest.split_once(" {\n")?;
        let (body, _) = rest.split_once("\n}\n")?;
        let lines = body.lines().filter(|line| says_something(line)).count();
        Some((name, lines))
    });
    told.collect()
}

fn says_something(line: &str) -> bool {
    let line = line.trim();
    let closing = |c: char| matches!(c, ')' | ']' | '}' | ';' | ',' | '?');
    !line.trim_matches(closing).is_empty() && line.trim_matches(closing) != ".await"
}

#[test]
fn a_key_is_told_from_other_texts() {
    for key in ["T#", "PROJECT#{id}", "{tenant}#P", "#LOG#"] {
        assert!(is_key(key), "{key}");
    }
    for text in ["see #88", "/#/"] {
        assert!(!is_key(text), "{text}");
    }
}
