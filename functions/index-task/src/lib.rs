//! Makes a task findable by meaning, has its comments go when it does, and where it does, takes off it a label that is
//! gone, and tells whoever is to do it that it is due soon.

use shared::keys::Stored;
use shared::lambda::queue::Message;
use shared::model::id::TaskId;
use shared::model::log::TaskJob;
use shared::model::project::Project;
use shared::model::search::{SETTLING, Vector};
use shared::model::task::Task;
use shared::prelude::*;

/// One text a job; the same text is not embedded twice.
pub const ENDPOINT: Endpoint = Endpoint::queue("index-task").uses(&[
    uses::CONSUME_EMBEDDINGS,
    uses::DB_GET,
    uses::DB_PUT,
    uses::DB_REMOVE,
    uses::DB_INDEXED_LATE,
    uses::AI_EMBED,
    uses::COMMENTS_SETTLE,
    uses::USER_CHANGE,
    uses::DB_UNCHANGED,
    uses::CHANGE_NOTES,
]);

/// What is indexed later than this is noted: well before searches expect it.
const LATE: Millis = SETTLING / 2;

/// Does what follows from a task that has changed, or is due soon.
pub async fn handler(sdk: Sdk, event: Event<Message<TaskJob>, Worker>) -> Result<()> {
    let job = event.input.job.payload;
    let project_id = match &job {
        TaskJob::IndexTask(job) => job.project_id,
        TaskJob::SettleComments(job) => job.project_id,
        TaskJob::MoveComments(job) => job.project_id,
        TaskJob::TakeOffLabel(job) => job.project_id,
        TaskJob::TellDue(job) => job.project_id,
    };
    let project = sdk.db.project_to_index(&event.caller, project_id);
    let Some(project) = project.await? else {
        return Ok(());
    };
    match job {
        TaskJob::IndexTask(job) => index_text(&sdk, &project, job.task_id).await,
        TaskJob::SettleComments(job) => sdk.db.settle_comments(&project, job.task_id).await,
        TaskJob::MoveComments(job) => sdk.db.move_comments(&project, &job).await,
        TaskJob::TakeOffLabel(job) => sdk.db.take_off(&project, &job).await,
        TaskJob::TellDue(job) => sdk.db.tell_due(&project, &job).await,
    }
}

/// Embeds what the task says now, unless that has been done, and forgets one that is gone.
async fn index_text(sdk: &Sdk, project: &Stored<Project>, id: TaskId) -> Result<()> {
    // Another job may have been faster with what it read before: the last one to write looks once more.
    while let Some(task) = look(sdk, project, id).await? {
        index(sdk, project, id, task).await?;
    }
    Ok(())
}

/// What is not indexed as it is: a task, or that there is none. Nothing if all is as it should be.
async fn look(sdk: &Sdk, project: &Stored<Project>, id: TaskId) -> Result<Option<Option<Task>>> {
    let (task, indexed) = join(sdk.db.get(project.task(id)), sdk.db.get(project.vector(id))).await;
    let (task, indexed) = (task?.map(Stored::into_inner), indexed?);
    let Some(task) = task else {
        return Ok(indexed.map(|_of_a_deleted_one| None));
    };
    let content_hash = Vector::hash(sdk.ai.model()?, &task.text());
    let is_indexed = indexed.is_some_and(|vector| vector.content_hash == content_hash);
    // A search may have been kept meanwhile that lacks it.
    if is_indexed && sdk.clock.now() - task.updated_at > LATE {
        sdk.db.indexed_late(project).await?;
    }
    Ok((!is_indexed).then_some(Some(task)))
}

async fn index(sdk: &Sdk, project: &Stored<Project>, id: TaskId, task: Option<Task>) -> Result<()> {
    let key = project.vector(id);
    let Some(task) = task else {
        return sdk.db.remove_derived(&key).await;
    };
    let text = task.text();
    let embedding = sdk.ai.embed(&text).await?;
    let content_hash = Vector::hash(sdk.ai.model()?, &text);
    let vector = project.embedded(id, content_hash, embedding);
    sdk.db.put_derived(&key, &vector).await
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
