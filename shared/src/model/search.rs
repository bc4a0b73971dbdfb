//! What a search by meaning stands on.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{ProjectId, TaskId};
use super::task::Status;
use super::text::{TaskDescription, TaskTitle};
use crate::keys;

/// The index lags behind a task's text: for so long, an answer may still lack what has just been written.
/// What was indexed later than that is noted in the project.
pub const SETTLING: Millis = 60_000;

/// The dimensions of every embedding.
pub const DIMENSIONS: usize = 512;

/// A task's embedding: a sibling of its row, so that a change of status does not pay for 512 numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vector {
    /// Which task.
    pub task_id: TaskId,
    /// SHA-256 of the model and the text that was embedded, in hex: the same text is not embedded twice.
    pub content_hash: String,
    /// The index's partition: the tenant.
    pub vector_tenant: String,
    /// The index's filter: the project.
    pub vector_project: String,
    /// The embedding, of length 1.
    pub embedding: Vec<f32>,
}

impl Vector {
    /// What tells two embeddings apart before they are made: the model and the text.
    pub fn hash(model: &str, text: &str) -> String {
        keys::digest(&format!("{model}\n{text}"))
    }
}

/// A task that was found.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Hit {
    /// Its id.
    pub id: TaskId,
    /// Its project.
    pub project_id: ProjectId,
    /// What is to be done.
    pub title: TaskTitle,
    /// More about it.
    pub description: Option<TaskDescription>,
    /// How far it is.
    pub status: Status,
    /// How near it is to the query: 1 is identical.
    pub score: f64,
}
