//! Each folder says what it is.

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

/// The top level's folders and the parts of the infrastructure.
fn folders() -> Lines {
    let top = folders_in("").into_iter().filter(|name| name != "target");
    let infra = folders_in("infra").into_iter();
    top.chain(infra.map(|name| format!("infra/{name}")))
        .collect()
}
