//! Logs: of projects, of the tenant itself, of its users; and the audit log.

use shared::model::export::Place;
use shared::model::exported::ExportedEvent;
use shared::model::id::{AuditId, NotificationId, ProjectId, UserId};
use shared::model::month::Month;
use shared::model::notification::NotificationView;
use shared::model::realtime::Room;
use shared::prelude::*;

use super::{Walk, count};
use crate::users;

impl Walk<'_> {
    pub(super) async fn project_events(&mut self, project: ProjectId, after: u64) -> Result<()> {
        let Some(stored) = self.project(project).await? else {
            return Ok(());
        };
        let path = format!("projects/{project}/events");
        match self.events(&path, stored.room(), after, stored.seq).await? {
            Some(last) => self.progress.place = Place::ProjectEvents(project, last),
            None => self.go(Place::NextProject(Some(project))),
        }
        Ok(())
    }

    pub(super) async fn tenant_events(&mut self, after: u64) -> Result<()> {
        let until = self.sdk.db.tenant_seq(&self.tenant).await?;
        match self
            .events("events/tenant", Room::Tenant, after, until)
            .await?
        {
            Some(last) => self.progress.place = Place::TenantEvents(last),
            None => self.go(Place::NextUser(None)),
        }
        Ok(())
    }

    pub(super) async fn next_user(&mut self, after: Option<UserId>) -> Result<()> {
        if self.ahead.users.is_empty() && !self.ahead.no_more_users {
            let users = users::after(self.sdk, &self.tenant, after).await?;
            self.ahead.no_more_users = users.len() < users::AT_ONCE;
            self.ahead.users.extend(users);
        }
        let next = self.ahead.users.pop_front();
        let latest = Month::of(self.export.export().created_at);
        self.go(match next {
            Some(user) => Place::UserEvents(user, 0),
            None => Place::Audit(latest.start(), None),
        });
        Ok(())
    }

    pub(super) async fn user_events(&mut self, user: UserId, after: u64) -> Result<()> {
        let until = self.sdk.db.user_seq(&self.tenant, user).await?;
        let path = format!("events/user-{user}");
        match self.events(&path, Room::User(user), after, until).await? {
            Some(last) => self.progress.place = Place::UserEvents(user, last),
            None => self.go(Place::Notifications(user, None)),
        }
        Ok(())
    }

    /// As they are shown to whom they tell something, with all titles, for an export has all projects.
    pub(super) async fn notifications(
        &mut self,
        user: UserId,
        after: Option<NotificationId>,
    ) -> Result<()> {
        let start = after.map(|id| self.tenant.notification(user, id));
        let list = self.tenant.notifications(user);
        let (page, more) = self.sdk.db.page(&list, start, None).await?;
        let end = page.last().map(|notification| notification.id);
        let now = self.sdk.clock.now();
        let live = page.into_iter().filter(|told| told.is_live(now));
        let told: Vec<_> = live.map(|told| NotificationView::of(told, true)).collect();
        self.lines(&format!("notifications/user-{user}"), &told)?;
        self.progress.contents.notifications += count(&told);
        match end.filter(|_| more) {
            Some(id) => self.progress.place = Place::Notifications(user, Some(id)),
            None => self.go(Place::NextUser(Some(user))),
        }
        Ok(())
    }

    /// Month by month, back to that in which the tenant was made.
    pub(super) async fn audit(
        &mut self,
        month: Millis,
        after: Option<(Millis, AuditId)>,
    ) -> Result<()> {
        let this = Month::of(month);
        let log = self.tenant.audit_log(this);
        let start = after.map(|(at, id)| self.tenant.audit_entry(at, id));
        let (page, more) = self.sdk.db.page(&log, start, None).await?;
        let last = page.last().map(|row| (row.entry.at, row.entry.id));
        let now = self.sdk.clock.now();
        let live = page.into_iter().filter(|row| row.is_live(now));
        let entries: Vec<_> = live.map(|row| row.entry).collect();
        self.lines(&format!("audit/{this}"), &entries)?;
        self.progress.contents.audit_entries += count(&entries);
        if let Some(last) = last.filter(|_| more) {
            self.progress.place = Place::Audit(month, Some(last));
        } else if this > Month::of(self.profile.created_at) {
            self.go(Place::Audit(this.previous().start(), None));
        } else {
            self.go(Place::Manifest);
        }
        Ok(())
    }

    /// One file of a log. Returns behind which event it goes on; nothing at the end.
    async fn events(
        &mut self,
        path: &str,
        room: Room,
        after: u64,
        until: u64,
    ) -> Result<Option<u64>> {
        let room = self.tenant.room(room);
        let events = self.sdk.db.some_events(&room, after, until).await?;
        let last = events.last().map(|event| event.seq);
        let events = events.into_iter().map(ExportedEvent::try_from);
        let events = events.collect::<Result<Vec<_>>>()?;
        self.lines(path, &events)?;
        self.progress.contents.events += count(&events);
        Ok(last.filter(|last| *last < until))
    }
}
