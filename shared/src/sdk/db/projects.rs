//! Projects: what they say of themselves.

use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::Db;
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::model::id::ProjectId;
use crate::model::project::{Project, ProjectUpdated};
use crate::reply::Reply;

impl Db {
    /// Changes what a project says of itself, by what it says when it is written: where another change comes first,
    /// it is read and changed anew. Returns what `answer` makes of it. Where nothing is different nothing is
    /// written. One read and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there; 412 if it is not what the client has seen; 503 if too many change it at once.
    pub async fn edit_project<T: Serialize>(
        &self,
        caller: &Principal,
        id: ProjectId,
        if_match: &IfMatch,
        edit: impl Fn(&mut Project),
        answer: impl Fn(Project) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let before = self.load(caller.tenant.project(id)).await?;
            if_match.require(before.version)?;
            let mut project = before.clone().into_inner();
            edit(&mut project);
            let fields = project.differing(&before);
            if fields.is_empty() {
                return Ok(answer(project));
            }
            project.version += 1;
            let mut change = Change::of(self.dynamo.clone(), before, caller);
            change.emit(&ProjectUpdated {
                id,
                version: project.version,
                fields,
            });
            project.updated_at = change.at();
            change.says(project.clone());
            if let Some(reply) = change.commit_as_read_with(answer(project)).await? {
                return Ok(reply);
            }
            if !backoff.wait(self.dynamo.request()).await {
                return Err(Error::unavailable("others change the project all the time"));
            }
        }
    }
}
