//! Files on their way into a task.

use serde::{Deserialize, Serialize};

use super::Millis;

/// The note that an object was about to be stored: it stands before the object does and goes in the
/// transaction that stores the task. What is left over after an hour is swept, object first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    /// The object's path.
    pub path: String,
    /// When it was begun.
    pub created_at: Millis,
    /// Whether the sweep has claimed it: from then on no task can be stored with it.
    pub claimed: bool,
}
