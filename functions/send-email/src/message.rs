//! What the emails say. What people wrote is escaped.

use shared::model::account::Email;
use shared::model::link::{EmailJob, Purpose, SendLink};
use shared::model::log::TaskAssigned;
use shared::prelude::*;
use shared::sdk::mail::{Message, escape};

/// The email of a job.
pub(crate) fn of(sdk: &Sdk, to: Email, job: &EmailJob) -> Result<Message> {
    match job {
        EmailJob::TaskAssigned(job) => Ok(task_assigned(to, job)),
        EmailJob::SendLink(job) => Ok(link(to, job, &sdk.accounts.link_url(job)?)),
    }
}

/// To whom was given a task.
fn task_assigned(to: Email, job: &TaskAssigned) -> Message {
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

/// To whom has asked for a link.
fn link(to: Email, job: &SendLink, url: &str) -> Message {
    let (subject, what, otherwise) = match job.purpose {
        Purpose::PasswordReset => (
            "Reset your password",
            "Choose a new password",
            "If you have not asked for it, nothing has changed and there is nothing to do.",
        ),
        Purpose::EmailVerification => (
            "Confirm your email address",
            "Confirm that this address is yours",
            "If you have no account with us, somebody has mistyped theirs: there is nothing to do.",
        ),
    };
    let url_in_html = escape(url);
    Message {
        to,
        subject: subject.to_owned(),
        html: format!(
            "<p><a href=\"{url_in_html}\">{what}</a> within an hour; the link works once.</p><p>{otherwise}</p>"
        ),
        text: format!("{what} within an hour; the link works once:\n{url}\n\n{otherwise}\n"),
    }
}
