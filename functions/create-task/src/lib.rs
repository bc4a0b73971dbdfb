//! `POST /api/create-task`: a task of a project, with a file if there is one.

use shared::model::attachment::{self, Attachment};
use shared::model::due::DueDate;
use shared::model::id::{ProjectId, TaskId, UserId};
use shared::model::log::{IndexTask, TaskAssigned};
use shared::model::realtime::TaskCreated;
use shared::model::task::{Status, Task};
use shared::model::text::{TaskDescription, TaskTitle};
use shared::prelude::*;
use shared::sdk::uploads::PendingUpload;

/// Editors make tasks. The body has room for 4 MiB of file in base64.
pub const ENDPOINT: Endpoint = Endpoint::http("create-task", "POST", "/api/create-task")
    .body_limit(6 * 1024 * 1024, Some(attachment::TOO_LARGE))
    .uses(&[
        uses::AUTHENTICATE,
        uses::PUBLIC_KEYS,
        uses::AUDIT_APPEND,
        uses::USAGE_COUNT,
        uses::KEY_USED,
        uses::ACCOUNTS_GET,
        uses::DB_GET,
        uses::DB_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::UPLOAD_NOTES,
        uses::STORAGE_PUT,
        uses::STORAGE_LINK,
    ]);

/// What is to be done, in which project.
#[derive(Debug, Deserr)]
#[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
pub struct Input {
    project_id: ProjectId,
    title: TaskTitle,
    #[deserr(default)]
    description: Option<TaskDescription>,
    #[deserr(default)]
    assigned_to: Option<UserId>,
    #[deserr(default)]
    due_date: Option<DueDate>,
    #[deserr(default)]
    attachment: Option<Attachment>,
}

/// The task.
#[derive(Debug, Serialize)]
pub struct Output {
    task: Created,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: TaskId,
    project_id: ProjectId,
    title: TaskTitle,
    status: Status,
    attachment_url: Option<String>,
}

/// Stores the task; its email, its realtime event and its embedding follow from the log.
pub async fn handler(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Output>> {
    let Event {
        mut input, caller, ..
    } = event;
    let limit = caller.profile.settings.attachment_limit_bytes;
    let attachment = input.attachment.take();
    let attachment = attachment
        .map(|file| file.within_limit(limit))
        .transpose()?;
    let (project, assignee) = join(
        sdk.db.load(caller.tenant.project(input.project_id)),
        sdk.accounts
            .require_member(&caller.tenant, input.assigned_to, "assignedTo"),
    )
    .await;
    let (project, ()) = (project?, assignee?);
    let upload = sdk.storage.upload(&project, attachment).await?;
    let attachment_url = sdk.storage.link(upload.as_ref()).await?;
    let task = input.into_task(caller.user_id, upload.as_ref(), sdk.clock.now());

    let mut change = sdk.db.change(&project, &caller);
    change.create(&project.task(task.id), &task);
    change.count_task();
    change.keep_upload(upload.as_ref());
    change.send_all(TaskAssigned::of(&task));
    change.send(&IndexTask::of(&task));
    change.emit(&TaskCreated::of(&task));
    let reply = Reply::created(output(task, attachment_url));
    change.commit_with(reply).await
}

impl Input {
    fn into_task(self, author: UserId, upload: Option<&PendingUpload>, now: Millis) -> Task {
        Task {
            description: self.description,
            assigned_to: self.assigned_to,
            due_date: self.due_date,
            attachment: upload.map(PendingUpload::object),
            attachment_bytes: upload.map(PendingUpload::bytes),
            ..Task::new(self.project_id, author, self.title, now)
        }
    }
}

fn output(task: Task, attachment_url: Option<String>) -> Output {
    Output {
        task: Created {
            id: task.id,
            project_id: task.project_id,
            title: task.title,
            status: task.status,
            attachment_url,
        },
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
