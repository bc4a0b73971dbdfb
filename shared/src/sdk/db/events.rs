//! What has happened: in a project, and to one of its tasks.

use aws_sdk_dynamodb::types::AttributeValue;

use super::super::dynamo::text;
use super::Db;
use crate::error::{Error, Result};
use crate::keys::{self, Stored, Table};
use crate::model::activity::{ActivityView, After, Stretch};
use crate::model::id::TaskId;
use crate::model::log::LogEntry;
use crate::model::project::Project;
use crate::page::{Cursor, Limit, Page};

/// What a cursor of a task's events is bound to.
const LIST: &str = "task-events";

/// The index in which the events of a task stand together.
const BY_OBJECT: &str = "lsi1";

/// What begins a task's story: nothing is before it.
const FIRST: &str = "task:created";

/// How many partitions of a log one call looks through, half a million events: what is not found by then is looked
/// for by the next call, so that none takes longer the longer the log is.
const PARTITIONS: usize = 8;

impl Db {
    /// The events of a project behind `after`, in their order; one read, or two.
    pub async fn activity(
        &self,
        project: &Stored<Project>,
        after: After,
        limit: Limit,
    ) -> Result<Stretch> {
        let after = after.seq();
        let most = u64::try_from(limit.get()).unwrap_or(u64::MAX);
        let until = project.seq.min(after.saturating_add(most));
        let room = project.tenant().room(project.room());
        let entries = self.events(&room, after, until).await?;
        Stretch::of(entries, after, project.seq)
    }

    /// The events of a task, the newest first: from the end of its project's log backwards, for its beginning is
    /// known by nothing but its first event. A read of the index for each partition of the log on the way, at most
    /// eight, and one of the rows that it names; a page may be short, or empty, with more behind it.
    ///
    /// # Errors
    /// 400 for a cursor of another list.
    pub async fn task_activity(
        &self,
        project: &Stored<Project>,
        task: TaskId,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<ActivityView>> {
        let before = cursor.map(|cursor| cursor.place(LIST, &task)).transpose()?;
        let mut before = before.map_or(u64::MAX, |before: u64| before);
        before = before.min(project.seq + 1);
        let mut entries: Vec<LogEntry> = Vec::new();
        for _ in 0..PARTITIONS {
            let left = limit.get() - entries.len();
            if before <= 1 || left == 0 {
                break;
            }
            let found = self.events_before(project, task, before, left).await?;
            before = match found.last() {
                Some(first) if first.kind == FIRST => 1,
                Some(last) if found.len() == left => last.seq,
                _ => keys::log_partition_of(before - 1),
            };
            entries.extend(found);
        }
        let next = (before > 1).then(|| Cursor::new(LIST, &task, &before));
        let data = entries.into_iter().map(ActivityView::try_from);
        Ok(Page::of(data.collect::<Result<_>>()?, next.transpose()?))
    }

    /// The last events of a task before `before` that are in one partition of the log, the newest first.
    async fn events_before(
        &self,
        project: &Stored<Project>,
        task: TaskId,
        before: u64,
        most: usize,
    ) -> Result<Vec<LogEntry>> {
        let log = (project.tenant(), project.room());
        let (pk, first, last) = keys::events_of(log, task, before);
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Data)?)
            .index_name(BY_OBJECT)
            .key_condition_expression("pk = :pk AND l1 BETWEEN :first AND :last")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .expression_attribute_values(":first", AttributeValue::S(first))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        // The index has keys alone.
        let items = answer.items.unwrap_or_default();
        let keys = items.iter().map(|item| {
            let seq = keys::seq_of(text(item, "sk"));
            let seq = seq.ok_or_else(|| Error::internal("an event's key has no number"))?;
            Ok(project.event(seq))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let entries = self.get_all(keys).await?;
        Ok(entries.into_iter().map(Stored::into_inner).collect())
    }
}
