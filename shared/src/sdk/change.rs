//! A change: the rows, the scope's counters and next `seq`, the event, the lists and caches that it
//! makes stale, and the note that it has to be relayed. One transaction, all or nothing.

mod beside;
mod comments;
mod due;
mod labels;
mod notifications;
mod scope;
mod tasks;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, TransactWriteItem};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

pub(crate) use self::due::Due;
use self::scope::Scope;
use super::backoff::Backoff;
use super::clock::Millis;
use super::dynamo::{Dynamo, cancellation, contended, deleting, key_item};
use super::failure::Failure;
use super::idempotency::recording;
use super::uploads::PendingUpload;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{self, Key, Row, Stored, Table};
use crate::model::audit::Actor;
use crate::model::id::{TenantId, UserId};
use crate::model::idempotency::RecordedAnswer;
use crate::model::log::{Committed, Envelope, Job, LogEntry, QueuedJob, UserLog};
use crate::model::project::Project;
use crate::model::realtime::RealtimeEvent;
use crate::model::task::TaskCounts;
use crate::model::tenant::TenantLog;
use crate::reply::Reply;
use crate::tenant::Tenant;

/// A change that has not been committed. Dropping it leaves nothing behind.
#[derive(Debug)]
#[must_use = "a change does nothing until it is committed"]
pub struct Change {
    dynamo: Dynamo,
    scope: Scope,
    actor: Option<Actor>,
    rows: Vec<TransactWriteItem>,
    refusals: Vec<(usize, Error)>,
    /// Which of the rows others may change meanwhile, so that their failed condition is a lost race.
    contested: Vec<usize>,
    upload: Option<TransactWriteItem>,
    /// How many bytes of files come with it.
    bytes: i64,
    event: Option<Told>,
    jobs: Vec<PendingJob>,
    answer: Option<Kept>,
    /// When it happens, once that has been said.
    at: Option<Millis>,
    failure: Option<Error>,
}

/// What a request is answered, as far as that is kept with its effect.
#[derive(Debug)]
enum Kept {
    Whole(RecordedAnswer),
    /// It shows a secret.
    Nothing,
}

/// What a change says has happened.
#[derive(Debug)]
struct Told {
    kind: &'static str,
    action: Option<&'static str>,
    object: Option<String>,
    data: Box<RawValue>,
}

/// How many of the first parts claim the `seq`: the scope, and the event under it.
const CLAIM: usize = 2;

#[derive(Debug)]
struct PendingJob {
    kind: &'static str,
    version: u32,
    queue: crate::model::log::JobQueue,
    /// In which tenant.
    tenant_id: TenantId,
    payload: Box<RawValue>,
}

impl Change {
    pub(crate) fn of(dynamo: Dynamo, row: Stored<Project>, caller: &Principal) -> Self {
        let scope = Scope::Project {
            row,
            caller: Box::new(caller.clone()),
            tasks: TaskCounts::default(),
            said: None,
        };
        Self::new(dynamo, scope, caller.actor())
    }

    pub(crate) fn founding(dynamo: Dynamo, project: Stored<Project>, caller: &Principal) -> Self {
        Self::new(dynamo, Scope::NewProject(project), caller.actor())
    }

    /// The change that makes a tenant, and what its log begins with.
    pub(crate) fn founding_tenant(
        dynamo: Dynamo,
        tenant: Tenant,
        log: TenantLog,
        founder: UserId,
    ) -> Self {
        Self::new(dynamo, Scope::NewTenant(tenant, log), Actor::user(founder))
    }

    /// A change of a tenant itself.
    pub(crate) fn of_tenant(
        dynamo: Dynamo,
        tenant: Tenant,
        log: Stored<TenantLog>,
        actor: Actor,
    ) -> Self {
        let scope = Scope::Tenant {
            tenant,
            log,
            members: 0,
            admins: 0,
        };
        Self::new(dynamo, scope, actor)
    }

    /// A change of a user's account, by themselves, which a tenant's log keeps.
    pub(crate) fn of_user(
        dynamo: Dynamo,
        tenant: Tenant,
        id: UserId,
        log: Option<Stored<UserLog>>,
    ) -> Self {
        Self::new(dynamo, Scope::User { tenant, id, log }, Actor::user(id))
    }

    fn new(dynamo: Dynamo, scope: Scope, actor: Actor) -> Self {
        Self {
            dynamo,
            scope,
            actor: Some(actor),
            rows: Vec::new(),
            refusals: Vec::new(),
            contested: Vec::new(),
            upload: None,
            bytes: 0,
            event: None,
            jobs: Vec::new(),
            answer: None,
            at: None,
            failure: None,
        }
    }

    pub(crate) fn tenant(&self) -> Tenant {
        self.scope.tenant()
    }

    /// Not its user has asked for it, but somebody who has not shown who they are, or nobody.
    pub(crate) fn by_nobody_known(&mut self) {
        self.actor = None;
    }

    /// Stores a new row.
    pub fn create<T: Row>(&mut self, key: &Key<T>, row: &T) {
        let part = self.dynamo.creation(key, row);
        self.keep(part, |change, part| change.rows.push(part));
    }

    /// The same, and what it means to whoever asks that it is there already.
    pub(crate) fn create_or<T: Row>(&mut self, key: &Key<T>, row: &T, refusal: Error) {
        let part = self.dynamo.creation(key, row);
        self.guarded(part, refusal);
    }

    /// Stores a row, whatever stood there.
    pub(crate) fn replace<T: Row>(&mut self, key: &Key<T>, row: &T) {
        let part = self.dynamo.replacement(key, row);
        self.keep(part, |change, part| change.rows.push(part));
    }

    /// Removes a row, whether it is there or not.
    pub(crate) fn remove<T>(&mut self, key: &Key<T>) {
        let part = self.dynamo.removal(key);
        self.keep(part, |change, part| change.rows.push(part));
    }

    /// Any other part, and what its failed condition means to whoever asks.
    pub(crate) fn guarded(&mut self, part: Result<TransactWriteItem>, refusal: Error) {
        self.keep(part, |change, part| {
            change.refusals.push((change.rows.len(), refusal));
            change.rows.push(part);
        });
    }

    /// A row on the condition that it is as it was read.
    fn contested(&mut self, part: Result<TransactWriteItem>) {
        self.keep(part, |change, part| {
            change.contested.push(change.rows.len());
            change.rows.push(part);
        });
    }

    /// Writes what a project says of itself.
    pub(crate) fn says(&mut self, project: Project) {
        if let Scope::Project { said, .. } = &mut self.scope {
            *said = Some(Box::new(project));
        }
    }

    /// Raises the tenant's counts of members and admins, or lowers them.
    pub(crate) fn count_members(&mut self, by: i64, admins_by: i64) {
        if let Scope::Tenant {
            members, admins, ..
        } = &mut self.scope
        {
            *members += by;
            *admins += admins_by;
        }
    }

    /// Makes an uploaded file stay: it goes with the task that this change stores, or not at all.
    pub fn keep_upload(&mut self, upload: Option<&PendingUpload>) {
        if let Some(upload) = upload {
            let part = self.upload_kept(upload);
            self.keep(part, |change, part| change.upload = Some(part));
        }
    }

    /// The same of the file of a task that is stored again: whoever else stores it comes first.
    fn keep_file(&mut self, file: Option<&PendingUpload>) {
        if let Some(file) = file {
            let part = self.upload_kept(file);
            self.contested(part);
        }
    }

    /// Asks for a job, once the change is committed.
    pub fn send<J: Job>(&mut self, job: &J) {
        self.send_in(self.tenant().id(), job);
    }

    /// Asks for a job in another tenant than the change's own.
    pub(crate) fn send_in<J: Job>(&mut self, tenant_id: TenantId, job: &J) {
        let payload = to_raw_value(job).map_err(Error::internal);
        self.keep(payload, |change, payload| {
            change.jobs.push(PendingJob {
                kind: J::TYPE,
                version: J::VERSION,
                queue: J::QUEUE,
                tenant_id,
                payload,
            });
        });
    }

    /// Asks for each of several jobs.
    pub fn send_all<J: Job>(&mut self, jobs: impl IntoIterator<Item = J>) {
        for job in jobs {
            self.send(&job);
        }
    }

    /// Says what has happened, to the log and to the project's room.
    pub fn emit<E: RealtimeEvent>(&mut self, event: &E) {
        let data = to_raw_value(event).map_err(Error::internal);
        self.keep(data, |change, data| {
            change.event = Some(Told {
                kind: E::TYPE,
                action: event.action(),
                object: event.object(),
                data,
            });
        });
    }

    /// Says what the request is answered, which is kept for as long as it may come again: see
    /// [`crate::idempotency`].
    fn answers<T: Serialize>(&mut self, reply: &Reply<T>) {
        let request = self.dynamo.request();
        if request.idempotency().is_some() {
            let answer = reply.recorded(request.permission());
            self.keep(answer, |change, answer| {
                change.answer = Some(Kept::Whole(answer));
            });
        }
    }

    /// Says that what the request is answered shows a secret, and must not be kept.
    pub(crate) fn answers_with_a_secret(&mut self) {
        self.answer = Some(Kept::Nothing);
    }

    /// Commits, together with what the request is answered. Returns that, with the number of the event.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub async fn commit_with<T: Serialize>(mut self, reply: Reply<T>) -> Result<Reply<T>> {
        self.answers(&reply);
        let committed = self.commit().await?;
        Ok(reply.event_seq(committed))
    }

    /// The same, once, as [`Self::commit_as_read`].
    pub(crate) async fn commit_as_read_with<T: Serialize>(
        mut self,
        reply: Reply<T>,
    ) -> Result<Option<Reply<T>>> {
        self.answers(&reply);
        let committed = self.commit_as_read().await?;
        Ok(committed.map(|committed| reply.event_seq(committed)))
    }

    /// Commits: one transaction, repeated with the next `seq` for as long as others win the race for it
    /// and the request has time.
    ///
    /// # Errors
    /// 404 if the scope has gone meanwhile; 503 if the race could not be won in time, or DynamoDB does
    /// not answer; nothing is written then, unless the answer itself was lost.
    pub async fn commit(mut self) -> Result<Committed> {
        let mut backoff = Backoff::default();
        loop {
            let lost = match self.attempt().await? {
                Ok(committed) => return Ok(committed),
                Err(lost) => lost,
            };
            if !backoff.wait(self.dynamo.request()).await {
                return Err(Error::unavailable(Failure::of(&lost)));
            }
            self.scope.reload(&self.dynamo).await?;
        }
    }

    /// When it happens, from here on. Not for a change that is [committed](Self::commit) again after others.
    pub(crate) fn at(&mut self) -> Millis {
        let now = self.now();
        *self.at.get_or_insert(now)
    }

    /// Commits what was decided by what was read since its scope was: once. Nothing if another change of the
    /// scope came first, for then it has to be read and decided anew.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(crate) async fn commit_as_read(mut self) -> Result<Option<Committed>> {
        Ok(self.attempt().await?.ok())
    }

    /// One transaction; or why it was not committed, though it may be at another try.
    async fn attempt(&mut self) -> Result<Result<Committed, SdkError<TransactWriteItemsError>>> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let seq = self.scope.next_seq();
        let at = self.at.unwrap_or_else(|| self.now());
        let outcome = self
            .dynamo
            .client()
            .transact_write_items()
            .set_transact_items(Some(self.parts(seq, at)?))
            .send()
            .await;
        let Err(error) = outcome else {
            return Ok(Ok(Committed { seq, at }));
        };
        if let Some(refusal) = self.refused(&error) {
            return Err(refusal);
        }
        if self.lost_a_race(&error) {
            Ok(Err(error))
        } else {
            Err(error.into())
        }
    }

    /// What a condition that was not met means, if that has been said. The rows are the last parts but the
    /// upload's and the answer's.
    fn refused(&mut self, error: &SdkError<TransactWriteItemsError>) -> Option<Error> {
        let reasons = cancellation(error)?;
        let first = self.first_row(reasons)?;
        let kept = self.answers_kept();
        let unmet = |row: usize| {
            let reason = reasons.get(first + row);
            reason.is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"))
        };
        if kept == 1 && unmet(reasons.len() - first - 1) {
            return Some(Error::conflict(
                "The same request was carried out meanwhile",
            ));
        }
        if !self.refusals.iter().any(|(row, _)| unmet(*row)) {
            return None;
        }
        let refusals = self.refusals.drain(..).filter(|(row, _)| unmet(*row));
        refusals.map(|(_, refusal)| refusal).reduce(Error::and)
    }

    /// Which of the parts is the first of the rows.
    fn first_row(&self, reasons: &[CancellationReason]) -> Option<usize> {
        let rows = self.rows.len() + usize::from(self.upload.is_some()) + self.answers_kept();
        reasons.len().checked_sub(rows)
    }

    /// How many parts keep what the request is answered.
    fn answers_kept(&self) -> usize {
        usize::from(self.dynamo.request().idempotency().is_some())
    }

    /// Whether the change may well succeed if it is tried again. The scope and its event are the first
    /// parts, and fail together when another has claimed the `seq`; so may a row that was read; any other failed
    /// condition is final.
    fn lost_a_race(&self, error: &SdkError<TransactWriteItemsError>) -> bool {
        let Some(reasons) = cancellation(error) else {
            return false;
        };
        let first = self.first_row(reasons).unwrap_or(usize::MAX);
        let is_row = |part: usize| {
            let row = part.checked_sub(first);
            row.is_some_and(|row| self.contested.contains(&row))
        };
        let outrun = |part, code| {
            (part < CLAIM && self.scope.is_contested() || is_row(part))
                && code == Some("ConditionalCheckFailed")
        };
        reasons
            .iter()
            .enumerate()
            .all(|(part, reason)| contended(reason) || outrun(part, reason.code()))
    }

    fn parts(&self, seq: u64, at: Millis) -> Result<Vec<TransactWriteItem>> {
        let mut parts = self.effects(seq, at)?;
        parts.extend(self.recording(seq)?);
        Ok(parts)
    }

    /// All but what keeps the answer.
    fn effects(&self, seq: u64, at: Millis) -> Result<Vec<TransactWriteItem>> {
        let entry = self.entry(seq, at)?;
        let event = keys::event(self.scope.tenant(), self.scope.room(), seq);
        let mut parts = vec![
            self.scope.claim(&self.dynamo, at, self.bytes)?,
            self.dynamo.creation(&event, &entry)?,
            self.note(&entry)?,
        ];
        parts.extend(self.scope.consequences(&self.dynamo, at)?);
        parts.extend(self.rows.iter().cloned());
        parts.extend(self.upload.clone());
        Ok(parts)
    }

    /// What keeps the answer of a request that may come again.
    fn recording(&self, seq: u64) -> Result<Option<TransactWriteItem>> {
        let Some(idempotency) = self.dynamo.request().idempotency() else {
            return Ok(None);
        };
        let answer = match &self.answer {
            Some(Kept::Whole(answer)) => Some(RecordedAnswer {
                event_seq: seq,
                ..answer.clone()
            }),
            Some(Kept::Nothing) => None,
            None => return Err(Error::internal("a change has to say what is answered")),
        };
        recording(&self.dynamo, idempotency, answer).map(Some)
    }

    /// Now, or the time of the change before: a log's times never run backwards, though its writers'
    /// clocks differ. A new project was made when its row says.
    fn now(&self) -> Millis {
        let before = self.scope.updated_at();
        if self.scope.is_contested() {
            self.dynamo.request().clock().now().max(before)
        } else {
            before
        }
    }

    fn entry(&self, seq: u64, at: Millis) -> Result<LogEntry> {
        let told = self
            .event
            .as_ref()
            .ok_or_else(|| Error::internal("a change has to say what has happened"))?;
        let tenant_id = self.scope.tenant().id();
        let room = self.scope.room().to_string();
        let jobs = self
            .jobs
            .iter()
            .enumerate()
            .map(|(index, job)| {
                let envelope = Envelope {
                    id: format!("{tenant_id}/{room}/{seq}/{index}"),
                    kind: job.kind.to_owned(),
                    version: job.version,
                    tenant_id: job.tenant_id,
                    payload: &job.payload,
                };
                Ok(QueuedJob {
                    queue: job.queue,
                    body: serde_json::to_string(&envelope).map_err(Error::internal)?,
                })
            })
            .collect::<Result<_>>()?;
        let origin = self.dynamo.request().origin();
        Ok(LogEntry {
            tenant_id,
            seq,
            at,
            actor: self.actor,
            kind: told.kind.to_owned(),
            action: told.action.map(str::to_owned),
            object: told.object.clone(),
            ip: origin.ip,
            request_id: origin.request_id,
            counts: self.scope.counts(self.bytes),
            data: told.data.get().to_owned(),
            jobs,
            note_shard: keys::shard(&room),
            room,
        })
    }

    fn note(&self, entry: &LogEntry) -> Result<TransactWriteItem> {
        let (pk, sk) = keys::change_note(entry);
        self.dynamo.item_put(Table::Ephemeral, key_item(&pk, &sk))
    }

    fn upload_kept(&mut self, upload: &PendingUpload) -> Result<TransactWriteItem> {
        self.bytes += i64::try_from(upload.bytes()).unwrap_or(i64::MAX);
        let delete = Delete::builder()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(upload.key().item()))
            .condition_expression("claimed = :no")
            .expression_attribute_values(
                ":no",
                aws_sdk_dynamodb::types::AttributeValue::Bool(false),
            )
            .build()
            .map_err(Error::internal)?;
        Ok(deleting(delete))
    }

    /// The first failure is kept for the commit, so that a handler reads as a list of what is changed.
    fn keep<V>(&mut self, value: Result<V>, with: impl FnOnce(&mut Self, V)) {
        match value {
            Ok(value) => with(self, value),
            Err(error) => self.failure = self.failure.take().or(Some(error)),
        }
    }
}
