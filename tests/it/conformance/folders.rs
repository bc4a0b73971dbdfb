//! Each folder says what it is.

use std::path::{Path, PathBuf};

use super::workspace::{ROOT, folders_in, read};
use crate::agreement::{Lines, assert_none};

/// A page, in lines.
const PAGE: usize = 80;

#[test]
fn every_folder_says_on_a_page_what_it_is() {
    let mut without = Lines::new();
    for folder in folders() {
        let file = format!("{folder}/README.md");
        if !ROOT.join(&file).exists() {
            without.insert(format!("{file} is missing"));
            continue;
        }
        match read(&file).lines().count() {
            0..=2 => without.insert(format!("{file} says nothing")),
            3..=PAGE => continue,
            lines => without.insert(format!("{file} has {lines} lines")),
        };
    }
    assert_none(
        &without,
        &format!("Every folder has a README.md of a page ({PAGE} lines) or less."),
        "write one: what the folder is, and where to look for what.",
    );
}

#[test]
fn the_readme_s_map_names_every_folder() {
    let map = read("README.md");
    let missing = folders()
        .into_iter()
        .filter(|folder| !map.contains(&format!("{folder}/")))
        .collect();
    assert_none(
        &missing,
        "The README's map names every folder.",
        "add a line for it to the map.",
    );
}

#[test]
fn what_a_readme_names_is_there() {
    let mut missing = Lines::new();
    for readme in files(&ROOT, "README.md") {
        let folder = readme.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = ROOT.join(folder);
        let below = folders_in(folder);
        let below = below.iter().map(|below| own.join(below));
        let places: Vec<PathBuf> = below.chain([own.clone()]).collect();
        for name in sources_named_in(&read(&readme)) {
            let is_in = |place: &PathBuf| {
                place.join(&name).exists() || place.join("src").join(&name).exists()
            };
            if !places.iter().any(is_in) && !ROOT.join(&name).exists() {
                missing.insert(format!("{readme} names {name}"));
            }
        }
    }
    assert_none(
        &missing,
        "A source file that a README names is in its folder, in one below it, in the src/ of those, or where \
         its path leads from the root.",
        "name what is there.",
    );
}

/// The source files that a page names, in or out of prose.
fn sources_named_in(page: &str) -> Lines {
    let words = page.split(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
    let is_source = |word: &str| Path::new(word).extension().is_some_and(|kind| kind == "rs");
    words
        // https://rustup.rs is none.
        .filter(|word| is_source(word) && !word.contains("//"))
        .map(str::to_owned)
        .collect()
}

/// The files of this name in all folders, from the root, those that are built or hidden left out.
fn files(folder: &Path, name: &str) -> Lines {
    let mut found = Lines::new();
    let inside = folder.strip_prefix(&*ROOT).unwrap_or(folder);
    let inside = inside.to_string_lossy().replace('\\', "/");
    for below in folders_in(&inside) {
        if below != "target" && below != "node_modules" {
            found.extend(files(&folder.join(below), name));
        }
    }
    if folder.join(name).is_file() {
        let separator = if inside.is_empty() { "" } else { "/" };
        found.insert(format!("{inside}{separator}{name}"));
    }
    found
}

/// The top level's folders and the parts of the infrastructure.
fn folders() -> Lines {
    let top = folders_in("").into_iter().filter(|name| name != "target");
    let infra = folders_in("infra").into_iter();
    top.chain(infra.map(|name| format!("infra/{name}")))
        .collect()
}
