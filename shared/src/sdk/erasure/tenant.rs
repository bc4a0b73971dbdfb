//! A tenant, erased stage by stage, as far as one invocation has time for.

use std::time::Duration;

use super::super::dynamo::from_item;
use super::{Doomed, Eraser, Erasure};
use crate::error::Result;
use crate::keys::{Any, Key, Partition, Row, Table};
use crate::model::Millis;
use crate::model::api_key::{ApiKeyRecord, ListedKey};
use crate::model::deletion::{EraseTenant, Pass, Stage};
use crate::model::id::ProjectId;
use crate::model::invitation::Invitation;
use crate::model::month::Month;
use crate::model::project::ListedProject;
use crate::model::realtime::Room;
use crate::model::tenant::TenantProfile;
use crate::sdk::socket::Socket;
use crate::sdk::storage::Storage;
use crate::tenant::Tenant;

/// How many API keys are removed at a time: four rows each.
const KEYS: usize = 24;

/// How many invitations are: three rows each.
const INVITATIONS: usize = 33;

/// How many of a list that stays are looked at, at a time.
pub(super) const PAGE: usize = 100;

/// How far a stage has come.
#[derive(Debug)]
pub(super) enum Progress {
    /// To its end.
    Finished,
    /// As far as there was time: where to go on, if what remains does not tell.
    Interrupted(Option<String>),
}

/// What becomes of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// All of it has gone.
    Whole,
    /// Somebody was faster, with a change of it or with its end: it has to be looked at again.
    Changed,
    /// There was no time for all of it.
    OutOfTime,
}

/// What numbers the events of a log.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) room: Room,
    pub(super) row: Key<Any>,
    /// The last number, if the row is there.
    pub(super) seq: Option<u64>,
}

/// One invocation's work on a tenant.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) eraser: Eraser,
    pub(super) tenant: Tenant,
    pub(super) storage: &'a Storage,
    pub(super) socket: &'a Socket,
    pub(super) profile: TenantProfile,
}

impl Erasure {
    /// Erases a tenant that is being deleted, for as long as there is time. Returns what is left of the job, and
    /// how long that has to wait; nothing once all is done. It can be repeated.
    pub async fn tenant(
        &self,
        tenant: Tenant,
        job: EraseTenant,
    ) -> Result<Option<(EraseTenant, Duration)>> {
        let wait = job.wait(self.now());
        if !wait.is_zero() {
            return Ok(Some((job, wait)));
        }
        let profile = self.dynamo.get(Key::tenant_profile(tenant.id())).await?;
        let Some(profile) = profile.filter(|profile| profile.deleting_at.is_some()) else {
            return Ok(None);
        };
        let run = Run {
            eraser: Eraser {
                dynamo: self.dynamo.clone(),
                report: Key::tenant_deletion(tenant.id()).any(),
            },
            tenant,
            storage: &self.storage,
            socket: &self.socket,
            profile: profile.into_inner(),
        };
        self.go_on(&run, job).await
    }

    async fn go_on(
        &self,
        run: &Run<'_>,
        mut job: EraseTenant,
    ) -> Result<Option<(EraseTenant, Duration)>> {
        loop {
            if let Progress::Interrupted(after) = run.stage(&job).await? {
                return Ok(Some((EraseTenant { after, ..job }, Duration::ZERO)));
            }
            let now = self.now();
            let Some(next) = job.next(now) else {
                return Ok(None);
            };
            let wait = next.wait(now);
            if !wait.is_zero() {
                return Ok(Some((next, wait)));
            }
            job = next;
        }
    }

    fn now(&self) -> Millis {
        self.dynamo.request().clock().now()
    }
}

impl Run<'_> {
    async fn stage(&self, job: &EraseTenant) -> Result<Progress> {
        let after = job.after.as_deref();
        match job.stage {
            Stage::Members => self.members().await,
            Stage::Users => self.users(after).await,
            Stage::Keys => self.keys().await,
            Stage::Invitations => self.invitations().await,
            Stage::Projects => self.projects(after, job.pass).await,
            Stage::Files => self.files().await,
            Stage::Audit => self.audit().await,
            Stage::Rest => self.all_of(Partition::rest(self.tenant)).await,
            Stage::Log => self.close().await,
        }
    }

    async fn keys(&self) -> Result<Progress> {
        while self.eraser.has_time() {
            let listed: Vec<ListedKey> = self.list(&self.tenant.api_keys(), None, KEYS).await?;
            if listed.is_empty() {
                return Ok(Progress::Finished);
            }
            let record = |key: &ListedKey| Key::api_key(key.maker, self.tenant.id(), key.id);
            let items = listed.iter().map(|key| record(key).item()).collect();
            let records = self.eraser.dynamo.get_items(Table::Identity, items).await?;
            let mut traces: Vec<_> = listed.iter().map(|key| record(key).any()).collect();
            traces.extend(listed.iter().map(|key| Key::api_key_use(key.id).any()));
            for item in records {
                let record: ApiKeyRecord = from_item(item)?;
                traces.push(Key::api_key_owner(&record.hash).any());
            }
            let mut doomed = self.eraser.existing(Table::Identity, traces).await?;
            doomed.extend(
                listed
                    .iter()
                    .map(|key| Doomed::row(&self.tenant.api_key(key.id))),
            );
            self.eraser.erase(doomed).await?;
        }
        Ok(Progress::Interrupted(None))
    }

    async fn invitations(&self) -> Result<Progress> {
        while self.eraser.has_time() {
            let partition = self.tenant.invitations();
            let open: Vec<Invitation> = self.list(&partition, None, INVITATIONS).await?;
            if open.is_empty() {
                return Ok(Progress::Finished);
            }
            let links = open.iter();
            let links = links.map(|open| Key::invitation_link(&open.link).any());
            let links = links.collect();
            // Each has a time of its own to expire.
            let mut doomed = self.eraser.existing(Table::Identity, links).await?;
            let rows = open.iter().flat_map(|open| {
                [
                    self.tenant.invitation(open.id).any(),
                    self.tenant.invited_address(&open.email).any(),
                ]
            });
            doomed.extend(self.eraser.existing(Table::Data, rows.collect()).await?);
            self.eraser.erase(doomed).await?;
        }
        Ok(Progress::Interrupted(None))
    }

    /// At the first time they stay in the list: what was on its way to one of them may still arrive.
    async fn projects(&self, after: Option<&str>, pass: Pass) -> Result<Progress> {
        let list = self.tenant.projects();
        let mut after: Option<ProjectId> = after.and_then(|after| after.parse().ok());
        loop {
            let start = after.map(|id| self.tenant.listed_project(id));
            let listed: Vec<ListedProject> = self.list(&list, start, PAGE).await?;
            if listed.is_empty() {
                return Ok(Progress::Finished);
            }
            for project in listed {
                let id = project.project_id;
                if !self.project(id, pass).await? {
                    return Ok(Progress::Interrupted(after.map(|id| id.to_string())));
                }
                after = Some(id);
            }
        }
    }

    /// A project. Returns whether there was time for it.
    async fn project(&self, id: ProjectId, pass: Pass) -> Result<bool> {
        let key = self.tenant.project(id);
        let rows = Partition::project(self.tenant, id);
        let others: Vec<_> = Partition::of_project(self.tenant, id).collect();
        let partitions: Vec<_> = std::iter::once(&rows).chain(&others).collect();
        loop {
            let project = self.eraser.dynamo.get(key.clone()).await?;
            let scope = Scope {
                room: Room::Project(id),
                row: key.any(),
                seq: project.map(|project| project.seq),
            };
            let last = match pass {
                Pass::First => Vec::new(),
                Pass::Last => vec![self.tenant.listed_project(id).any()],
            };
            let last = self.eraser.existing(Table::Data, last).await?;
            match self.scope(&scope, &partitions, last).await? {
                Ended::Whole => return Ok(true),
                Ended::Changed => {}
                Ended::OutOfTime => return Ok(false),
            }
        }
    }

    /// A scope: its log, what is in it, and then the row that numbers its changes, if there was none meanwhile,
    /// together with `last`.
    pub(super) async fn scope(
        &self,
        scope: &Scope,
        partitions: &[&Partition<Any>],
        mut last: Vec<Doomed>,
    ) -> Result<Ended> {
        if let Some(seq) = scope.seq {
            for log in Partition::log(self.tenant, scope.room, seq) {
                if !self.eraser.partition(&log, None).await? {
                    return Ok(Ended::OutOfTime);
                }
            }
        }
        for partition in partitions {
            let spared = Some(scope.row.sk());
            if !self.eraser.partition(partition, spared).await? {
                return Ok(Ended::OutOfTime);
            }
        }
        last.extend(scope.seq.map(|seq| Doomed::scope(&scope.row, seq)));
        let whole = self.eraser.erase(last).await?;
        Ok(if whole { Ended::Whole } else { Ended::Changed })
    }

    async fn audit(&self) -> Result<Progress> {
        let founded = Month::of(self.profile.created_at);
        let now = Month::of(self.eraser.dynamo.request().clock().now());
        let months = std::iter::successors(Some(now), |month| Some(month.previous()));
        let months = months.take_while(|month| *month >= founded);
        self.all_of(months.map(|month| Partition::audit(self.tenant, month)))
            .await
    }

    async fn all_of(&self, partitions: impl Iterator<Item = Partition<Any>>) -> Result<Progress> {
        for partition in partitions {
            if !self.eraser.partition(&partition, None).await? {
                return Ok(Progress::Interrupted(None));
            }
        }
        Ok(Progress::Finished)
    }

    /// The first rows of a list, or those behind one of them.
    pub(super) async fn list<T: Row>(
        &self,
        list: &Partition<T>,
        after: Option<Key<T>>,
        most: usize,
    ) -> Result<Vec<T>> {
        let dynamo = &self.eraser.dynamo;
        let (rows, _more) = dynamo.page(list, after, Some(most)).await?;
        Ok(rows)
    }
}
