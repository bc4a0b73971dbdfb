//! Lists of tasks: a stretch of an index is read, and then the tasks that it names. What changes between the two calls
//! is shown as it is by then, or left out if it does not belong there any more; where the next page begins is told by
//! the index alone, so that no other task is lost by it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::super::dynamo::{Item, from_item, key_item, text};
use super::{Db, access};
use crate::error::Result;
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Span, Stored};
use crate::model::id::{ProjectId, TaskId, UserId};
use crate::model::project::Project;
use crate::model::task::expanded::{Expand, ExpandedTask};
use crate::model::task::listed::{By, Filter, Wanted};
use crate::model::task::{DeletedTask, Task};
use crate::page::{Cursor, Limit, Meta, Page, PageNumber, Paging, PerPage};

/// What a cursor is bound to: the name of its list, whose it is, what is listed of it, and in which order, whether that
/// is down.
type Bound<T> = (&'static str, T, Filter, (By, bool));

/// What is read of a stretch for a page.
struct Found {
    items: Vec<Item>,
    /// Whether there is more behind it.
    more: bool,
}

impl Db {
    /// A page of a project's tasks, or of those that are deleted and can be restored. The project and a query at once, and
    /// but for the order in which they were made a call more; one more if those who are to do them are wanted, too. A
    /// page with a number reads the keys of all before it. Of deleted tasks it may be shorter, for those that can't be
    /// restored any more stand there for a while.
    ///
    /// # Errors
    /// 404 if the project is not there; 403 for deleted tasks, if the caller may not restore them; 400 for a cursor of
    /// another list.
    pub async fn tasks(
        &self,
        caller: &Principal,
        id: ProjectId,
        wanted: &Wanted,
        expand: Expand,
    ) -> Result<Page<ExpandedTask>> {
        let key = caller.tenant.project(id);
        let span = Span::of_project(&key, wanted.by, &wanted.filter);
        let order = (wanted.by, wanted.is_down);
        let bound = ("tasks of a project", id, wanted.filter, order);
        // Both to their ends: what is not there takes no other calls than what is another's.
        let (project, found) = futures::join!(
            Box::pin(self.project(caller, id)),
            Box::pin(self.look(&span, wanted, &bound))
        );
        let (project, found): (Stored<Project>, Found) = (project?, found?);
        let meta = meta(&span, wanted, &bound, &found, counted(&project, wanted))?;
        let data = if wanted.by == By::Deleted {
            let project = access::edited(caller, project)?;
            self.deleted(caller, project, (&span, wanted, found), expand)
                .await?
        } else {
            let key = |id| project.task(id);
            let mut tasks: Vec<Task> = self.rows(&span, wanted, found, key).await?;
            tasks.retain(|task| wanted.filter.has(task));
            let projects = BTreeMap::from([(id, project.into_inner())]);
            self.all_expanded(caller, tasks, projects, expand).await?
        };
        Ok(Page { data, meta })
    }

    /// Those deleted tasks that were found and can be restored, each with the time until which it can be.
    async fn deleted(
        &self,
        caller: &Principal,
        project: Stored<Project>,
        (span, wanted, found): (&Span, &Wanted, Found),
        expand: Expand,
    ) -> Result<Vec<ExpandedTask>> {
        let key = |id| project.deleted_task(id);
        let mut rows: Vec<DeletedTask> = self.rows(span, wanted, found, key).await?;
        let now = self.after(&project);
        rows.retain(|row| row.is_restorable(now));
        let until: Vec<_> = rows.iter().map(DeletedTask::restorable_until).collect();
        let tasks = rows.into_iter().map(|row| row.task).collect();
        let projects = BTreeMap::from([(project.id, project.into_inner())]);
        let tasks = self.all_expanded(caller, tasks, projects, expand).await?;
        let tasks = tasks.into_iter().zip(until);
        Ok(tasks.map(|(task, until)| task.deleted(until)).collect())
    }

    /// A page of a user's tasks, in whatever projects. A query, and then two reads at once; one more if whoever is to
    /// do them is wanted, too.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn tasks_of(
        &self,
        caller: &Principal,
        user_id: UserId,
        wanted: &Wanted,
        expand: Expand,
    ) -> Result<Page<ExpandedTask>> {
        let tenant = caller.tenant;
        let span = Span::of_user(tenant, user_id, wanted.by, &wanted.filter);
        let order = (wanted.by, wanted.is_down);
        let bound = ("tasks of a user", user_id, wanted.filter, order);
        let found = self.look(&span, wanted, &bound).await?;
        let meta = meta(&span, wanted, &bound, &found, None)?;
        let items = found.items.iter();
        let rows: Vec<_> = items
            .filter_map(|item| span.task_and_project(text(item, "sk")))
            .collect();
        let projects: BTreeSet<_> = rows.iter().map(|(_, project_id)| *project_id).collect();
        let keys = rows.into_iter().map(|row| Key::listed(tenant, row));
        let (projects, tasks) = futures::try_join!(
            self.projects_there(caller, projects),
            self.rows_at::<Task>(keys.collect()),
        )?;
        let tasks = tasks
            .into_iter()
            .filter(|task| wanted.filter.has(task) && projects.contains_key(&task.project_id));
        let data = self.all_expanded(caller, tasks.collect(), projects, expand);
        Ok(Page {
            data: data.await?,
            meta,
        })
    }

    /// Those of some projects that are there for the caller; a call, if there are any.
    pub(super) async fn projects_there(
        &self,
        caller: &Principal,
        ids: BTreeSet<ProjectId>,
    ) -> Result<BTreeMap<ProjectId, Project>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let keys = ids.into_iter().map(|id| caller.tenant.project(id));
        let projects = self.get_all(keys.collect()).await?.into_iter();
        let seen = projects.filter_map(|project| access::seen(caller, Some(project)));
        let seen = seen.map(Stored::into_inner);
        Ok(seen.map(|project| (project.id, project)).collect())
    }

    /// The rows of a page that are there: those that were found, if they have been read whole, or else those of their
    /// keys.
    async fn rows<T: Row>(
        &self,
        span: &Span,
        wanted: &Wanted,
        found: Found,
        key: impl Fn(TaskId) -> Key<T>,
    ) -> Result<Vec<T>> {
        let is_of_rows = matches!(wanted.by, By::Id | By::Deleted);
        if is_of_rows && matches!(wanted.paging, Paging::Cursor(..)) {
            return found.items.into_iter().map(from_item).collect();
        }
        self.rows_at(ids(span, &found).map(key).collect()).await
    }

    /// The rows of some keys that are there; a call, if there are any.
    async fn rows_at<T: Row>(&self, keys: Vec<Key<T>>) -> Result<Vec<T>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.get_all(keys).await?;
        Ok(rows.into_iter().map(Stored::into_inner).collect())
    }

    async fn look(
        &self,
        span: &Span,
        wanted: &Wanted,
        bound: &Bound<impl Serialize>,
    ) -> Result<Found> {
        let query = self.query(span)?.scan_index_forward(!wanted.is_down);
        match &wanted.paging {
            Paging::Cursor(limit, cursor) => {
                let start = cursor.as_ref().map(|cursor| start(span, cursor, bound));
                next(query.set_exclusive_start_key(start.transpose()?), *limit).await
            }
            Paging::Number(page, per_page) => numbered(span, query, *page, *per_page).await,
        }
    }

    fn query(&self, span: &Span) -> Result<QueryFluentBuilder> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let (first, last) = &span.within;
        Ok(self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(span.table)?)
            .set_index_name(span.index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND #by BETWEEN :first AND :last")
            .expression_attribute_names("#by", span.attribute)
            .expression_attribute_values(":pk", text(&span.pk))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
            .consistent_read(true))
    }
}

/// Where a cursor is in a stretch, whether there is still something or not.
fn start(span: &Span, cursor: &Cursor, bound: &Bound<impl Serialize>) -> Result<Item> {
    let place: String = cursor.place(bound.0, bound)?;
    let sk = span.row_at(&place).ok_or_else(Cursor::malformed)?;
    let mut start = key_item(&span.pk, &sk);
    start.insert(span.attribute.to_owned(), AttributeValue::S(place));
    Ok(start)
}

/// As many as are asked for; one more would tell that there are more.
async fn next(query: QueryFluentBuilder, limit: Limit) -> Result<Found> {
    let most = i32::try_from(limit.get() + 1).unwrap_or(i32::MAX);
    let answer = query.limit(most).send().await?;
    let mut items = answer.items.unwrap_or_default();
    // One call reads no more than 1 MB, and so may have come to less.
    let more = items.len() > limit.get() || answer.last_evaluated_key.is_some();
    items.truncate(limit.get());
    Ok(Found { items, more })
}

/// The rows of a page, by their keys.
async fn numbered(
    span: &Span,
    query: QueryFluentBuilder,
    page: PageNumber,
    per_page: PerPage,
) -> Result<Found> {
    let rows = page.rows(per_page);
    // An index has keys alone.
    let projection = span.index.is_none().then(|| "pk, sk".to_owned());
    let mut calls = query
        .set_projection_expression(projection)
        .limit(i32::try_from(rows + 1).unwrap_or(i32::MAX))
        .into_paginator()
        .send();
    let mut items = Vec::new();
    while items.len() <= rows
        && let Some(answer) = calls.next().await
    {
        items.extend(answer?.items.unwrap_or_default());
    }
    let more = Paging::Number(page, per_page).cut(&mut items);
    Ok(Found { items, more })
}

/// Which tasks were found.
fn ids<'a>(span: &'a Span, found: &'a Found) -> impl Iterator<Item = TaskId> {
    found
        .items
        .iter()
        .filter_map(|item| span.task(text(item, "sk")))
}

fn meta(
    span: &Span,
    wanted: &Wanted,
    bound: &Bound<impl Serialize>,
    found: &Found,
    total: Option<u64>,
) -> Result<Meta> {
    let has_more = found.more;
    match wanted.paging {
        Paging::Number(page, per_page) => Ok(Meta::Number {
            page: page.get(),
            per_page: per_page.get(),
            total,
            has_more,
        }),
        Paging::Cursor(..) => {
            let last = found.items.last().filter(|_| has_more);
            let next = last.map(|last| Cursor::new(bound.0, bound, &text(last, span.attribute)));
            Ok(Meta::Cursor {
                next_cursor: next.transpose()?,
                has_more,
            })
        }
    }
}

/// How many tasks of a project there are on such a list, if that is counted.
fn counted(project: &Project, wanted: &Wanted) -> Option<u64> {
    let Filter { status, .. } = wanted.filter;
    let counts = project.task_counts();
    let count = match (wanted.by, status) {
        (By::Place, Some(status)) => counts.of(status),
        _ if wanted.by != By::Due && wanted.filter.is_empty() => return Some(project.task_count),
        _ => return None,
    };
    u64::try_from(count).ok()
}
