//! The workspace, as its files and cargo tell of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use local::functions;
use local::template::{Template, Values};
use serde::Deserialize;
use serde_json::Value;
use shared::endpoint::Endpoint;

use crate::agreement::Lines;

/// What `cargo metadata` tells.
#[derive(Deserialize)]
pub(super) struct Metadata {
    /// The members.
    pub(super) packages: Vec<Package>,
    /// `[workspace.metadata]`.
    pub(super) metadata: Value,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) targets: Vec<Target>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Where it is; nothing if it is no member.
    pub(super) path: Option<PathBuf>,
}

#[derive(Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) kind: Vec<String>,
    pub(super) doctest: bool,
    pub(super) test: bool,
}

impl Package {
    /// Its folder, from the workspace's root: `functions/create-task`.
    pub(super) fn folder(&self) -> String {
        let folder = self.manifest_path.parent().unwrap_or(&self.manifest_path);
        let inside = folder.strip_prefix(&*ROOT).unwrap_or(folder);
        inside.to_string_lossy().replace('\\', "/")
    }

    /// Whether it is a function.
    pub(super) fn is_function(&self) -> bool {
        self.folder().starts_with("functions/")
    }

    /// Its manifest.
    pub(super) fn manifest(&self) -> String {
        read(&format!("{}/Cargo.toml", self.folder()))
    }
}

/// The workspace's root.
pub(super) static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the workspace is around it")
        .to_owned()
});

/// The workspace, as cargo sees it.
pub(super) static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(&*ROOT)
        .output()
        .expect("cargo can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it prints its metadata as JSON")
});

/// What is deployed, resolved for a stack called `tenon`.
pub(crate) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let values = Values::local("http://queues").parameter("SigningPublicKeys", r#"{"keys":[]}"#);
    Template::parse(&read("template.yaml"), &values)
        .unwrap_or_else(|error| panic!("template.yaml: {error}"))
});

/// Every function's description.
pub(super) fn endpoints() -> Vec<&'static Endpoint> {
    functions::all()
        .iter()
        .map(|function| function.endpoint)
        .collect()
}

/// Every function's name.
pub(super) fn names() -> Lines {
    endpoints()
        .iter()
        .map(|endpoint| endpoint.name.to_owned())
        .collect()
}

/// The crates of the functions.
pub(super) fn crates() -> impl Iterator<Item = &'static Package> {
    METADATA
        .packages
        .iter()
        .filter(|package| package.is_function())
}

/// A file's text.
pub(super) fn read(file: &str) -> String {
    fs::read_to_string(ROOT.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The folders in a folder, hidden ones left out.
pub(super) fn folders_in(folder: &str) -> Lines {
    let entries =
        fs::read_dir(ROOT.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries
        .map(|entry| entry.expect("the folder can be read"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

/// The files of a function's `src`.
pub(super) fn sources_of(function: &str) -> Vec<PathBuf> {
    files_in(&ROOT.join("functions").join(function).join("src"))
}

/// The files in a folder and all that are in it.
pub(super) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.push(path);
        }
    }
    files
}
