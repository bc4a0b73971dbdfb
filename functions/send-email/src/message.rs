//! What the emails say. What people wrote is escaped.

use shared::model::account::Email;
use shared::model::due::due_date_of;
use shared::model::id::{TaskId, UserId};
use shared::model::link::{EmailJob, Purpose, SendLink};
use shared::model::log::TaskAssigned;
use shared::model::notification::{DueSoon, Kind, Mentioned};
use shared::model::task::Task;
use shared::prelude::*;
use shared::sdk::accounts::InvitationMail;
use shared::sdk::mail::{Message, escape};
use shared::tenant::Tenant;

/// The email of a job; none if there is nobody to send it to, or no longer anything to tell.
pub(crate) async fn of(sdk: &Sdk, tenant: &Tenant, job: &EmailJob) -> Result<Option<Message>> {
    match job {
        EmailJob::TaskAssigned(job) => {
            let (user_id, task_id) = (job.assigned_to, job.task_id);
            let still = |task: &Task| task.assigned_to == Some(user_id);
            let to = who_is_told(sdk, tenant, Kind::Assigned, (user_id, task_id), still);
            Ok(Box::pin(to).await?.map(|to| task_assigned(to, job)))
        }
        EmailJob::Mentioned(job) => {
            let (user_id, task_id) = (job.user_id, job.task_id);
            let to = who_is_told(sdk, tenant, Kind::Mentioned, (user_id, task_id), |_| true);
            Ok(Box::pin(to).await?.map(|to| mentioned(to, job)))
        }
        EmailJob::DueSoon(job) => {
            let (user_id, task_id, due) = (job.user_id, job.task_id, Some(job.due_date));
            let is_soon = job.due_date.at() > sdk.clock.now();
            let still = |task: &Task| {
                is_soon && task.assigned_to == Some(user_id) && due_date_of(task) == due
            };
            let to = who_is_told(sdk, tenant, Kind::DueSoon, (user_id, task_id), still);
            Ok(Box::pin(to).await?.map(|to| due_soon(to, job)))
        }
        EmailJob::SendLink(job) => {
            let user = sdk.accounts.user(job.user_id).await?;
            let url = sdk.accounts.link_url(job)?;
            Ok(user.map(|user| link(user.email, job, &url)))
        }
        EmailJob::SendInvitation(job) => {
            let mail = sdk.accounts.invitation_mail(tenant, job).await?;
            Ok(mail.map(invitation))
        }
    }
}

/// The address of a user who is told of a task, unless they don't want to be told of such things, or by now there is
/// nothing to tell: they don't see the task any more, or it is not what it was told for.
async fn who_is_told(
    sdk: &Sdk,
    tenant: &Tenant,
    kind: Kind,
    (user_id, task_id): (UserId, TaskId),
    still: impl Fn(&Task) -> bool,
) -> Result<Option<Email>> {
    let ((user, task), (is_there, inbox)) = join(
        join(
            sdk.accounts.user(user_id),
            Box::pin(sdk.db.task_to_tell(tenant, task_id, user_id)),
        ),
        Box::pin(join(
            sdk.accounts.is_there(*tenant),
            sdk.db.get(tenant.inbox(user_id)),
        )),
    )
    .await;
    let email = inbox?.map(|inbox| inbox.email).unwrap_or_default();
    let is_told = is_there? && email.tells(kind) && task?.is_some_and(|task| still(&task));
    Ok(user?.filter(|_| is_told).map(|user| user.email))
}

/// Who is to do what is due soon. When that is by their clock is not known here.
fn due_soon(to: Email, job: &DueSoon) -> Message {
    let title = &job.title;
    Message {
        to,
        subject: format!("Due soon: {title}"),
        html: format!(
            "<h2>A task of yours is due soon: <strong>{}</strong></h2>",
            escape(title.as_str())
        ),
        text: format!("A task of yours is due soon: {title}\n"),
    }
}

/// Whom a comment mentions.
fn mentioned(to: Email, job: &Mentioned) -> Message {
    let title = &job.title;
    Message {
        to,
        subject: format!("You were mentioned: {title}"),
        html: format!(
            "<h2>You were mentioned in a comment on <strong>{}</strong></h2>",
            escape(title.as_str())
        ),
        text: format!("You were mentioned in a comment on: {title}\n"),
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

/// To whom is invited.
fn invitation(mail: InvitationMail) -> Message {
    let InvitationMail {
        to,
        tenant,
        inviter,
        url,
    } = mail;
    let what = "Accept the invitation";
    let otherwise =
        "If you don't know them, there is nothing to do: nobody joins without this link.";
    Message {
        to,
        subject: format!("{inviter} invites you to join {tenant}"),
        html: format!(
            "<p>{} invites you to join <strong>{}</strong>.</p><p><a href=\"{}\">{what}</a> within seven days; the link works once.</p><p>{otherwise}</p>",
            escape(inviter.as_str()),
            escape(tenant.as_str()),
            escape(&url),
        ),
        text: format!(
            "{inviter} invites you to join {tenant}.\n\n{what} within seven days; the link works once:\n{url}\n\n{otherwise}\n"
        ),
    }
}
