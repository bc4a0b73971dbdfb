//! Scopes: what numbers the events of a log, and what follows from a change in each.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::super::clock::Millis;
use super::super::db::access;
use super::super::dynamo::{Dynamo, additions, number, updating};
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Stored};
use crate::model::cached::Entry;
use crate::model::id::UserId;
use crate::model::log::UserLog;
use crate::model::project::{ListedProject, Listing, Project};
use crate::model::realtime::Room;
use crate::model::task::TaskCounts;
use crate::model::tenant::{TenantLog, TenantProfile};
use crate::model::usage::Levels;
use crate::tenant::Tenant;

/// Where a change happens, as it was read.
#[derive(Debug)]
pub(super) enum Scope {
    /// A project that is being made.
    NewProject(Stored<Project>),
    /// A project, by whom, by how much its counts of tasks change, and what it says of itself from now on if that is
    /// something else.
    Project {
        row: Stored<Project>,
        caller: Box<Principal>,
        tasks: TaskCounts,
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

    /// What a change in it, with so many bytes of files, makes more or less of what its tenant has. A project that is
    /// deleted takes all that it has with it, and one that is restored brings that back.
    pub(super) fn counts(&self, bytes: i64) -> Levels {
        match self {
            Self::NewProject(_) => Levels {
                projects: 1,
                bytes,
                ..Levels::default()
            },
            Self::Project {
                row, tasks, said, ..
            } => {
                let was_there = row.deleted_at.is_none();
                let said = said.as_deref();
                let is_there = said.map_or(was_there, |said| said.deleted_at.is_none());
                let by = i64::from(is_there) - i64::from(was_there);
                Levels {
                    projects: by,
                    tasks: tasks.total() + by * row.task_counts().total(),
                    bytes: bytes + by * row.file_bytes,
                }
            }
            Self::NewTenant(..) | Self::Tenant { .. } | Self::User { .. } => Levels::default(),
        }
    }

    /// Claims the next number: by the one that was read, or as the first.
    ///
    /// # Errors
    /// 409 if a tenant would be left without an admin, or a project would have tasks of too many statuses.
    pub(super) fn claim(
        &self,
        dynamo: &Dynamo,
        at: Millis,
        bytes: i64,
    ) -> Result<TransactWriteItem> {
        match self {
            Self::NewProject(row) => dynamo.creation(row.key(), row),
            Self::NewTenant(tenant, log) => dynamo.creation(&tenant.log(), log),
            Self::Project {
                row, tasks, said, ..
            } => {
                let said = said.as_deref().map(says).transpose()?;
                let mut said = said.unwrap_or_default();
                if let Some(own) = row.task_counts().own_with(tasks)? {
                    let counts = serde_dynamo::to_attribute_value(&own).map_err(Error::internal)?;
                    said.push(("own_counts", Some(counts).filter(|_| !own.is_empty())));
                }
                let counts = [
                    ("task_count", tasks.total()),
                    ("todo_count", tasks.todo),
                    ("in_progress_count", tasks.in_progress),
                    ("done_count", tasks.done),
                    ("file_bytes", bytes),
                ];
                advance(dynamo, row.key(), row.seq, at, &counts, said)
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
    /// its place in its tenant's, of a new one and of one that stands elsewhere from now on.
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
        let now = match self {
            Self::Project {
                said: Some(said), ..
            } => &**said,
            _ => &**row,
        };
        let mut parts = vec![
            if now.is_listed() {
                dynamo.replacement(&row.listing(), &listing)?
            } else {
                dynamo.removal(&row.listing())?
            },
            dynamo.replacement(cached.row(), &Entry::stale(at))?,
        ];
        let listed = ListedProject::from(now);
        if matches!(self, Self::NewProject(_)) {
            parts.push(dynamo.creation(&row.listed(), &listed)?);
        } else if listed.standing != row.standing() {
            parts.push(dynamo.replacement(&row.listed(), &listed)?);
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
            // What let the caller in may have gone meanwhile.
            Self::Project { row, caller, .. } => {
                let found = dynamo.get(row.key().clone()).await?;
                let found = access::seen(caller, found).ok_or_else(access::missing)?;
                *row = access::open(caller, found)?.into_stored();
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
    let visibility = serde_dynamo::to_attribute_value(project.visibility);
    let members = serde_dynamo::to_attribute_value(&project.members);
    Ok(vec![
        ("name", Some(name.map_err(Error::internal)?)),
        (
            "description",
            description.transpose().map_err(Error::internal)?,
        ),
        ("visibility", Some(visibility.map_err(Error::internal)?)),
        ("members", Some(members.map_err(Error::internal)?)),
        ("archived_at", project.archived_at.as_ref().map(number)),
        ("deleted_at", project.deleted_at.as_ref().map(number)),
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
