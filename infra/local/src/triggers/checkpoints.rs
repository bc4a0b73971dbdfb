//! Where each event source stands, on disk.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};

/// One position for each event source, in a file. Clones share it.
///
/// A killed process loses nothing that was put. A machine that loses power may lose the last few
/// positions: their batches are then delivered again.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints(Arc<Mutex<Connection>>);

impl Checkpoints {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS positions (
                 source TEXT PRIMARY KEY,
                 position TEXT NOT NULL
             ) WITHOUT ROWID;",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) fn get(&self, source: &str) -> rusqlite::Result<Option<String>> {
        self.connection()
            .prepare_cached("SELECT position FROM positions WHERE source = ?1")?
            .query_row(params![source], |row| row.get(0))
            .optional()
    }

    pub(super) fn put(&self, source: &str, position: &str) -> rusqlite::Result<()> {
        self.connection()
            .prepare_cached(
                "INSERT INTO positions (source, position) VALUES (?1, ?2)
                 ON CONFLICT (source) DO UPDATE SET position = excluded.position",
            )?
            .execute(params![source, position])?;
        Ok(())
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, Connection> {
        // Each use is one statement: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_outlives_the_process_that_put_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("triggers.sqlite");
        let checkpoints = Checkpoints::open(&file).expect("opened");
        assert_eq!(checkpoints.get("relay").expect("read"), None);
        checkpoints.put("relay", "1").expect("written");
        checkpoints.put("relay", "2").expect("written");

        // Opened beside the first, which is still there, as after a kill nothing was closed.
        let reopened = Checkpoints::open(&file).expect("opened");
        assert_eq!(reopened.get("relay").expect("read").as_deref(), Some("2"));
        assert_eq!(reopened.get("other").expect("read"), None);
    }
}
