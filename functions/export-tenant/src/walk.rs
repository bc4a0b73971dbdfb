//! The way through all that is a tenant's, one call's worth at a time.
//!
//! Each step adds a file to the archive, or some bytes of one, and moves on; the place where it is then is all that
//! another invocation needs to go on from there. Only the piece of the archive that is being made is in memory.

mod lists;
mod logs;

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use shared::keys::Stored;
use shared::model::export::{Export, Place};
use shared::model::exported::{ExportedTenant, FORMAT_VERSION, Manifest};
use shared::model::id::{ProjectId, UserId};
use shared::model::project::Project;
use shared::model::task::Task;
use shared::model::tenant::TenantProfile;
use shared::prelude::*;
use shared::sdk::exports::{Progress, TakenOver};
use shared::tenant::Tenant;

use crate::archive::Archive;

/// How large a part is, at least: more than the 5 MiB that S3 asks for. Each 1,000 parts it grows by as much, so that
/// 10,000 of them are over 400 GiB.
const PART: usize = 8 * 1024 * 1024;

/// How a walk ended.
pub(crate) enum End {
    /// All is in the archive; these are its last bytes.
    Whole(Vec<u8>, Box<Progress>),
    /// Another invocation has to go on.
    TimeIsUp,
    /// Another invocation has taken it over.
    NotOurs,
}

/// What a step has done.
enum Step {
    /// There is more to do.
    Further,
    /// Somebody else has the export.
    NotOurs,
}

/// A walk, and where it is.
pub(crate) struct Walk<'a> {
    sdk: &'a Sdk,
    worker: Worker,
    tenant: Tenant,
    profile: TenantProfile,
    export: &'a mut TakenOver,
    archive: Archive,
    progress: Progress,
    /// What is kept back of the time, to store what there is by then.
    reserve: Duration,
    /// What was read ahead.
    ahead: Ahead,
}

/// What was read ahead, and is read again by whoever goes on.
#[derive(Default)]
struct Ahead {
    project: Option<Stored<Project>>,
    projects: VecDeque<ProjectId>,
    tasks: VecDeque<Task>,
    /// Where it goes on behind those tasks.
    behind: Place,
    users: VecDeque<UserId>,
    /// Whether there are no users but those.
    no_more_users: bool,
}

impl<'a> Walk<'a> {
    /// Goes on where the export is, until there is no more time than `reserve`.
    pub(crate) async fn new(
        sdk: &'a Sdk,
        worker: Worker,
        profile: TenantProfile,
        export: &'a mut TakenOver,
        reserve: Duration,
    ) -> Result<Self> {
        let tail = export.tail().await?;
        Ok(Self {
            archive: Archive::behind(tail, export.export().created_at),
            progress: Progress::of(&export.export().work),
            ahead: Ahead::default(),
            reserve,
            sdk,
            tenant: worker.tenant,
            worker,
            profile,
            export,
        })
    }

    /// Walks to the end, or until there is no more time than what is kept back.
    pub(crate) async fn run(&mut self) -> Result<End> {
        loop {
            if self.progress.place == Place::End {
                return Ok(End::Whole(self.rest()?, Box::new(self.progress.clone())));
            }
            if matches!(Box::pin(self.step()).await?, Step::NotOurs) {
                return Ok(End::NotOurs);
            }
            if self.export.time_is_up(self.reserve) && self.progress.place != Place::End {
                return self.leave().await;
            }
            if self.is_full() && !self.keep().await? {
                return Ok(End::NotOurs);
            }
        }
    }

    async fn step(&mut self) -> Result<Step> {
        match self.progress.place {
            Place::Tenant => self.tenant()?,
            Place::Members(after) => self.members(after).await?,
            Place::Invitations(after) => self.invitations(after).await?,
            Place::ApiKeys(after) => self.api_keys(after).await?,
            Place::Projects(after) => self.projects(after).await?,
            Place::NextProject(after) => self.next_project(after).await?,
            Place::Labels(project) => self.labels(project).await?,
            Place::Tasks(project, after, with_files) => {
                self.tasks(project, after, with_files).await?;
            }
            Place::Files(project, after) => return self.files(project, after).await,
            Place::File(project, task, from) => {
                return self.rest_of_file(project, task, from).await;
            }
            Place::Comments(project, after) => self.comments(project, after).await?,
            Place::ProjectEvents(project, after) => self.project_events(project, after).await?,
            Place::TenantEvents(after) => self.tenant_events(after).await?,
            Place::NextUser(after) => self.next_user(after).await?,
            Place::UserEvents(user, after) => self.user_events(user, after).await?,
            Place::Notifications(user, after) => self.notifications(user, after).await?,
            Place::Audit(month, after) => self.audit(month, after).await?,
            Place::Manifest => self.manifest()?,
            Place::End => {}
        }
        Ok(Step::Further)
    }

    fn tenant(&mut self) -> Result<()> {
        let tenant = ExportedTenant::from(self.profile.clone());
        self.json("tenant.json", &tenant)?;
        self.go(Place::Members(None));
        Ok(())
    }

    /// The last file: who finds it knows that the archive is whole.
    fn manifest(&mut self) -> Result<()> {
        let export: &Export = self.export.export();
        let manifest = Manifest {
            format: "tenon-export",
            version: FORMAT_VERSION,
            tenant_id: self.tenant.id(),
            export_id: export.id,
            requested_by: export.requested_by,
            requested_at: export.created_at,
            exported_at: self.sdk.clock.now(),
            contents: self.progress.contents,
        };
        self.json("manifest.json", &manifest)?;
        self.archive.end().map_err(Error::internal)?;
        self.go(Place::End);
        Ok(())
    }

    /// Goes to another list.
    fn go(&mut self, place: Place) {
        self.progress.place = place;
        self.progress.files = 0;
    }

    /// One file of a list, a line for each; none if there are none.
    fn lines<T: Serialize>(&mut self, list: &str, rows: &[T]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut lines, row).map_err(Error::internal)?;
            lines.push(b'\n');
        }
        self.progress.files += 1;
        let path = format!("{list}-{:05}.jsonl", self.progress.files);
        self.archive.file(&path, &lines).map_err(Error::internal)
    }

    fn json<T: Serialize>(&mut self, path: &str, value: &T) -> Result<()> {
        let mut text = serde_json::to_vec(value).map_err(Error::internal)?;
        text.push(b'\n');
        self.archive.file(path, &text).map_err(Error::internal)
    }

    fn is_full(&self) -> bool {
        let upload = self.export.export().work.upload.as_ref();
        let grown = upload.map_or(0, |upload| upload.next / 1000);
        self.archive.size() >= PART * (1 + usize::try_from(grown).unwrap_or_default())
    }

    /// Stores the piece as a part. Returns whether the export is still ours.
    async fn keep(&mut self) -> Result<bool> {
        let piece = self.archive.cut().map_err(Error::internal)?;
        self.export.keep_part(piece, &self.progress).await
    }

    /// Leaves the rest to another invocation.
    async fn leave(&mut self) -> Result<End> {
        let large_enough = self.archive.size() >= PART;
        let piece = self.archive.cut().map_err(Error::internal)?;
        let ours = if large_enough {
            self.export.keep_part(piece, &self.progress).await?
        } else {
            self.export.keep_tail(piece, &self.progress).await?
        };
        Ok(if ours { End::TimeIsUp } else { End::NotOurs })
    }

    /// The last bytes; none if they are stored already.
    fn rest(&mut self) -> Result<Vec<u8>> {
        if self.export.export().work.place == Place::End {
            return Ok(Vec::new());
        }
        self.archive.cut().map_err(Error::internal)
    }
}

fn count<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}
