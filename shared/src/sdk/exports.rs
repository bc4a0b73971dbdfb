//! Exports: asked for once at a time, made by whoever has taken one over last, and fetched by a link.
//!
//! Whoever makes one notes each step under the number of their run. A delivery that comes twice, or late, takes
//! the export over with the next number, and from then on nothing that the one before still does counts: not
//! their notes, which name another run, and not the part that they may be storing, whose number is void.

use aws_sdk_dynamodb::types::AttributeValue::N;
use bytes::Bytes;
use serde::Serialize;

use super::backoff::Backoff;
use super::change::Change;
use super::dynamo::Dynamo;
use super::queue::Queue;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Stored};
use crate::model::export::{
    Contents, Export, ExportRequested, ExportTenant, ExportView, LINK_GIVEN, PartialUpload, Place,
    Work, export_object,
};
use crate::model::id::ExportId;
use crate::model::log::{Envelope, Job};
use crate::model::tenant::TenantProfile;
use crate::reply::Reply;
use crate::sdk::audit::Audit;
use crate::tenant::Tenant;

/// How many of the latest exports are looked at for one that is under way.
const LATEST: usize = 10;

/// The most parts that S3 makes an object of.
pub const MOST_PARTS: u32 = 10_000;

/// A tenant's exports.
#[derive(Clone, Debug)]
pub struct Exports {
    dynamo: Dynamo,
    storage: Storage,
}

/// An export that this invocation has taken over.
#[derive(Debug)]
pub struct TakenOver {
    row: Stored<Export>,
    exports: Exports,
}

impl Exports {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self {
            storage: Storage::new(dynamo.clone()),
            dynamo,
        }
    }

    /// Asks for an export of the caller's tenant; two reads and a transaction.
    ///
    /// # Errors
    /// 409 while one is under way; 503 if too many change the tenant at once.
    pub async fn request<T: Serialize>(
        &self,
        caller: &Principal,
        answer: impl Fn(Export) -> Reply<T>,
    ) -> Result<Reply<T>> {
        let (tenant, dynamo) = (caller.tenant, &self.dynamo);
        let gone = || Error::not_found(TenantProfile::MISSING);
        let mut backoff = Backoff::default();
        loop {
            // In this order: whoever asks meanwhile takes the number.
            let log = dynamo.get(tenant.log()).await?.ok_or_else(gone)?;
            let latest = dynamo.last(tenant.exports(), None, LATEST).await?;
            let now = dynamo.request().clock().now();
            if latest.iter().any(|export| export.is_alive(now)) {
                return Err(Error::conflict("An export of this tenant is under way"));
            }
            let export = Export::new(caller.user_id, now);
            let mut change = Change::of_tenant(dynamo.clone(), tenant, log, caller.actor());
            change.create(&tenant.export(export.id), &export);
            change.send(&ExportTenant {
                export_id: export.id,
            });
            change.emit(&ExportRequested { id: export.id });
            if let Some(reply) = change.commit_as_read_with(answer(export)).await? {
                return Ok(reply);
            }
            if !backoff.wait(dynamo.request()).await {
                return Err(Error::unavailable("others change the tenant all the time"));
            }
        }
    }

    /// An export, with a link to its archive for as long as that is there. The audit log tells of the link before
    /// anybody has it.
    ///
    /// # Errors
    /// 404 if there is no such export.
    pub async fn show(&self, caller: &Principal, id: ExportId) -> Result<ExportView> {
        let export = self.dynamo.get(caller.tenant.export(id)).await?;
        let export = export.ok_or_else(|| Error::not_found(Export::MISSING))?;
        let now = self.dynamo.request().clock().now();
        if !export.can_be_fetched(now) {
            return Ok(ExportView::of(&export, None, now));
        }
        let link = self.storage.link_to(&export.whole()).await?;
        let audit = Audit::new(self.dynamo.clone());
        audit.note(caller, LINK_GIVEN, export_object(id)).await?;
        Ok(ExportView::of(&export, Some(link), now))
    }

    /// Takes an export over from whoever had it; nothing if it has ended, or is not there.
    ///
    /// # Errors
    /// 503 if others do so all the time.
    pub async fn take_over(&self, tenant: &Tenant, id: ExportId) -> Result<Option<TakenOver>> {
        let mut backoff = Backoff::default();
        loop {
            let row = self.dynamo.get(tenant.export(id)).await?;
            let Some(row) = row.filter(|export| export.is_open()) else {
                return Ok(None);
            };
            let next = row.taken_over(self.dynamo.request().clock().now());
            let exports = self.clone();
            let mut taken = TakenOver { row, exports };
            if taken.store(next).await? {
                return Ok(Some(taken));
            }
            if !backoff.wait(self.dynamo.request()).await {
                return Err(Error::unavailable("others take the export over"));
            }
        }
    }
}

impl TakenOver {
    /// The export.
    pub fn export(&self) -> &Export {
        &self.row
    }

    /// Whether there is little time left: what has been done has to be noted now, and another invocation goes on.
    pub fn time_is_up(&self, reserve: std::time::Duration) -> bool {
        self.exports.dynamo.request().remaining() < reserve
    }

    /// The bytes that the run before has left.
    pub async fn tail(&self) -> Result<Vec<u8>> {
        match self.row.work.tail {
            Some(run) => self.exports.storage.read(&self.row.tail(run)).await,
            None => Ok(Vec::new()),
        }
    }

    /// Stores a part of the archive, and notes that all goes on at `place`. Returns whether the export is still
    /// this invocation's; if it is not, nothing has changed.
    ///
    /// # Errors
    /// 500 if there are [`MOST_PARTS`] already.
    pub async fn keep_part(&mut self, bytes: Vec<u8>, at: &Progress) -> Result<bool> {
        if self.row.work.upload.is_none() && !self.begin_upload().await? {
            return Ok(false);
        }
        let mut work = at.work(&self.row.work);
        let Some(upload) = &mut work.upload else {
            return Err(Error::internal("an upload was begun and is not there"));
        };
        if upload.next > MOST_PARTS {
            return Err(Error::internal("the archive has too many parts"));
        }
        let path = self.row.archive(upload.run);
        let storage = &self.exports.storage;
        storage
            .put_part(&path, &upload.id, upload.next, Bytes::from(bytes))
            .await?;
        upload.parts += 1;
        upload.next += 1;
        work.tail = None;
        self.note(work).await
    }

    /// Stores bytes that are too few for a part, for another invocation to go on with. Returns whether the export
    /// is still this invocation's.
    pub async fn keep_tail(&mut self, bytes: Vec<u8>, at: &Progress) -> Result<bool> {
        let path = self.row.tail(self.row.run);
        let storage = &self.exports.storage;
        storage.put_expiring(&path, Bytes::from(bytes)).await?;
        let work = Work {
            tail: Some(self.row.run),
            ..at.work(&self.row.work)
        };
        self.note(work).await
    }

    /// Has another invocation go on.
    pub async fn go_on_later(&self, tenant: &Tenant) -> Result<()> {
        let Export { id, run, .. } = *self.row;
        let tenant_id = tenant.id();
        let job = Envelope {
            id: format!("{tenant_id}/{}/{run}", export_object(id)),
            kind: ExportTenant::TYPE.to_owned(),
            version: ExportTenant::VERSION,
            tenant_id,
            payload: ExportTenant { export_id: id },
        };
        Queue::new(self.exports.dynamo.clone()).submit(&job).await
    }

    /// Makes the archive of its parts and of these last bytes, if there are any. It does not matter whether that has
    /// been done before.
    pub async fn finish(&mut self, last: Vec<u8>, at: &Progress) -> Result<()> {
        if self.row.work.upload.is_none() {
            return self.finish_in_one(last, at).await;
        }
        if !last.is_empty() && !self.keep_part(last, at).await? {
            return Ok(());
        }
        let Some(upload) = &self.row.work.upload else {
            return Err(Error::internal("an upload was begun and is not there"));
        };
        let path = self.row.archive(upload.run);
        let storage = &self.exports.storage;
        let bytes = storage
            .complete(&path, &upload.id, upload.parts, &upload.void)
            .await?;
        let done = self.row.done(bytes, self.now());
        self.store(done).await.map(|_it_is_ours| ())
    }

    /// Gives it up: what is stored of it goes, and another can be asked for.
    pub async fn give_up(&mut self) -> Result<()> {
        if let Some(upload) = &self.row.work.upload {
            let path = self.row.archive(upload.run);
            self.exports.storage.abandon(&path, &upload.id).await?;
        }
        let failed = self.row.failed(self.now());
        self.store(failed).await.map(|_it_was_ours| ())
    }

    /// An archive that is smaller than a part needs none.
    async fn finish_in_one(&mut self, whole: Vec<u8>, at: &Progress) -> Result<()> {
        let bytes = u64::try_from(whole.len()).map_err(Error::internal)?;
        let path = self.row.archive(self.row.run);
        let storage = &self.exports.storage;
        storage.put_expiring(&path, Bytes::from(whole)).await?;
        let done = Export {
            work: at.work(&self.row.work),
            ..self.row.done(bytes, self.now())
        };
        self.store(done).await.map(|_it_is_ours| ())
    }

    /// Returns whether the export is still this invocation's.
    async fn begin_upload(&mut self) -> Result<bool> {
        let run = self.row.run;
        let id = self.exports.storage.begin(&self.row.archive(run)).await?;
        let upload = PartialUpload {
            id,
            run,
            parts: 0,
            next: 1,
            void: Vec::new(),
        };
        let work = Work {
            upload: Some(upload),
            ..self.row.work.clone()
        };
        self.note(work).await
    }

    async fn note(&mut self, work: Work) -> Result<bool> {
        let noted = Export {
            work,
            updated_at: self.now(),
            ..Export::clone(&self.row)
        };
        self.store(noted).await
    }

    /// Stores the export in place of what this invocation knows of it.
    async fn store(&mut self, export: Export) -> Result<bool> {
        let key: &Key<Export> = self.row.key();
        let held = ("run", N(self.row.run.to_string()));
        let stored = self.exports.dynamo.replace_if(key, &export, held).await?;
        if stored {
            self.row = key.clone().stores(export);
        }
        Ok(stored)
    }

    fn now(&self) -> crate::model::Millis {
        self.exports.dynamo.request().clock().now()
    }
}

/// How far an archive is whose bytes are stored up to there.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// Where it goes on.
    pub place: Place,
    /// How many files its list has.
    pub files: u32,
    /// The last project that is listed.
    pub last_project: Option<crate::model::id::ProjectId>,
    /// What is in it.
    pub contents: Contents,
}

impl Progress {
    /// Where an export goes on.
    pub fn of(work: &Work) -> Self {
        Self {
            place: work.place,
            files: work.files,
            last_project: work.last_project,
            contents: work.contents,
        }
    }

    fn work(&self, before: &Work) -> Work {
        Work {
            place: self.place,
            files: self.files,
            last_project: self.last_project,
            contents: self.contents,
            ..before.clone()
        }
    }
}
