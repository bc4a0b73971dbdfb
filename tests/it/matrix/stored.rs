//! All that is stored, and what has become of it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tests::{App, tables};

/// Rows by table and key, and the paths of files.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    rows: BTreeMap<String, Value>,
    objects: Vec<String>,
}

const TABLES: [&str; 3] = [tables::DATA, tables::IDENTITY, tables::EPHEMERAL];

impl Stored {
    pub(super) async fn read(app: &App) -> Self {
        let mut rows = BTreeMap::new();
        for table in TABLES {
            for row in app.rows(table, "").await {
                let (pk, sk) = (text(&row, "pk"), text(&row, "sk"));
                rows.insert(format!("{table} {pk} {sk}"), row);
            }
        }
        let mut objects = app.objects().await;
        objects.sort();
        Self { rows, objects }
    }

    /// Deletes every row whose keys are those that are `meant`.
    pub(super) async fn forget(app: &App, meant: impl Fn(&str, &str) -> bool) {
        for table in TABLES {
            for row in app.rows(table, "").await {
                let (pk, sk) = (text(&row, "pk"), text(&row, "sk"));
                if meant(pk, sk) {
                    let key = |text: &str| AttributeValue::S(text.to_owned());
                    let delete = app.dynamodb().delete_item().table_name(table);
                    let delete = delete.key("pk", key(pk)).key("sk", key(sk));
                    delete.send().await.expect("it can be deleted");
                }
            }
        }
    }

    /// A hash of each kind that stands in the keys of rows that have one of `texts`.
    pub(super) fn hashes_of(&self, texts: &[String]) -> Vec<String> {
        let rows = self.rows.values().filter(|row| has_any(row, texts));
        let hashes = rows.filter_map(|row| text(row, "pk").split_once('#'));
        let is_hash =
            |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let by_kind: BTreeMap<&str, &str> = hashes.filter(|(_, hash)| is_hash(hash)).collect();
        by_kind.into_values().map(str::to_owned).collect()
    }

    /// What has been changed, made or deleted since, but for what any request may leave: counts of attempts,
    /// caches and what expires, entries of the audit log, and that it was a call.
    pub(super) fn changes_since(&self, before: &Self) -> Vec<String> {
        let of_requests = |key: &str| {
            let beside = ["#AUDIT#", "#USAGE "].iter().any(|part| key.contains(part));
            key.starts_with(tables::EPHEMERAL) || beside
        };
        self.differences(before, |key, _| !of_requests(key))
    }

    /// What has become of the rows and files that had one of `texts`.
    pub(super) fn harm_to(&self, texts: &[String], before: &Self) -> Vec<String> {
        self.differences(before, |key, row| {
            !key.starts_with(tables::EPHEMERAL) && row.is_some_and(|row| has_any(row, texts))
        })
    }

    /// The rows and files that have one of `texts` and were not there `before`. The audit log tells what somebody
    /// named who was refused, in their own words, and for the rest has to be as clean as all else.
    pub(super) fn new_with(&self, texts: &[String], before: &Self) -> Vec<String> {
        let rows = self
            .rows
            .iter()
            .filter(|(key, _)| !before.rows.contains_key(*key))
            .filter(|(_, row)| has_any(&without_what_was_named(row), texts));
        let files = self.objects.iter().filter(|path| {
            !before.objects.contains(path) && texts.iter().any(|text| path.contains(text))
        });
        rows.map(|(key, row)| format!("{key}: {row}"))
            .chain(files.cloned())
            .collect()
    }

    /// Of those `of` which it is asked, by their keys and what they were.
    fn differences(&self, before: &Self, of: impl Fn(&str, Option<&Value>) -> bool) -> Vec<String> {
        let keys = before.rows.keys().chain(self.rows.keys());
        let mut differences: Vec<String> = keys
            .filter(|key| of(key, before.rows.get(*key)))
            .filter(|key| before.rows.get(*key) != self.rows.get(*key))
            .map(|key| {
                format!(
                    "{key}: {:?} became {:?}",
                    before.rows.get(key),
                    self.rows.get(key)
                )
            })
            .collect();
        differences.sort();
        differences.dedup();
        if before
            .objects
            .iter()
            .any(|path| !self.objects.contains(path))
        {
            differences.push("files are gone".to_owned());
        }
        differences
    }
}

fn without_what_was_named(row: &Value) -> Value {
    let mut row = row.clone();
    if text(&row, "pk").contains("#AUDIT#")
        && row["outcome"] == "refused"
        && let Some(row) = row.as_object_mut()
    {
        // The object, and the index of objects.
        row.retain(|name, _| name != "object" && name != "l3");
    }
    row
}

fn has_any(row: &Value, texts: &[String]) -> bool {
    let row = row.to_string();
    texts.iter().any(|text| row.contains(text.as_str()))
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().expect("a key is a text")
}
