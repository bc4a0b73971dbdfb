//! What the emails say. What people wrote is escaped.

use shared::model::account::Email;
use shared::model::log::TaskAssigned;
use shared::sdk::mail::{Message, escape};

/// To whom was given a task.
pub(crate) fn task_assigned(to: Email, job: &TaskAssigned) -> Message {
    let title = &job.title;
    Message {
        to,
        subject: format!("New task: {title}"),
        html: format!(
            "<h2>You've been assigned: <strong>{}</strong></h2>",
            escape(title.as_str())
        ),
        text: format!("You've been assigned: {title}\n"),
    }
}
