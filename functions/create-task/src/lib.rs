//! `POST /api/create-task` and `POST /api/projects/{id}/tasks`: a task of a project, with a file if there is one.

use shared::event::caller::Principal;
use shared::model::attachment::{self, Attachment};
use shared::model::due::DueDate;
use shared::model::id::{ProjectId, TaskId, UserId};
use shared::model::label::LabelIds;
use shared::model::log::IndexTask;
use shared::model::realtime::TaskCreated;
use shared::model::task::{Priority, Status, Task, TaskView};
use shared::model::text::{TaskDescription, TaskTitle};
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::db::Assignee;
use shared::sdk::uploads::PendingUpload;

/// Editors make tasks. The body has room for 4 MiB of file in base64.
pub const ENDPOINT: Endpoint = Endpoint::http("create-task", "POST", "/api/create-task")
    .also(&[("POST", "/api/projects/{id}/tasks")])
    .rate(Rate::FileIn("attachment"))
    .body_limit(6 * 1024 * 1024, Some(attachment::TOO_LARGE))
    .called_by(uses::MEMBER)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::DB_GET,
        uses::DB_BATCH_GET,
        uses::DB_CHANGE,
        uses::DB_UNCHANGED,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
        uses::STALE_CACHES,
        uses::UPLOAD_NOTES,
        uses::DUE_NOTE_LATER,
        uses::STORAGE_PUT,
        uses::STORAGE_LINK,
    ]);

/// What is to be done, in which project: in the words of the first endpoint.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields, rename_all = camelCase)]
#[schemars(rename_all = "camelCase")]
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
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    task: Created,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: TaskId,
    project_id: ProjectId,
    title: TaskTitle,
    status: Status,
    attachment_url: Option<String>,
}

/// The same, in the words of all other resources.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct New {
    id: ProjectId,
    title: TaskTitle,
    #[deserr(default)]
    description: Option<TaskDescription>,
    #[deserr(default)]
    status: Option<Status>,
    #[deserr(default)]
    priority: Priority,
    #[deserr(default)]
    assigned_to: Option<UserId>,
    #[deserr(default)]
    start_date: Option<DueDate>,
    #[deserr(default)]
    due_date: Option<DueDate>,
    #[deserr(default)]
    parent_id: Option<TaskId>,
    #[deserr(default)]
    labels: LabelIds,
    #[deserr(default)]
    attachment: Option<Attachment>,
}

/// Makes it; the answer has a link to its file.
pub async fn post_create_task(sdk: Sdk, event: Event<Input, Editor>) -> Result<Reply<Output>> {
    let Event { input, caller, .. } = event;
    // Boxed, as below, for it is large.
    Box::pin(make(&sdk, &caller, input.into(), "assignedTo", output)).await
}

/// Makes it; the answer tells where it stands from then on.
pub async fn create_task(sdk: Sdk, event: Event<New, Editor>) -> Result<Reply<Data<TaskView>>> {
    let Event { input, caller, .. } = event;
    Box::pin(make(&sdk, &caller, input, "assigned_to", shown)).await
}

/// Stores the task; its email, its realtime event and its embedding follow from the log.
async fn make<T: Serialize>(
    sdk: &Sdk,
    caller: &Principal,
    mut input: New,
    field: &str,
    answer: impl FnOnce(Task, Option<String>) -> Reply<T>,
) -> Result<Reply<T>> {
    let limit = caller.profile.settings.attachment_limit_bytes;
    let attachment = input.attachment.take();
    let attachment = attachment
        .map(|file| file.within_limit(limit))
        .transpose()?;
    let (project, is_member) = join(
        sdk.db.open_project(caller, input.id),
        sdk.accounts.is_member(&caller.tenant, input.assigned_to),
    )
    .await;
    let (project, is_member) = (project?, is_member?);
    let assignee = Assignee { field, is_member };
    let mut task = input.into_task(caller.user_id, sdk.clock.now());
    sdk.db
        .require_fitting(caller, &project, None, &task, assignee)
        .await?;
    let upload = sdk.storage.upload(&project, attachment).await?;
    let attachment_url = sdk.storage.link(upload.as_ref()).await?;
    task.attachment = upload.as_ref().map(PendingUpload::object);
    task.attachment_bytes = upload.as_ref().map(PendingUpload::bytes);

    let mut change = sdk.db.change(&project, caller);
    change.add_task(&task);
    change.keep_upload(upload.as_ref());
    change.tell_assignee(&task);
    change.send(&IndexTask::of(&task));
    change.emit(&TaskCreated::of(&task));
    change.commit_with(answer(task, attachment_url)).await
}

impl From<Input> for New {
    fn from(input: Input) -> Self {
        Self {
            id: input.project_id,
            title: input.title,
            description: input.description,
            status: None,
            priority: Priority::default(),
            assigned_to: input.assigned_to,
            start_date: None,
            due_date: input.due_date,
            parent_id: None,
            labels: LabelIds::default(),
            attachment: input.attachment,
        }
    }
}

impl New {
    fn into_task(self, author: UserId, now: Millis) -> Task {
        let task = Task {
            description: self.description,
            priority: self.priority,
            assigned_to: self.assigned_to,
            start_date: self.start_date,
            due_date: self.due_date,
            parent_id: self.parent_id,
            labels: self.labels,
            ..Task::new(self.id, author, self.title, now)
        };
        match self.status {
            Some(status) => task.begun(status),
            None => task,
        }
    }
}

fn output(task: Task, attachment_url: Option<String>) -> Reply<Output> {
    let location = location(&task);
    let output = Output {
        task: Created {
            id: task.id,
            project_id: task.project_id,
            title: task.title,
            status: task.status,
            attachment_url,
        },
    };
    Reply::created(output).location(location)
}

fn shown(task: Task, _attachment_url: Option<String>) -> Reply<Data<TaskView>> {
    let (location, version) = (location(&task), task.version);
    Reply::created(TaskView::from(task).into())
        .location(location)
        .version(version)
}

fn location(task: &Task) -> String {
    format!("/api/tasks/{}", task.id)
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, post_create_task).route(
        "POST",
        "/api/projects/{id}/tasks",
        create_task,
    )
}
