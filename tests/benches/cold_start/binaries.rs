//! The functions' release binaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local::functions;

/// Operations that `create-project` has no use for, and a function that calls each.
const OPERATIONS: [(&str, &str); 5] = [
    ("PutObject", "create-task"),
    ("GetObject", "create-task"),
    ("SendMessageBatch", "relay"),
    ("InvokeModel", "index-task"),
    ("PostToConnection", "send-realtime"),
];

/// Builds all functions, and the one that they are measured against; returns their names.
pub(super) fn build() -> Vec<&'static str> {
    let mut names: Vec<_> = functions::all()
        .iter()
        .map(|function| function.endpoint.name)
        .collect();
    names.push("hello");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let packages = names.iter().flat_map(|name| ["-p", name]);
    let built = Command::new(cargo)
        .args(["build", "--release", "--bins"])
        .args(packages)
        .current_dir(root())
        .status()
        .expect("cargo can be run");
    assert!(built.success(), "the functions can be built");
    names
}

/// A function's binary.
pub(super) fn file(function: &str) -> PathBuf {
    root().join("target/release").join(function)
}

/// The binaries' sizes in bytes, the largest first.
pub(super) fn sizes<'a>(functions: &[&'a str]) -> Vec<(&'a str, u64)> {
    let size = |function| fs::metadata(file(function)).expect("it was built").len();
    let mut sizes: Vec<_> = functions
        .iter()
        .map(|function| (*function, size(function)))
        .collect();
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    sizes
}

/// Whether `create-project` holds operations that it never calls. An SDK's operation names itself in what
/// it logs and signs, so the name is in every binary that can call it.
pub(super) fn operations() -> Vec<String> {
    let ours = fs::read(file("create-project")).expect("it was built");
    OPERATIONS
        .iter()
        .map(|(operation, user)| {
            let theirs = fs::read(file(user)).expect("it was built");
            assert!(holds(&theirs, operation), "{user} calls {operation}");
            let not = if holds(&ours, operation) { "" } else { "no " };
            format!("{not}{operation}")
        })
        .collect()
}

fn holds(binary: &[u8], name: &str) -> bool {
    binary
        .windows(name.len())
        .any(|bytes| bytes == name.as_bytes())
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
