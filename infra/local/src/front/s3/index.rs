//! What is known of each object, bucket and unfinished upload.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::content::Checksums;

type Result<T> = rusqlite::Result<T>;

/// Tags by key.
pub(super) type Tags = BTreeMap<String, String>;

#[derive(Clone)]
pub(super) struct Index(Arc<Mutex<Connection>>);

/// An object as it is indexed.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The file of its bytes.
    pub(super) file: String,
    pub(super) size: i64,
    pub(super) etag: String,
    /// Epoch milliseconds.
    pub(super) modified: i64,
    pub(super) about: About,
    pub(super) tags: Tags,
}

/// What its owner says of an object, and its checksums.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) checksums: Checksums,
}

/// A part of an upload.
pub(super) struct StoredPart {
    pub(super) number: i32,
    pub(super) file: String,
    pub(super) size: i64,
    pub(super) etag: String,
}

/// An upload under way.
pub(super) struct Upload {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) started: i64,
    pub(super) about: About,
    pub(super) tags: Tags,
}

/// What must hold of the object that a write replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Replaces {
    /// Anything.
    Any,
    /// There must be none.
    Nothing,
    /// There must be one; with this `ETag`, if given.
    Existing(Option<String>),
}

const COLUMNS: &str = "key, file, size, etag, modified, about, tags";

impl Index {
    pub(super) fn open(file: &Path) -> Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, created INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS objects (
                 bucket TEXT NOT NULL, key TEXT NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
                 etag TEXT NOT NULL, modified INTEGER NOT NULL, about TEXT NOT NULL, tags TEXT NOT NULL,
                 PRIMARY KEY (bucket, key)) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS uploads (
                 id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started INTEGER NOT NULL,
                 about TEXT NOT NULL, tags TEXT NOT NULL);
             CREATE TABLE IF NOT EXISTS parts (
                 upload TEXT NOT NULL, number INTEGER NOT NULL, file TEXT NOT NULL, size INTEGER NOT NULL,
                 etag TEXT NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID;",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// The files that objects and parts refer to.
    pub(super) fn files(&self) -> Result<HashSet<String>> {
        self.with(|db| {
            db.prepare("SELECT file FROM objects UNION SELECT file FROM parts")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    pub(super) fn create_bucket(&self, name: &str) -> Result<bool> {
        let sql = "INSERT OR IGNORE INTO buckets VALUES (?1, ?2)";
        self.with(|db| Ok(db.execute(sql, params![name, now()])? == 1))
    }

    pub(super) fn delete_bucket(&self, name: &str) -> Result<()> {
        self.with(|db| {
            db.execute("DELETE FROM buckets WHERE name = ?1", [name])
                .map(drop)
        })
    }

    pub(super) fn buckets(&self) -> Result<Vec<(String, i64)>> {
        self.with(|db| {
            db.prepare("SELECT name, created FROM buckets ORDER BY name")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    pub(super) fn has_bucket(&self, name: &str) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM buckets WHERE name = ?1)";
        self.with(|db| db.query_row(sql, [name], |row| row.get(0)))
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Result<Option<Entry>> {
        self.with(|db| get(db, bucket, key))
    }

    /// Puts an object in place and returns the file of the one it replaces; none, and nothing done, if
    /// `replaces` doesn't hold.
    pub(super) fn put(
        &self,
        bucket: &str,
        entry: &Entry,
        replaces: &Replaces,
    ) -> Result<Option<Vec<String>>> {
        self.with(|db| {
            let transaction = db.transaction()?;
            let old = get(&transaction, bucket, &entry.key)?;
            let holds = match (replaces, &old) {
                (Replaces::Any, _)
                | (Replaces::Nothing, None)
                | (Replaces::Existing(None), Some(_)) => true,
                (Replaces::Existing(Some(etag)), Some(old)) => *etag == old.etag,
                _ => false,
            };
            if !holds {
                return Ok(None);
            }
            transaction.execute(
                "INSERT OR REPLACE INTO objects VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    bucket,
                    entry.key,
                    entry.file,
                    entry.size,
                    entry.etag,
                    entry.modified,
                    to_json(&entry.about),
                    to_json(&entry.tags),
                ],
            )?;
            transaction.commit()?;
            Ok(Some(old.into_iter().map(|old| old.file).collect()))
        })
    }

    /// Sets an object's tags; false if there is no such object.
    pub(super) fn tag(&self, bucket: &str, key: &str, tags: &Tags) -> Result<bool> {
        let sql = "UPDATE objects SET tags = ?3 WHERE bucket = ?1 AND key = ?2";
        self.with(|db| Ok(db.execute(sql, params![bucket, key, to_json(tags)])? == 1))
    }

    /// Removes an object and returns the file of its bytes, if there was one.
    pub(super) fn delete(&self, bucket: &str, key: &str) -> Result<Option<String>> {
        let sql = "DELETE FROM objects WHERE bucket = ?1 AND key = ?2 RETURNING file";
        self.with(|db| {
            db.query_row(sql, [bucket, key], |row| row.get(0))
                .optional()
        })
    }

    /// Up to `limit` objects whose key starts with `prefix` and comes after `after`, by key.
    pub(super) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND key > ?2 AND key >= ?3
             AND substr(key, 1, length(?3)) = ?3 ORDER BY key LIMIT ?4"
        );
        self.with(|db| {
            db.prepare_cached(&sql)?
                .query_map(params![bucket, after, prefix, limit], entry)?
                .collect()
        })
    }

    pub(super) fn create_upload(&self, bucket: &str, upload: &Upload) -> Result<()> {
        let sql = "INSERT INTO uploads VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.with(|db| {
            let (about, tags) = (to_json(&upload.about), to_json(&upload.tags));
            db.execute(
                sql,
                params![upload.id, bucket, upload.key, upload.started, about, tags],
            )
            .map(drop)
        })
    }

    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Option<Upload>> {
        let uploads = self.uploads(bucket)?;
        Ok(uploads
            .into_iter()
            .find(|upload| upload.key == key && upload.id == id))
    }

    pub(super) fn uploads(&self, bucket: &str) -> Result<Vec<Upload>> {
        let sql = "SELECT id, key, started, about, tags FROM uploads WHERE bucket = ?1 ORDER BY key, started";
        self.with(|db| {
            db.prepare(sql)?
                .query_map([bucket], |row| {
                    Ok(Upload {
                        id: row.get(0)?,
                        key: row.get(1)?,
                        started: row.get(2)?,
                        about: from_json(row, 3)?,
                        tags: from_json(row, 4)?,
                    })
                })?
                .collect()
        })
    }

    /// Keeps a part and returns the file of the one it replaces.
    pub(super) fn put_part(&self, upload: &str, part: &StoredPart) -> Result<Option<String>> {
        self.with(|db| {
            let transaction = db.transaction()?;
            let sql = "DELETE FROM parts WHERE upload = ?1 AND number = ?2 RETURNING file";
            let old = transaction
                .query_row(sql, params![upload, part.number], |row| row.get(0))
                .optional()?;
            let sql = "INSERT INTO parts VALUES (?1, ?2, ?3, ?4, ?5)";
            transaction.execute(
                sql,
                params![upload, part.number, part.file, part.size, part.etag],
            )?;
            transaction.commit()?;
            Ok(old)
        })
    }

    pub(super) fn parts(&self, upload: &str) -> Result<Vec<StoredPart>> {
        let sql = "SELECT number, file, size, etag FROM parts WHERE upload = ?1 ORDER BY number";
        self.with(|db| {
            db.prepare(sql)?
                .query_map([upload], |row| {
                    Ok(StoredPart {
                        number: row.get(0)?,
                        file: row.get(1)?,
                        size: row.get(2)?,
                        etag: row.get(3)?,
                    })
                })?
                .collect()
        })
    }

    /// Forgets an upload and returns the files of its parts.
    pub(super) fn delete_upload(&self, upload: &str) -> Result<Vec<String>> {
        self.with(|db| {
            let transaction = db.transaction()?;
            transaction.execute("DELETE FROM uploads WHERE id = ?1", [upload])?;
            let files = transaction
                .prepare("DELETE FROM parts WHERE upload = ?1 RETURNING file")?
                .query_map([upload], |row| row.get(0))?
                .collect::<Result<_>>()?;
            transaction.commit()?;
            Ok(files)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The system's time in epoch milliseconds: what S3 stamps is not Tenon's to move.
pub(super) fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| {
            i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
        })
}

fn get(db: &Connection, bucket: &str, key: &str) -> Result<Option<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM objects WHERE bucket = ?1 AND key = ?2");
    db.query_row(&sql, [bucket, key], entry).optional()
}

fn entry(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        key: row.get(0)?,
        file: row.get(1)?,
        size: row.get(2)?,
        etag: row.get(3)?,
        modified: row.get(4)?,
        about: from_json(row, 5)?,
        tags: from_json(row, 6)?,
    })
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("strings keyed by strings are JSON")
}

fn from_json<T: for<'de> Deserialize<'de> + Default>(row: &Row<'_>, column: usize) -> Result<T> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or_default())
}
