//! DynamoDB and DynamoDB Streams: an embedded engine over one SQLite file.

mod maintenance;
mod meter;
mod operations;

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use tokio::sync::Mutex;

use super::journal::Units;
use crate::triggers::Streams;

pub use maintenance::Expiry;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] DynoxideError),
    /// Its file.
    #[error(transparent)]
    File(#[from] rusqlite::Error),
}

/// The engine. Clones share it.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    /// The engine works on one call at a time and blocks the thread meanwhile: a queue in front of it
    /// keeps the order fair and the blocked threads to one.
    turn: Arc<Mutex<()>>,
    upkeep: maintenance::Upkeep,
    streams: Streams,
}

/// An answer of the engine.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) units: Units,
}

impl DynamoDb {
    /// Opens the file, made if missing.
    pub fn open(file: &Path) -> Result<Self, OpenError> {
        let database = Database::new(&file.to_string_lossy())?;
        Ok(Self {
            turn: Arc::default(),
            upkeep: maintenance::Upkeep::open(file)?,
            streams: Streams::new(database.clone()),
            database,
        })
    }

    /// Makes a table, if it isn't there, from the body of a `CreateTable` request, and turns on expiry
    /// by `ttl_attribute`.
    pub async fn create_table(
        &self,
        create: serde_json::Value,
        ttl_attribute: Option<String>,
    ) -> Result<(), DynoxideError> {
        self.run(move |database| {
            operations::ensure_table(database, create, ttl_attribute.as_deref())
        })
        .await
    }

    /// Runs an operation of the API on a JSON body.
    pub(crate) async fn call(&self, operation: &str, body: Bytes) -> Answer {
        let name = operation.to_owned();
        let result = self
            .run(move |database| operations::dispatch(database, &name, &body))
            .await;
        match result {
            Ok((body, units)) => {
                if operations::writes(operation) {
                    self.streams.written();
                }
                Answer {
                    status: 200,
                    body,
                    units,
                }
            }
            Err(error) => Answer {
                status: error.status_code(),
                body: error.to_json(),
                units: Units::default(),
            },
        }
    }

    /// The streams of the tables, read in process; they are told of each write.
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, DynoxideError> {
        let _turn = self.turn.lock().await;
        let database = self.database.clone();
        tokio::task::spawn_blocking(move || work(&database))
            .await
            .unwrap_or_else(|panic| Err(DynoxideError::InternalServerError(panic.to_string())))
    }
}
