//! A deleted project that can't be restored any more: found by its note, and removed with all that hangs on it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::super::dynamo::{Item, from_item, met, text};
use super::{Erasure, MARGIN, due_note};
use crate::error::Result;
use crate::keys::{Any, Key, ObjectPath, Partition, SHARDS, Stored, Table, purges_until};
use crate::model::Millis;
use crate::model::id::TaskId;
use crate::model::log::{Envelope, Job};
use crate::model::project::{MOST_MEMBERS, Project, Purge, PurgeProject};
use crate::model::realtime::Room;
use crate::model::task::listed::Assigned;
use crate::tenant::Tenant;

/// How many rows one transaction removes: each task's with the row that it is found by, that in the list of whoever
/// was to do it, and the note of when it is due.
const AT_ONCE: usize = 25;

/// How many files are removed at a time.
const FILES: usize = 500;

impl Erasure {
    /// The purges that were due before `now`, those that have begun and not ended included.
    pub async fn purges_due(&self, now: Millis) -> Result<Vec<Purge>> {
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            let (pk, until) = purges_until(shard, now);
            let mut items = self
                .dynamo
                .client()
                .query()
                .table_name(self.dynamo.table(Table::Ephemeral)?)
                .key_condition_expression("pk = :pk AND sk < :until")
                .expression_attribute_values(":pk", AttributeValue::S(pk))
                .expression_attribute_values(":until", AttributeValue::S(until))
                .consistent_read(true)
                .into_paginator()
                .items()
                .send();
            while let Some(item) = items.next().await {
                due.push(from_item(item?)?);
            }
        }
        Ok(due)
    }

    /// Claims a purge, so that nobody can restore the project any more. Returns what is to be done, unless somebody
    /// has restored it before.
    pub async fn claim_purge(&self, purge: &Purge) -> Result<Option<Envelope<PurgeProject>>> {
        let key = Key::noted_purge(purge);
        let outcome = self
            .dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET claimed = :yes")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await;
        let Purge {
            tenant_id,
            project_id,
            due_at,
            ..
        } = *purge;
        Ok(met(outcome)?.then(|| Envelope {
            id: format!("{tenant_id}/project/{project_id}/purge"),
            kind: PurgeProject::TYPE.to_owned(),
            version: PurgeProject::VERSION,
            tenant_id,
            payload: PurgeProject { project_id, due_at },
        }))
    }

    /// Removes a deleted project, its log, vectors, files and tasks, for as long as there is time; its own row goes
    /// last, with the note. Returns whether nothing is left. What remains tells where to go on, so it can be repeated.
    pub async fn project(&self, tenant: Tenant, job: PurgeProject) -> Result<bool> {
        let note = Key::purge(tenant, job.project_id, job.due_at);
        let project = self.dynamo.get(tenant.project(job.project_id)).await?;
        let Some(project) = project else {
            return self.dynamo.delete(&note).await.map(|()| true);
        };
        if project.restorable_until() != Some(job.due_at) {
            return Ok(true);
        }
        let logs = Partition::log(tenant, Room::Project(project.id), project.seq);
        for partition in logs.chain(Partition::of_project(tenant, project.id)) {
            if !self.purge_partition(&partition, |_| Vec::new()).await? {
                return Ok(false);
            }
        }
        let placed = |row: &Item| beside_task(&project, row);
        let rows = Partition::project(tenant, project.id);
        if !self.purge_files(&project).await? || !self.purge_partition(&rows, placed).await? {
            return Ok(false);
        }
        self.close_purge(&project, note).await.map(|()| true)
    }

    /// Removes all rows of a partition but a project's own, each with what is found `beside` it. Returns whether there
    /// was time for it.
    async fn purge_partition(
        &self,
        partition: &Partition<Any>,
        beside: impl Fn(&Item) -> Vec<Key<Any>>,
    ) -> Result<bool> {
        while self.dynamo.request().remaining() > MARGIN {
            let page = self.dynamo.query_of(partition)?;
            let page = page.projection_expression("sk, assigned_to, due_date");
            let page = page.limit(i32::try_from(AT_ONCE).unwrap_or(i32::MAX));
            let items = page.send().await?.items.unwrap_or_default();
            let rows = items.iter().filter(|item| text(item, "sk") != "PROJECT");
            let own = rows.clone().map(|item| partition.row(text(item, "sk")));
            let noted = rows.clone().filter_map(|item| due_note(partition, item));
            let doomed: Vec<_> = own.chain(noted).chain(rows.flat_map(&beside)).collect();
            if doomed.is_empty() {
                return Ok(true);
            }
            self.remove_all(&doomed).await?;
        }
        Ok(false)
    }

    async fn purge_files(&self, project: &Stored<Project>) -> Result<bool> {
        let prefix = ObjectPath::all_of_project(project.tenant(), project.id);
        while self.dynamo.request().remaining() > MARGIN {
            let found = self.storage.list(&prefix, FILES).await?;
            if found.is_empty() {
                return Ok(true);
            }
            let paths: Vec<_> = found.into_iter().map(|(path, _)| path).collect();
            self.storage.remove_all(&paths).await?;
        }
        Ok(false)
    }

    /// What tells of the project goes with its row, and what its members' lists find it by before that.
    async fn close_purge(&self, project: &Stored<Project>, note: Key<Purge>) -> Result<()> {
        let shared_with = project.members.iter().map(|member| member.user_id);
        let shared_with = shared_with.chain([project.user_id]);
        let shared: Vec<_> = shared_with
            .map(|user_id| project.shared_with(user_id).any())
            .collect();
        for shared in shared.chunks(MOST_MEMBERS / 2) {
            self.remove_all(shared).await?;
        }
        let last = [
            project.listed().any(),
            project.listing().any(),
            project.key().any(),
            note.any(),
        ];
        self.remove_all(&last).await
    }

    /// Removes rows, whether they are there or not, all at once.
    async fn remove_all(&self, keys: &[Key<Any>]) -> Result<()> {
        let parts = keys.iter().map(|key| self.dynamo.removal(key));
        let parts = parts.collect::<Result<Vec<TransactWriteItem>>>()?;
        self.dynamo.transact(parts).await?.done()
    }
}

/// Where the task of a row is found, of a deleted one as well, and where it stands in somebody's list.
fn beside_task(project: &Stored<Project>, row: &Item) -> Vec<Key<Any>> {
    let sk = text(row, "sk");
    let id = sk.strip_prefix("TASK#");
    let id = id.or_else(|| sk.strip_prefix("DELETED#"));
    let Some(id) = id.and_then(|id| id.parse::<TaskId>().ok()) else {
        return Vec::new();
    };
    let assignee = text(row, "assigned_to").parse().ok();
    let in_a_list = assignee.map(|user_id| {
        let listed = Assigned {
            task_id: id,
            project_id: project.id,
            due_date: None,
        };
        Key::assigned(project.tenant(), user_id, &listed).any()
    });
    [project.place(id).any()]
        .into_iter()
        .chain(in_a_list)
        .collect()
}
