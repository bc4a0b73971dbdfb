//! Lists: who belongs to the tenant, its projects, their tasks and files.

use shared::keys::Stored;
use shared::model::export::Place;
use shared::model::exported::{
    ExportedComment, ExportedLabel, ExportedProject, ExportedTask, file_path,
};
use shared::model::id::{ApiKeyId, CommentId, InvitationId, ProjectId, TaskId, UserId};
use shared::model::project::Project;
use shared::model::task::Task;
use shared::model::tenant::MemberView;
use shared::prelude::*;
use shared::sdk::accounts::PublicInvitation;
use shared::sdk::db::BATCH;

use super::{Step, Walk, count};

impl Walk<'_> {
    pub(super) async fn members(&mut self, after: Option<UserId>) -> Result<()> {
        let start = after.map(|id| self.tenant.member(id));
        let members = self.tenant.members();
        let (page, more) = self.sdk.db.page(&members, start, None).await?;
        let last = page.last().map(|member| member.user_id);
        let members: Vec<_> = page.into_iter().map(MemberView::from).collect();
        self.lines("members", &members)?;
        self.progress.contents.members += count(&members);
        match last.filter(|_| more) {
            Some(last) => self.progress.place = Place::Members(Some(last)),
            None => self.go(Place::Invitations(None)),
        }
        Ok(())
    }

    /// Those that are open.
    pub(super) async fn invitations(&mut self, after: Option<InvitationId>) -> Result<()> {
        let start = after.map(|id| self.tenant.invitation(id));
        let invitations = self.tenant.invitations();
        let (page, more) = self.sdk.db.page(&invitations, start, None).await?;
        let last = page.last().map(|invitation| invitation.id);
        let now = self.sdk.clock.now();
        let open = page
            .into_iter()
            .filter(|invitation| invitation.is_open(now));
        let open: Vec<_> = open.map(PublicInvitation::from).collect();
        self.lines("invitations", &open)?;
        self.progress.contents.invitations += count(&open);
        match last.filter(|_| more) {
            Some(last) => self.progress.place = Place::Invitations(Some(last)),
            None => self.go(Place::ApiKeys(None)),
        }
        Ok(())
    }

    /// As they are listed: never the keys themselves.
    pub(super) async fn api_keys(&mut self, after: Option<ApiKeyId>) -> Result<()> {
        let (page, more) = self.sdk.accounts.all_keys(&self.tenant, after).await?;
        self.lines("api_keys", &page)?;
        self.progress.contents.api_keys += count(&page);
        match page.last().filter(|_| more) {
            Some(last) => self.progress.place = Place::ApiKeys(Some(last.id)),
            None => self.go(Place::Projects(None)),
        }
        Ok(())
    }

    /// All projects first: what is said of each is older than what is then found in it.
    pub(super) async fn projects(&mut self, after: Option<ProjectId>) -> Result<()> {
        let (ids, more) = self.listed(after).await?;
        let last = ids.last().copied();
        if !ids.is_empty() {
            let projects = self.sdk.db.projects_of_job(&self.worker, ids).await?;
            let projects = projects.into_iter().map(Stored::into_inner);
            let projects: Vec<_> = projects.map(ExportedProject::from).collect();
            self.lines("projects", &projects)?;
            self.progress.contents.projects += count(&projects);
        }
        self.progress.last_project = last.or(self.progress.last_project);
        match last.filter(|_| more) {
            Some(last) => self.progress.place = Place::Projects(Some(last)),
            None => self.go(Place::NextProject(None)),
        }
        Ok(())
    }

    /// The next of those that were listed; one that was made since then is left out, with all that is in it.
    pub(super) async fn next_project(&mut self, after: Option<ProjectId>) -> Result<()> {
        if self.ahead.projects.is_empty() && after < self.progress.last_project {
            let (ids, _more) = self.listed(after).await?;
            self.ahead.projects.extend(ids);
        }
        let next = self.ahead.projects.pop_front();
        let next = next.filter(|id| Some(*id) <= self.progress.last_project);
        self.go(match next {
            Some(id) => Place::Labels(id),
            None => Place::TenantEvents(0),
        });
        Ok(())
    }

    /// All of them at once: there are few.
    pub(super) async fn labels(&mut self, project: ProjectId) -> Result<()> {
        let Some(stored) = self.project(project).await? else {
            return Ok(());
        };
        let (labels, _none_more) = self.sdk.db.page(&stored.labels(), None, None).await?;
        let labels: Vec<_> = labels.into_iter().map(ExportedLabel::from).collect();
        self.lines(&format!("projects/{project}/labels"), &labels)?;
        self.progress.contents.labels += count(&labels);
        self.go(Place::Tasks(project, None, false));
        Ok(())
    }

    pub(super) async fn tasks(
        &mut self,
        project: ProjectId,
        after: Option<TaskId>,
        with_files: bool,
    ) -> Result<()> {
        let Some(stored) = self.project(project).await? else {
            return Ok(());
        };
        let start = after.map(|id| stored.task(id));
        let (page, more) = self.sdk.db.page(&stored.tasks(), start, None).await?;
        let with_files = with_files || page.iter().any(|task| task.attachment.is_some());
        let last = page.last().map(|task| task.id);
        let tasks: Vec<_> = page.into_iter().map(ExportedTask::from).collect();
        self.lines(&format!("projects/{project}/tasks"), &tasks)?;
        self.progress.contents.tasks += count(&tasks);
        match last.filter(|_| more) {
            Some(last) => self.progress.place = Place::Tasks(project, Some(last), with_files),
            None if with_files => self.go(Place::Files(project, None)),
            None => self.go(Place::Comments(project, None)),
        }
        Ok(())
    }

    /// Those on tasks that are there.
    pub(super) async fn comments(
        &mut self,
        project: ProjectId,
        after: Option<(TaskId, CommentId)>,
    ) -> Result<()> {
        let Some(stored) = self.project(project).await? else {
            return Ok(());
        };
        let start = after.map(|(task, id)| stored.comment(task, id));
        let (page, more) = self.sdk.db.page(&stored.comments(), start, None).await?;
        let last = page.last().map(|comment| (comment.task_id, comment.id));
        let kept = page.into_iter().filter(|comment| comment.ttl.is_none());
        let comments: Vec<_> = kept.map(ExportedComment::from).collect();
        self.lines(&format!("projects/{project}/comments"), &comments)?;
        self.progress.contents.comments += count(&comments);
        match last.filter(|_| more) {
            Some(last) => self.progress.place = Place::Comments(project, Some(last)),
            None => self.go(Place::ProjectEvents(project, 0)),
        }
        Ok(())
    }

    /// The file of the next task that has one.
    pub(super) async fn files(
        &mut self,
        project: ProjectId,
        after: Option<TaskId>,
    ) -> Result<Step> {
        let Some(stored) = self.project(project).await? else {
            return Ok(Step::Further);
        };
        if self.ahead.tasks.is_empty() {
            let start = after.map(|id| stored.task(id));
            let (page, more) = self.sdk.db.page(&stored.tasks(), start, None).await?;
            match page.last().filter(|_| more) {
                Some(last) => self.progress.place = Place::Files(project, Some(last.id)),
                None => self.go(Place::Comments(project, None)),
            }
            self.ahead.behind = self.progress.place;
            let with_file = page.into_iter().filter(|task| task.attachment.is_some());
            self.ahead.tasks.extend(with_file);
        }
        let Some(task) = self.ahead.tasks.pop_front() else {
            return Ok(Step::Further);
        };
        // Behind the last one that was read ahead comes what was not.
        let behind = if self.ahead.tasks.is_empty() {
            self.ahead.behind
        } else {
            Place::Files(project, Some(task.id))
        };
        self.file(&stored, &task, 0, behind).await
    }

    /// The file of a task from byte `from` on, where another invocation has left it.
    pub(super) async fn rest_of_file(
        &mut self,
        project: ProjectId,
        task: TaskId,
        from: u64,
    ) -> Result<Step> {
        let gone = || Error::internal("a file was removed while it was exported");
        let stored = self.project(project).await?.ok_or_else(gone)?;
        let row = self.sdk.db.get(stored.task(task)).await?;
        let row = row.ok_or_else(gone)?;
        let behind = Place::Files(project, Some(task));
        self.file(&stored, &row, from, behind).await
    }

    /// A file may be larger than what is kept in memory: then what there is of it is stored on the way.
    async fn file(
        &mut self,
        project: &Stored<Project>,
        task: &Task,
        from: u64,
        behind: Place,
    ) -> Result<Step> {
        let (Some(path), Some(file)) = (file_path(task), project.file(task)) else {
            self.progress.place = behind;
            return Ok(Step::Further);
        };
        let Some(mut content) = self.sdk.storage.open(&file, from).await? else {
            if from > 0 {
                return Err(Error::internal("a file was removed while it was exported"));
            }
            self.progress.contents.missing_files += 1;
            self.progress.place = behind;
            return Ok(Step::Further);
        };
        let size = content.size();
        if from == 0 {
            self.archive.begin(&path, size).map_err(Error::internal)?;
        }
        let mut done = from;
        while let Some(bytes) = content.next().await? {
            self.archive.write(&bytes).map_err(Error::internal)?;
            done += count(&bytes);
            if self.is_full() && done < size {
                self.progress.place = Place::File(project.id, task.id, done);
                if !self.keep().await? {
                    return Ok(Step::NotOurs);
                }
                if self.export.time_is_up(self.reserve) {
                    return Ok(Step::Further);
                }
            }
        }
        if done != size {
            return Err(Error::unavailable("a file broke off"));
        }
        self.archive.pad(size).map_err(Error::internal)?;
        self.progress.contents.files += 1;
        self.progress.contents.file_bytes += size;
        self.progress.place = behind;
        Ok(Step::Further)
    }

    /// The ids of the projects that come next in the tenant's list, and whether there are more.
    async fn listed(&self, after: Option<ProjectId>) -> Result<(Vec<ProjectId>, bool)> {
        let start = after.map(|id| self.tenant.listed_project(id));
        let projects = self.tenant.projects();
        let (page, more) = self.sdk.db.page(&projects, start, Some(BATCH)).await?;
        Ok((page.iter().map(|listed| listed.project_id).collect(), more))
    }

    /// A project, read once; if it has gone since it was listed, the next one is on.
    pub(super) async fn project(&mut self, id: ProjectId) -> Result<Option<Stored<Project>>> {
        if let Some(project) = self
            .ahead
            .project
            .as_ref()
            .filter(|project| project.id == id)
        {
            return Ok(Some(project.clone()));
        }
        self.ahead.tasks.clear();
        self.ahead.project = self.sdk.db.project_of_job(&self.worker, id).await?;
        if self.ahead.project.is_none() {
            self.go(Place::NextProject(Some(id)));
        }
        Ok(self.ahead.project.clone())
    }
}
