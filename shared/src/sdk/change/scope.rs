//! Scopes: what numbers the events of a log, and what follows from a change in each.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::super::clock::Millis;
use super::super::dynamo::{Dynamo, additions, number, updating};
use crate::error::{Error, Result};
use crate::keys::{Key, Row, Stored};
use crate::model::cached::Entry;
use crate::model::id::UserId;
use crate::model::log::UserLog;
use crate::model::project::{ListedProject, Listing, Project};
use crate::model::realtime::Room;
use crate::model::tenant::{TenantLog, TenantProfile};
use crate::model::usage::Levels;
use crate::tenant::Tenant;

/// Where a change happens, as it was read.
#[derive(Debug)]
pub(super) enum Scope {
    /// A project that is being made.
    NewProject(Stored<Project>),
    /// A project, by how much its count of tasks rises, and what it says of itself from now on if that is
    /// something else.
    Project {
        row: Stored<Project>,
        tasks: i64,
        said: Option<Box<Project>>,
    },
    /// A tenant that is being made.
    NewTenant(Tenant, TenantLog),
    /// A tenant itself, and by how much its counts of members and admins change.
    Tenant {
        tenant: Tenant,
        log: Stored<TenantLog>,
        members: i64,
        admins: i64,
    },
    /// A user's account in a tenant; no row before its first event.
    User {
        tenant: Tenant,
        id: UserId,
        log: Option<Stored<UserLog>>,
    },
}

impl Scope {
    pub(super) fn tenant(&self) -> Tenant {
        match self {
            Self::NewProject(row) | Self::Project { row, .. } => row.tenant(),
            Self::NewTenant(tenant, _)
            | Self::Tenant { tenant, .. }
            | Self::User { tenant, .. } => *tenant,
        }
    }

    pub(super) fn room(&self) -> Room {
        match self {
            Self::NewProject(row) | Self::Project { row, .. } => row.room(),
            Self::NewTenant(..) | Self::Tenant { .. } => Room::Tenant,
            Self::User { id, .. } => Room::User(*id),
        }
    }

    /// The number of its next event.
    pub(super) fn next_seq(&self) -> u64 {
        match self {
            Self::NewProject(row) => row.seq,
            Self::Project { row, .. } => row.seq + 1,
            Self::NewTenant(_, log) => log.seq,
            Self::Tenant { log, .. } => log.seq + 1,
            Self::User { log, .. } => log.as_ref().map_or(1, |log| log.seq + 1),
        }
    }

    /// When it last changed.
    pub(super) fn updated_at(&self) -> Millis {
        match self {
            Self::NewProject(row) | Self::Project { row, .. } => row.updated_at,
            Self::NewTenant(_, log) => log.updated_at,
            Self::Tenant { log, .. } => log.updated_at,
            Self::User { log, .. } => log.as_ref().map_or(0, |log| log.updated_at),
        }
    }

    /// Whether another change may have taken the number meanwhile: nobody else makes the same project or tenant.
    pub(super) fn is_contested(&self) -> bool {
        !matches!(self, Self::NewProject(_) | Self::NewTenant(..))
    }

    /// What a change in it makes more or less of what its tenant has.
    pub(super) fn counts(&self) -> Levels {
        match self {
            Self::NewProject(_) => Levels {
                projects: 1,
                ..Levels::default()
            },
            Self::Project { tasks, .. } => Levels {
                tasks: *tasks,
                ..Levels::default()
            },
            Self::NewTenant(..) | Self::Tenant { .. } | Self::User { .. } => Levels::default(),
        }
    }

    /// Claims the next number: by the one that was read, or as the first.
    ///
    /// # Errors
    /// 409 if a tenant would be left without an admin.
    pub(super) fn claim(&self, dynamo: &Dynamo, at: Millis) -> Result<TransactWriteItem> {
        match self {
            Self::NewProject(row) => dynamo.creation(row.key(), row),
            Self::NewTenant(tenant, log) => dynamo.creation(&tenant.log(), log),
            Self::Project { row, tasks, said } => {
                let said = said.as_deref().map(says).transpose()?;
                let counts = [("task_count", *tasks)];
                advance(
                    dynamo,
                    row.key(),
                    row.seq,
                    at,
                    &counts,
                    said.unwrap_or_default(),
                )
            }
            Self::Tenant {
                log,
                members,
                admins,
                ..
            } => {
                if log.admins + admins < 1 {
                    return Err(Error::conflict(
                        "A tenant needs an admin, and this is its last",
                    ));
                }
                let counts = [("members", *members), ("admins", *admins)];
                advance(dynamo, log.key(), log.seq, at, &counts, Vec::new())
            }
            Self::User { log: Some(log), .. } => {
                advance(dynamo, log.key(), log.seq, at, &[], Vec::new())
            }
            Self::User { tenant, id, .. } => {
                let first = UserLog {
                    seq: 1,
                    updated_at: at,
                };
                dynamo.creation(&tenant.user_log(*id), &first)
            }
        }
    }

    /// What else a change in it makes different: a project's place in its creator's list, and that list; and
    /// for a new one its place in its tenant's.
    pub(super) fn consequences(
        &self,
        dynamo: &Dynamo,
        at: Millis,
    ) -> Result<Vec<TransactWriteItem>> {
        let (Self::NewProject(row) | Self::Project { row, .. }) = self else {
            return Ok(Vec::new());
        };
        let listing = Listing {
            project_id: row.id,
            updated_at: at,
        };
        let cached = row.tenant().cached_projects(row.user_id);
        let mut parts = vec![
            dynamo.replacement(&row.listing(), &listing)?,
            dynamo.replacement(cached.row(), &Entry::stale(at))?,
        ];
        if let Self::NewProject(row) = self {
            let listed = ListedProject::from(&**row);
            parts.push(dynamo.creation(&row.listed(), &listed)?);
        }
        Ok(parts)
    }

    /// Reads it again, after another change was faster.
    ///
    /// # Errors
    /// 404 if it has gone.
    pub(super) async fn reload(&mut self, dynamo: &Dynamo) -> Result<()> {
        match self {
            Self::NewProject(_) | Self::NewTenant(..) => {}
            Self::Project { row, .. } => {
                let key = row.key().clone();
                *row = dynamo
                    .get(key)
                    .await?
                    .ok_or_else(|| Error::not_found(Project::MISSING))?;
            }
            Self::Tenant { log, .. } => {
                let key = log.key().clone();
                *log = dynamo
                    .get(key)
                    .await?
                    .ok_or_else(|| Error::not_found(TenantProfile::MISSING))?;
            }
            Self::User { tenant, id, log } => *log = dynamo.get(tenant.user_log(*id)).await?,
        }
        Ok(())
    }
}

/// What a project says of itself, as it is written: each attribute's name and value, if it has one.
fn says(project: &Project) -> Result<Vec<(&'static str, Option<AttributeValue>)>> {
    let description = project.description.as_ref();
    let description = description.map(serde_dynamo::to_attribute_value);
    let name = serde_dynamo::to_attribute_value(&project.name);
    Ok(vec![
        ("name", Some(name.map_err(Error::internal)?)),
        (
            "description",
            description.transpose().map_err(Error::internal)?,
        ),
        ("version", Some(number(&project.version))),
    ])
}

/// Raises a scope's `seq` by one and its counts by what they change, and writes what else is said in its row, if
/// it still is what was read.
fn advance<T>(
    dynamo: &Dynamo,
    key: &Key<T>,
    seq: u64,
    at: Millis,
    counts: &[(&str, i64)],
    said: Vec<(&'static str, Option<AttributeValue>)>,
) -> Result<TransactWriteItem> {
    let mut update = Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .condition_expression("#seq = :before")
        .expression_attribute_names("#seq", "seq")
        .expression_attribute_values(":before", number(&seq))
        .expression_attribute_values(":seq", number(&(seq + 1)))
        .expression_attribute_values(":at", number(&at));
    let mut set = vec!["#seq = :seq".to_owned(), "updated_at = :at".to_owned()];
    let mut removed = Vec::new();
    for (name, value) in said {
        update = update.expression_attribute_names(format!("#{name}"), name);
        if let Some(value) = value {
            set.push(format!("#{name} = :{name}"));
            update = update.expression_attribute_values(format!(":{name}"), value);
        } else {
            removed.push(format!("#{name}"));
        }
    }
    let remove = match removed.join(", ") {
        none if none.is_empty() => none,
        removed => format!(" REMOVE {removed}"),
    };
    let (add, values) = additions(counts);
    for (name, by) in values {
        update = update.expression_attribute_values(name, by);
    }
    update
        .update_expression(format!("SET {}{remove}{add}", set.join(", ")))
        .build()
        .map(updating)
        .map_err(Error::internal)
}
