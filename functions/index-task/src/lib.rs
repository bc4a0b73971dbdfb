//! Makes a task findable by meaning.

use shared::lambda::queue::Message;
use shared::model::log::IndexTask;
use shared::model::search::{SETTLING, Vector};
use shared::prelude::*;

/// One text a job; the same text is not embedded twice.
pub const ENDPOINT: Endpoint = Endpoint::queue("index-task").uses(&[
    uses::CONSUME_EMBEDDINGS,
    uses::DB_GET,
    uses::DB_PUT,
    uses::DB_INDEXED_LATE,
    uses::AI_EMBED,
]);

/// What is indexed later than this is noted: well before searches expect it.
const LATE: Millis = SETTLING / 2;

/// Embeds what the task says now, unless that has been done or the task is gone.
pub async fn handler(sdk: Sdk, event: Event<Message<IndexTask>, Worker>) -> Result<()> {
    let job = event.input.job.payload;
    let Some(project) = sdk
        .db
        .get(event.caller.tenant.project(job.project_id))
        .await?
    else {
        return Ok(());
    };
    let key = project.vector(job.task_id);
    let (task, indexed) = join(
        sdk.db.get(project.task(job.task_id)),
        sdk.db.get(key.clone()),
    )
    .await;
    let Some(task) = task? else {
        return Ok(());
    };

    let text = task.text();
    let content_hash = Vector::hash(sdk.ai.model()?, &text);
    if indexed?.is_none_or(|vector| vector.content_hash != content_hash) {
        let embedding = sdk.ai.embed(&text).await?;
        let vector = project.embedded(task.id, content_hash, embedding);
        sdk.db.put_derived(&key, &vector).await?;
    }
    // A search may have been kept meanwhile that lacks it.
    if sdk.clock.now() - task.updated_at > LATE {
        sdk.db.indexed_late(&project).await?;
    }
    Ok(())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::queue::function(&ENDPOINT, handler)
}
