//! The functions' release binaries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use local::functions;

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

/// Whether each holds the AWS operations that it calls and no others, in a sentence.
pub(super) fn operations() -> String {
    let checked = Command::new(root().join(".ci/binaries"))
        .arg("target/release")
        .output()
        .expect("it can be run");
    let said = String::from_utf8_lossy(&checked.stdout).trim().to_owned();
    assert!(checked.status.success(), "{said}");
    said
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
