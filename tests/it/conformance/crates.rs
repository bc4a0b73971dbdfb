//! One name everywhere, and dependencies that point one way.

use std::fs;
use std::path::PathBuf;

use super::workspace::{METADATA, Package, crates, folders_in, names, read, sources_of};
use crate::agreement::{Lines, assert_agree, assert_none};

#[test]
fn every_folder_of_functions_is_a_function_of_that_name() {
    assert_agree(
        ("the endpoints", &names()),
        ("functions/", &folders_in("functions")),
        "name the folder as its ENDPOINT does, and list it in infra/local/src/functions.rs.",
    );
}

#[test]
fn every_function_is_a_crate_with_a_library_and_a_binary_of_its_name() {
    let wanted = names()
        .iter()
        .flat_map(|name| {
            let library = name.replace('-', "_");
            let tests = if has_tests(name) {
                ""
            } else {
                ", without tests"
            };
            [
                format!("functions/{name}: package {name}"),
                format!("functions/{name}: lib {library}{tests}, without doc tests"),
                format!("functions/{name}: bin {name}, without tests"),
            ]
        })
        .collect();
    let found = crates()
        .flat_map(|package| {
            let folder = package.folder();
            let targets = package.targets.iter().map(|target| {
                let kind = target.kind.join("+");
                let tests = if target.test { "" } else { ", without tests" };
                let doctests = match kind.as_str() {
                    "lib" if !target.doctest => ", without doc tests",
                    _ => "",
                };
                format!(
                    "{}: {kind} {}{tests}{doctests}",
                    package.folder(),
                    target.name
                )
            });
            let package = format!("{folder}: package {}", package.name);
            targets.chain([package]).collect::<Vec<_>>()
        })
        .collect();
    assert_agree(
        ("the endpoints", &wanted),
        ("the manifests of functions/", &found),
        "copy the manifest of another function, and put in the name; a library that has tests says nothing of \
         them, and one that has none says `test = false`, or each would be built and linked once more for nothing.",
    );
}

#[test]
fn every_main_is_one_expression() {
    for name in names() {
        let wanted = format!(
            "//! Runs `{name}` on Lambda.\n\n\
             fn main() -> Result<(), shared::lambda::Failure> {{\n    \
             shared::lambda::run({}::function())\n}}\n",
            name.replace('-', "_")
        );
        let file = format!("functions/{name}/src/main.rs");
        let found = read(&file);
        assert!(
            found == wanted,
            "\n{file} is\n\n{found}\nand has to be\n\n{wanted}"
        );
    }
}

#[test]
fn dependencies_point_one_way_and_no_function_depends_on_another() {
    let upwards = METADATA
        .packages
        .iter()
        .flat_map(|package| {
            package
                .dependencies
                .iter()
                .filter(|dependency| dependency.path.is_some())
                .filter(|dependency| height(&dependency.name) >= height(&package.name))
                .map(|dependency| format!("{} depends on {}", package.name, dependency.name))
        })
        .collect();
    assert_none(
        &upwards,
        "Dependencies point one way: clients, then tests, then infra/local, then functions, then shared.",
        "move what both need down, as a rule into shared.",
    );
}

#[test]
fn features_of_dependencies_stand_in_the_workspace_manifest_alone() {
    let own = METADATA
        .packages
        .iter()
        .flat_map(own_dependencies)
        .collect();
    assert_none(
        &own,
        "A dependency's version and features stand in the root Cargo.toml alone, or `cargo run` and \
         `cargo test` would each build their own.",
        "write `name.workspace = true` here, and the rest there.",
    );
}

#[test]
fn every_crate_keeps_the_workspace_s_lints() {
    let without = METADATA
        .packages
        .iter()
        .filter(|package| !package.manifest().contains("[lints]\nworkspace = true\n"))
        .map(Package::folder)
        .collect();
    assert_none(
        &without,
        "Every crate keeps the workspace's lints.",
        "end its Cargo.toml with `[lints]` and `workspace = true`.",
    );
}

/// Whether a function has tests beside its code.
fn has_tests(name: &str) -> bool {
    let is_tested = |file: &PathBuf| {
        let source = fs::read_to_string(file).expect("it can be read");
        source.contains("#[test]")
    };
    sources_of(name).iter().any(is_tested)
}

/// How far up a member stands: it may depend on what stands lower.
fn height(package: &str) -> usize {
    match package {
        "tenon-client" => 4,
        "tests" => 3,
        "local" => 2,
        name if names().contains(name) => 1,
        _ => 0,
    }
}

/// The lines of a manifest that say more of a dependency than that it is the workspace's.
fn own_dependencies(package: &Package) -> Lines {
    let mut section = String::new();
    let mut own = Lines::new();
    for line in package.manifest().lines().map(str::trim) {
        if line.starts_with('[') {
            line.clone_into(&mut section);
            if section.contains("dependencies.") {
                own.insert(format!("{}: {line}", package.folder()));
            }
        } else if section.ends_with("dependencies]")
            && !line.is_empty()
            && !line.starts_with('#')
            && !line.ends_with(".workspace = true")
        {
            own.insert(format!("{}: {line}", package.folder()));
        }
    }
    own
}
