//! Whose logs a tenant has: those of its members, and of all who once belonged to it.

use std::collections::BTreeSet;

use shared::model::id::UserId;
use shared::model::log::LogEntry;
use shared::model::realtime::Room;
use shared::prelude::*;
use shared::tenant::Tenant;

/// How many are looked for at a time, so that it takes the same memory however many there are.
pub(crate) const AT_ONCE: usize = 10_000;

/// The next users by their ids, [`AT_ONCE`] at most: whoever is a member, or is named by the tenant's own log, which
/// is gone through once for each time.
pub(crate) async fn after(
    sdk: &Sdk,
    tenant: &Tenant,
    after: Option<UserId>,
) -> Result<BTreeSet<UserId>> {
    let mut next = Next {
        after,
        users: BTreeSet::new(),
    };
    let (members, mut last) = (tenant.members(), None);
    loop {
        let start = last.map(|id| tenant.member(id));
        let (page, more) = sdk.db.page(&members, start, None).await?;
        last = page.last().map(|member| member.user_id);
        next.offer(page.into_iter().map(|member| member.user_id));
        if !more {
            break;
        }
    }
    let room = tenant.room(Room::Tenant);
    let (mut seq, until) = (0, sdk.db.tenant_seq(tenant).await?);
    loop {
        let events = sdk.db.some_events(&room, seq, until).await?;
        let Some(latest) = events.last() else {
            return Ok(next.users);
        };
        seq = latest.seq;
        next.offer(events.iter().flat_map(LogEntry::users));
    }
}

/// The least of those that were offered.
struct Next {
    after: Option<UserId>,
    users: BTreeSet<UserId>,
}

impl Next {
    fn offer(&mut self, users: impl Iterator<Item = UserId>) {
        for user in users.filter(|user| self.after.is_none_or(|after| *user > after)) {
            self.users.insert(user);
            if self.users.len() > AT_ONCE {
                self.users.pop_last();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_users_are_gone_through_in_turns_and_none_twice() {
        let all: Vec<_> = (0..AT_ONCE * 2 + 5).map(|_| UserId::new()).collect();
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let users = BTreeSet::new();
            let mut next = Next { after, users };
            // Whoever has joined twice is named twice.
            next.offer(all.iter().rev().chain(&all).copied());
            let Some(last) = next.users.last().copied() else {
                break;
            };
            assert!(next.users.len() <= AT_ONCE);
            after = Some(last);
            seen.extend(next.users);
        }
        assert_eq!(seen, all);
    }
}
