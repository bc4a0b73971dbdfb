//! Projects: all that somebody sees, what each says of itself, and how it goes and comes back.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use serde::Serialize;

use super::super::backoff::Backoff;
use super::super::change::Change;
use super::super::dynamo::{deleting, text};
use super::sharing::{found_by_restorers, share_with_owner};
use super::{Db, access};
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Principal;
use crate::keys::{Key, Partition, Stored, deleted_place, listed_place};
use crate::model::Millis;
use crate::model::account::Role;
use crate::model::id::ProjectId;
use crate::model::project::{
    Project, ProjectDeleted, ProjectRestored, ProjectUpdated, Purge, Standing, WantedProjects,
};
use crate::page::{Cursor, Meta, Page, Paging};
use crate::reply::Reply;

/// What a cursor of the list of projects is bound to.
const LIST: &str = "projects";

impl Db {
    /// All projects that the caller sees, by their ids: those for all by the tenant's list, those that were shared
    /// with them by their own; or those that are deleted and theirs to restore. Two reads at once, and one of the rows; of what
    /// is deleted the tenant's list is its admins' alone. A page may be shorter than its limit where what was shared with
    /// them is archived, or not for them any more. A page with a number reads the keys of all before it;
    /// how many there are is not told, for nobody counts what each caller sees.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn projects(
        &self,
        caller: &Principal,
        wanted: &WantedProjects,
    ) -> Result<Page<Project>> {
        let paging = &wanted.paging;
        let bound = (wanted.standing, wanted.is_down);
        let after = match paging {
            Paging::Cursor(_, Some(cursor)) => Some(cursor.place::<ProjectId>(LIST, &bound)?),
            _ => None,
        };
        let (for_all, shared) = futures::try_join!(
            self.listed_projects(caller, wanted, after),
            self.shared_projects(caller, wanted, after),
        )?;
        let mut ids: Vec<_> = for_all.into_iter().chain(shared).collect();
        ids.sort_unstable();
        ids.dedup();
        if wanted.is_down {
            ids.reverse();
        }
        let has_more = paging.cut(&mut ids);
        let meta = match *paging {
            Paging::Number(page, per_page) => Meta::Number {
                page: page.get(),
                per_page: per_page.get(),
                total: None,
                has_more,
            },
            Paging::Cursor(..) => {
                let last = ids.last().filter(|_| has_more);
                let next = last.map(|last| Cursor::new(LIST, &bound, last));
                Meta::Cursor {
                    next_cursor: next.transpose()?,
                    has_more,
                }
            }
        };
        if ids.is_empty() {
            let data = Vec::new();
            return Ok(Page { data, meta });
        }
        let keys = ids.into_iter().map(|id| caller.tenant.project(id));
        let found = self.get_all(keys.collect()).await?.into_iter();
        let now = self.dynamo.request().clock().now();
        let meant = found.filter(|project| is_meant(caller, project, wanted.standing, now));
        let data = meant.map(Stored::into_inner).collect();
        Ok(Page { data, meta })
    }

    /// Changes what a project says of itself, by what it says when it is written: where another change comes first,
    /// it is read and changed anew. Returns what `answer` makes of it. Where nothing is different nothing is
    /// written. One read and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there, or not for the caller; 403 if they may not; 412 if it is not what the client has seen;
    /// 503 if too many change it at once.
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
            let before = access::edited(caller, self.project(caller, id).await?)?;
            if_match.require(before.version)?;
            let mut project = before.clone().into_inner();
            edit(&mut project);
            let fields = project.differing(&before);
            if fields.is_empty() {
                return Ok(answer(project));
            }
            let seen_by_others = project.visibility != before.visibility;
            if seen_by_others {
                access::require_managed(caller, &before)?;
            }
            project.version += 1;
            let mut change = Change::of(self.dynamo.clone(), before.clone(), caller);
            if seen_by_others {
                share_with_owner(&mut change, &before, &project);
            }
            self.shows(caller, &project);
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
            self.again(&mut backoff).await?;
        }
    }

    /// Deletes a project with all that is in it: for 30 days it can be restored, and then it is purged. One read and
    /// one transaction, however much it holds.
    ///
    /// # Errors
    /// 404 if it is not there, or not for the caller; 403 if they don't manage it; 412 if it is not what the client has
    /// seen; 503 if too many change it at once.
    pub async fn delete_project(
        &self,
        caller: &Principal,
        id: ProjectId,
        if_match: &IfMatch,
    ) -> Result<Reply<()>> {
        let mut backoff = Backoff::default();
        loop {
            let before = self.project(caller, id).await?;
            access::require_managed(caller, &before)?;
            if_match.require(before.version)?;
            let mut project = before.clone().into_inner();
            let mut change = Change::of(self.dynamo.clone(), before.clone(), caller);
            let now = change.at();
            project.version += 1;
            project.updated_at = now;
            project.deleted_at = Some(now);
            found_by_restorers(&mut change, &before, &project);
            let purge = Purge {
                tenant_id: caller.tenant.id(),
                project_id: id,
                due_at: project.restorable_until().unwrap_or(now),
                claimed: false,
            };
            change.create(&Key::noted_purge(&purge), &purge);
            change.emit(&ProjectDeleted { id });
            change.says(project);
            let done = Reply::no_content();
            if let Some(reply) = change.commit_as_read_with(done).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// Takes a deleted project back, with all that is in it, unless its purge has begun: who comes first, by the note
    /// of it, wins. One read and one transaction.
    ///
    /// # Errors
    /// 404 if it is not there, not deleted, was deleted too long ago, or is not the caller's to restore; 503 if too
    /// many change it at once.
    pub async fn restore_project<T: Serialize>(
        &self,
        caller: &Principal,
        id: ProjectId,
        answer: impl Fn(Project) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let mut backoff = Backoff::default();
        loop {
            let before = self.deleted_project(caller, id).await?;
            let mut project = before.clone().into_inner();
            let due_at = project.restorable_until().ok_or_else(access::missing)?;
            let mut change = Change::of(self.dynamo.clone(), before.clone(), caller);
            let now = change.at();
            if now >= due_at {
                return Err(access::missing());
            }
            project.version += 1;
            project.updated_at = now;
            project.deleted_at = None;
            found_by_restorers(&mut change, &before, &project);
            let note = Key::purge(caller.tenant, id, due_at);
            change.guarded(self.unclaimed(&note), access::missing());
            self.shows(caller, &project);
            change.emit(&ProjectRestored {
                id,
                version: project.version,
            });
            change.says(project.clone());
            if let Some(reply) = change.commit_as_read_with(answer(project)).await? {
                return Ok(reply);
            }
            self.again(&mut backoff).await?;
        }
    }

    /// A deleted project that is the caller's to restore.
    async fn deleted_project(&self, caller: &Principal, id: ProjectId) -> Result<Stored<Project>> {
        let project = self.get(caller.tenant.project(id)).await?;
        let deleted = project.filter(|project| is_deleted_for(caller, project));
        deleted.ok_or_else(access::missing)
    }

    /// The end of a note of a purge that has not begun.
    fn unclaimed(&self, note: &Key<Purge>) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(self.dynamo.table(note.table())?)
            .set_key(Some(note.item()))
            .condition_expression("claimed = :no")
            .expression_attribute_values(":no", AttributeValue::Bool(false));
        delete.build().map(deleting).map_err(Error::internal)
    }

    /// The ids of those for all, as many as one call reads.
    async fn listed_projects(
        &self,
        caller: &Principal,
        wanted: &WantedProjects,
        after: Option<ProjectId>,
    ) -> Result<Vec<ProjectId>> {
        if wanted.standing == Standing::Deleted && caller.role < Role::Admin {
            return Ok(Vec::new());
        }
        let list = caller.tenant.projects();
        let place = |id| listed_place(wanted.standing, id).unwrap_or_default();
        let start = after.map(|id| (caller.tenant.listed_project(id), place(Some(id))));
        let query = self.standing(&list, ("lsi1", "l1"), &place(None), start)?;
        self.ids(&list, query, wanted).await
    }

    /// The ids of those that the caller's own list finds.
    async fn shared_projects(
        &self,
        caller: &Principal,
        wanted: &WantedProjects,
        after: Option<ProjectId>,
    ) -> Result<Vec<ProjectId>> {
        let (tenant, user_id) = (caller.tenant, caller.user_id);
        let list = Partition::shared_projects(tenant, user_id);
        let start = after.map(|id| (Key::shared_project(tenant, user_id, id), Some(id)));
        let query = if wanted.standing == Standing::Deleted {
            let start = start.map(|(key, id)| (key, deleted_place(id)));
            self.standing(&list, ("lsi2", "l2"), &deleted_place(None), start)?
        } else {
            let start = start.map(|(key, _)| key.item());
            self.dynamo.query_of(&list)?.set_exclusive_start_key(start)
        };
        self.ids(&list, query, wanted).await
    }

    /// The rows of a list whose place in an index begins like this, from behind one of them on: keys alone stand there.
    fn standing<T>(
        &self,
        list: &Partition<T>,
        (index, attribute): (&str, &str),
        kind: &str,
        start: Option<(Key<T>, String)>,
    ) -> Result<QueryFluentBuilder> {
        let start = start.map(|(key, place)| {
            let mut start = key.item();
            start.insert(attribute.to_owned(), AttributeValue::S(place));
            start
        });
        Ok(self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(list.table())?)
            .index_name(index)
            .key_condition_expression("pk = :pk AND begins_with(#place, :kind)")
            .expression_attribute_names("#place", attribute)
            .expression_attribute_values(":pk", AttributeValue::S(list.pk().to_owned()))
            .expression_attribute_values(":kind", AttributeValue::S(kind.to_owned()))
            .set_exclusive_start_key(start)
            .consistent_read(true))
    }

    /// Which projects the rows of a list are of, one more than are wanted if there are more; one call.
    async fn ids<T>(
        &self,
        list: &Partition<T>,
        query: QueryFluentBuilder,
        wanted: &WantedProjects,
    ) -> Result<Vec<ProjectId>> {
        let most = i32::try_from(wanted.paging.rows() + 1).unwrap_or(i32::MAX);
        let query = query.scan_index_forward(!wanted.is_down).limit(most);
        let items = query.send().await?.items.unwrap_or_default();
        let ids = items.iter().map(|item| {
            let id = text(item, "sk").strip_prefix(list.prefix());
            id.and_then(|id| id.parse().ok())
        });
        ids.collect::<Option<_>>()
            .ok_or_else(|| Error::internal("a listed project's key has no id"))
    }
}

/// Whether a project is deleted, and whoever asks managed it: who did not is told nothing of it.
fn is_deleted_for(caller: &Principal, project: &Project) -> bool {
    project.deleted_at.is_some() && access::require_managed(caller, project).is_ok()
}

/// Whether a project that a list has found is one of those, and shown to whoever asks.
fn is_meant(
    caller: &Principal,
    project: &Stored<Project>,
    standing: Standing,
    now: Millis,
) -> bool {
    if standing == Standing::Deleted {
        let is_restorable = project.restorable_until().is_some_and(|until| now < until);
        return is_restorable && is_deleted_for(caller, project);
    }
    let is_archived = standing == Standing::Archived;
    access::is_seen(caller, project) && project.is_archived() == is_archived
}
