//! Whoever is or was a member: what they have in a tenant, wherever it stands.

use std::collections::BTreeSet;

use super::super::db::Db;
use super::tenant::{Ended, PAGE, Progress, Run, Scope};
use super::{AT_ONCE, Doomed};
use crate::error::Result;
use crate::keys::{Key, Partition, Table};
use crate::model::id::UserId;
use crate::model::log::LogEntry;
use crate::model::realtime::Room;
use crate::model::session::Session;
use crate::model::tenant::Member;

/// How many members are removed at a time: two rows each.
const MEMBERS: usize = 49;

impl Run<'_> {
    /// The members, who are shut out by it.
    pub(super) async fn members(&self) -> Result<Progress> {
        while self.eraser.has_time() {
            let members: Vec<Member> = self.list(&self.tenant.members(), None, MEMBERS).await?;
            if members.is_empty() {
                return Ok(Progress::Finished);
            }
            for member in &members {
                if !self.user(member.user_id).await? {
                    return Ok(Progress::Interrupted(None));
                }
            }
            let memberships = members
                .iter()
                .map(|member| Key::membership(member.user_id, self.tenant.id()).any());
            let memberships = memberships.collect();
            let mut doomed = self.eraser.existing(Table::Identity, memberships).await?;
            doomed.extend(
                members
                    .iter()
                    .map(|member| Doomed::row(&self.tenant.member(member.user_id))),
            );
            self.eraser.erase(doomed).await?;
        }
        Ok(Progress::Interrupted(None))
    }

    /// Everybody who ever was a member stands in the tenant's log, as who did something or had it done to them.
    pub(super) async fn users(&self, after: Option<&str>) -> Result<Progress> {
        let mut after: u64 = after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let log = self.eraser.dynamo.get(self.tenant.log()).await?;
        let last = log.map_or(0, |log| log.seq);
        while after < last {
            let until = last.min(after + PAGE as u64);
            let room = self.tenant.room(Room::Tenant);
            let entries = Db::new(self.eraser.dynamo.clone())
                .events(&room, after, until)
                .await?;
            let users: BTreeSet<_> = entries.iter().flat_map(LogEntry::users).collect();
            for user_id in users {
                if !self.user(user_id).await? {
                    return Ok(Progress::Interrupted(Some(after.to_string())));
                }
            }
            after = until;
        }
        Ok(Progress::Finished)
    }

    /// What a user has here: connections, log-ins, lists, a log and what they were told. Returns whether there was time for it.
    async fn user(&self, id: UserId) -> Result<bool> {
        if !self.eraser.has_time() {
            return Ok(false);
        }
        self.connections(id).await?;
        let dynamo = &self.eraser.dynamo;
        let mut sessions: Vec<Session> = dynamo.query(Partition::sessions(id)).await?;
        sessions.retain(|session| session.tenant_id == self.tenant.id());
        for sessions in sessions.chunks(AT_ONCE) {
            let keys = sessions.iter().map(|session| Key::session(id, session.id));
            let doomed = keys.map(|key| Doomed::row(&key)).collect();
            self.eraser.erase(doomed).await?;
        }
        let own = Partition::user(self.tenant, id);
        let told = Partition::told(self.tenant, id);
        let key = self.tenant.user_log(id);
        loop {
            let log = dynamo.get(key.clone()).await?;
            let scope = Scope {
                room: Room::User(id),
                row: key.any(),
                seq: log.map(|log| log.seq),
            };
            match self.scope(&scope, &[&own, &told], Vec::new()).await? {
                Ended::Whole => return Ok(true),
                Ended::Changed => {}
                Ended::OutOfTime => return Ok(false),
            }
        }
    }
}
