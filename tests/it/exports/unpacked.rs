//! An archive, fetched by its link and unpacked as anybody would.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What was in an archive: files by their paths.
pub(super) struct Unpacked {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The paths in the archive's order, each as often as it is there.
    pub(super) listed: Vec<String>,
}

impl Unpacked {
    /// By the tar of this machine.
    pub(super) fn by_tar(archive: &[u8]) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let file = folder.path().join("archive.tar.gz");
        fs::write(&file, archive).expect("it can be written");
        let target = folder.path().join("unpacked");
        fs::create_dir(&target).expect("a folder can be made");
        let tar = |arguments: &[&str]| {
            let done = Command::new("tar").args(arguments).arg(&file).output();
            let done = done.expect("there is a tar");
            assert!(
                done.status.success(),
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
            String::from_utf8(done.stdout).expect("its paths are texts")
        };
        let listed = tar(&["-tzf"]).lines().map(str::to_owned).collect();
        tar(&["-C", &target.to_string_lossy(), "-xzf"]);
        let mut files = BTreeMap::new();
        collect(&target, &target, &mut files);
        Self { files, listed }
    }

    /// All lines of the files whose path begins so, in order.
    pub(super) fn lines(&self, beginning: &str) -> Vec<Value> {
        let files = self.files.iter();
        let files = files.filter(|(path, _)| path.starts_with(beginning));
        files
            .flat_map(|(_, bytes)| bytes.split_inclusive(|byte| *byte == b'\n'))
            .map(|line| serde_json::from_slice(line).expect("it is a line of JSON"))
            .collect()
    }

    pub(super) fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&self.files[path]).expect("it is JSON")
    }

    /// Whether a text is anywhere, paths included.
    pub(super) fn has(&self, text: &str) -> bool {
        let has = |bytes: &[u8]| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let mut files = self.files.iter();
        files.any(|(path, bytes)| path.contains(text) || has(bytes))
    }

    /// The names of all members, however deep, of everything that is JSON.
    pub(super) fn names(&self) -> std::collections::BTreeSet<String> {
        let mut names = std::collections::BTreeSet::new();
        let json = self.files.iter().filter(|(path, _)| path.contains(".json"));
        for (path, _) in json {
            for line in self.lines(path) {
                name(&line, &mut names);
            }
        }
        names
    }
}

fn name(value: &Value, names: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            names.extend(members.keys().cloned());
            members.values().for_each(|value| name(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| name(item, names)),
        _ => {}
    }
}

fn collect(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("it has entries").path();
        if path.is_dir() {
            collect(&path, root, files);
        } else {
            let name = path.strip_prefix(root).expect("it is below it");
            let bytes = fs::read(&path).expect("it can be read");
            files.insert(name.to_string_lossy().into_owned(), bytes);
        }
    }
}
