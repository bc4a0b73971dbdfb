//! What the README lists, held against the code that it lists.

use std::fs;
use std::path::Path;

use local::functions;
use shared::endpoint::uses;
use shared::error::Code;
use shared::model::attachment::MAX_BYTES;
use shared::model::text::LIMITS;

use crate::agreement::assert_agree;

#[test]
fn the_readme_tells_the_limits_of_every_text() {
    let found = rows("README.md", "### Limits")
        .into_iter()
        .filter(|row| row[1].contains("characters") && row[0] != "Password")
        .map(|row| format!("{}: {}", row[0], up_to_characters(&row[1])))
        .collect();
    let wanted = LIMITS
        .iter()
        .map(|limits| {
            let (min, max) = (limits.min, thousands(limits.max));
            format!("{}: {min}–{max} characters", limits.label)
        })
        .collect();
    assert_agree(
        ("shared::model::text::LIMITS", &wanted),
        ("the README's table of limits", &found),
        "change the table in the README.",
    );
}

#[test]
fn the_readme_tells_how_large_a_body_and_a_file_may_be() {
    let limit = |field: &str| {
        let rows = rows("README.md", "### Limits");
        let row = rows.into_iter().find(|row| row[0] == field);
        row.unwrap_or_else(|| panic!("there is a row for {field}"))[1].clone()
    };
    assert!(limit("Attachment").starts_with(&format!("{} MiB", MAX_BYTES >> 20)));
    let body = limit("Body");
    for endpoint in functions::all().iter().map(|function| function.endpoint) {
        let stated = if body.contains(&format!("`{}`", endpoint.name)) {
            format!("{} MiB for `{}`", endpoint.body_limit >> 20, endpoint.name)
        } else {
            format!("{} KiB for all others", endpoint.body_limit >> 10)
        };
        assert!(
            body.contains(&stated),
            "the README says {body}, not {stated}"
        );
    }
}

#[test]
fn the_readme_tells_which_rust_it_needs() {
    let manifest = read("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .expect("Cargo.toml has it")
        .trim_matches('"');
    let told = format!("[Rust](https://rustup.rs) {version} or later");
    let readme = read("README.md");
    assert!(readme.contains(&told), "the README has to say: {told}");
}

#[test]
fn the_readme_lists_every_route() {
    let found = rows("README.md", "## The API")
        .into_iter()
        .filter(|row| row[0].contains(" /"))
        .map(|row| row[0].replace('`', ""))
        .collect();
    let wanted = functions::all()
        .iter()
        .flat_map(|function| {
            let endpoint = function.endpoint;
            let authenticates = [uses::AUTHENTICATE, uses::PUBLIC_KEYS];
            let open = !authenticates.iter().all(|used| endpoint.is_granted(used));
            let mark = if open { "○ " } else { "" };
            let routes = function.endpoint.routes();
            let routes = routes.filter(|(_, path)| *path != "$default");
            routes.map(move |(method, path)| format!("{mark}{method} {path}"))
        })
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("the README's table of the API", &found),
        "change the table in the README.",
    );
}

#[test]
fn the_readme_tells_the_status_of_every_code() {
    const CODES: [Code; 13] = [
        Code::BadRequest,
        Code::Unauthenticated,
        Code::Forbidden,
        Code::NotFound,
        Code::MethodNotAllowed,
        Code::Conflict,
        Code::PreconditionFailed,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::ValidationError,
        Code::RateLimited,
        Code::Internal,
        Code::Unavailable,
    ];
    let found = rows("README.md", "### Errors")
        .into_iter()
        .filter(|row| row[0].parse::<u16>().is_ok())
        .map(|row| format!("{} {}", row[0], row[1].replace('`', "")))
        .collect();
    let wanted = CODES
        .iter()
        .map(|code| {
            let name = serde_json::to_value(code).expect("a code is a text");
            format!("{} {}", code.status(), name.as_str().unwrap_or_default())
        })
        .collect();
    assert_agree(
        ("shared::error::Code", &wanted),
        ("the README's table of errors", &found),
        "change the table in the README.",
    );
}

#[test]
fn the_page_about_deploying_lists_every_parameter() {
    let found = rows("infra/DEPLOYING.md", "## Parameters")
        .into_iter()
        .flat_map(|row| {
            let names = row[0].split(", ").map(|name| name.replace('`', ""));
            names.collect::<Vec<_>>()
        })
        .collect();
    let template: serde_norway::Value =
        serde_norway::from_str(&read("template.yaml")).expect("the template is YAML");
    let wanted = template["Parameters"]
        .as_mapping()
        .expect("it has parameters")
        .keys()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect();
    assert_agree(
        ("template.yaml", &wanted),
        ("infra/DEPLOYING.md", &found),
        "change the table there.",
    );
}

/// The cells of a page's tables between a heading and the next of its kind or above, without the tables'
/// heads.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let (_, after) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{page} has {heading}"));
    let section = after.split("\n#").next().unwrap_or_default();
    let mut rows = Vec::new();
    let mut in_body = false;
    for line in section.lines() {
        if !line.starts_with('|') {
            in_body = false;
        } else if line.starts_with("|---") {
            in_body = true;
        } else if in_body {
            let cells = line.trim_matches('|').split(" | ");
            rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
    }
    rows
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// `10,000`.
fn thousands(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    }
}

/// A limit without what is said about it.
fn up_to_characters(limit: &str) -> &str {
    limit.split(';').next().unwrap_or_default().trim()
}
