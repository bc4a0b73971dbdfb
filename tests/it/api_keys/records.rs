//! What is stored of keys.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{App, tables};

/// The rows of all keys.
pub(super) struct Records {
    owners: Vec<Value>,
    records: Vec<Value>,
    listed: Vec<Value>,
    uses: Vec<Value>,
}

impl Records {
    pub(super) async fn of(app: &App) -> Self {
        Self {
            owners: {
                let mut owners = app.rows(tables::IDENTITY, "KEY").await;
                owners.retain(|row| row["sk"] == "KEY");
                owners
            },
            records: app.rows(tables::IDENTITY, "KEY#").await,
            listed: app.rows(tables::DATA, "KEY#").await,
            uses: app.rows(tables::IDENTITY, "USE").await,
        }
    }

    /// How many there are.
    pub(super) fn keys(&self) -> usize {
        self.listed.len()
    }

    /// That there are so many, none of them half.
    pub(super) fn assert_consistent(&self, keys: usize) {
        let ids = |rows: &[Value]| -> BTreeSet<String> {
            rows.iter().map(|row| row["id"].to_string()).collect()
        };
        assert_eq!(ids(&self.owners), ids(&self.records));
        assert_eq!(ids(&self.listed), ids(&self.records));
        assert_eq!(self.records.len(), keys);
        let used = self.uses.iter().filter(|row| row["sk"] == "USE");
        assert!(used.count() <= keys);
    }
}
