//! What the functions' own files say of them, in words.

use std::fs;
use std::path::Path;

/// What a handler does.
#[derive(Debug)]
pub(super) struct Told {
    /// Of the function: a few words.
    pub(super) summary: String,
    /// Of the handler: a sentence or more.
    pub(super) description: String,
    /// The handler's name.
    pub(super) handler: String,
    /// Whether it has something to show with a 503.
    pub(super) degrades: bool,
}

/// What is said of a function, and of the handler behind one of its routes.
pub(super) fn told(function: &str, route: Option<(&str, &str)>) -> Told {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let file = folder.join(function).join("src/lib.rs");
    let source = fs::read_to_string(&file).expect("every function has a file");
    let handler = behind(&source, route);
    Told {
        summary: summary(&source),
        description: description(&source, &handler),
        degrades: source.contains("Reply::degraded") && handler != "get_liveness",
        handler,
    }
}

/// The words behind the routes, in the lines that tell what the file is.
fn summary(source: &str) -> String {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines: Vec<_> = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let text = lines.join(" ");
    let (_, words) = text
        .split_once("`: ")
        .unwrap_or_else(|| panic!("no words about a route in: {text}"));
    sentence(words.trim_end_matches('.'))
}

/// The lines above a handler.
fn description(source: &str, handler: &str) -> String {
    let signature = format!("pub async fn {handler}(");
    let at = source
        .find(&signature)
        .unwrap_or_else(|| panic!("there is no `{signature}`"));
    let mut lines: Vec<_> = source[..at]
        .lines()
        .rev()
        .map_while(|line| line.strip_prefix("///"))
        .map(str::trim)
        .collect();
    lines.reverse();
    lines.join(" ")
}

/// The name of the handler behind a route, or behind the first.
fn behind(source: &str, route: Option<(&str, &str)>) -> String {
    let compact: String = source.split_whitespace().collect();
    let call = match route {
        Some((method, path)) => format!(".route(\"{method}\",\"{path}\","),
        None => "function(&ENDPOINT,".to_owned(),
    };
    let (_, rest) = compact
        .split_once(&call)
        .unwrap_or_else(|| panic!("there is no `{call}`"));
    let name = |c: char| c.is_alphanumeric() || c == '_';
    rest.chars().take_while(|c| name(*c)).collect()
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
