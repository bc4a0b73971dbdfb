//! The audit log: entries are added to it, and nothing else is ever done to them.

use aws_sdk_dynamodb::types::AttributeValue::S;
use futures::future::try_join_all;

use super::accounts::Accounts;
use super::db::Db;
use super::dynamo::{Dynamo, from_item, text};
use super::queue::Queue;
use super::usage;
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{AuditStretch, Key, Stored, Table, audited};
use crate::model::Millis;
use crate::model::audit::{
    AuditEntry, AuditRow, Deed, MOST_ENTRIES, Moment, Outcome, Place, RecordAudit, SECONDS_A_DAY,
    Wanted,
};
use crate::model::id::{AuditId, TenantId};
use crate::model::month::Month;
use crate::model::tenant::TenantSettings;
use crate::model::usage::Levels;
use crate::page::{Cursor, Limit, Page};
use crate::tenant::Tenant;

/// What cursors of this list are bound to.
const LIST: &str = "audit-log";

/// How many queries one request makes at most: a year of empty months, and one more.
const QUERIES: usize = 14;

/// How many months are looked at side by side, once the first one was not enough.
const AT_ONCE: usize = 4;

/// How many entries one request looks at, at most, for those that it lists.
const LOOKED_AT: usize = 500;

/// A tenant's audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    dynamo: Dynamo,
}

impl Audit {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// Adds an entry, for as long as its tenant has chosen, and with it what it counts; of a tenant that is gone,
    /// nothing. It does not matter whether that has been done: the same entry stands under the same key, stays as
    /// it was first written, and counts once. Two calls.
    pub async fn record(&self, tenant: &Tenant, entry: AuditEntry, counts: Levels) -> Result<()> {
        let accounts = Accounts::new(self.dynamo.clone());
        let Some(profile) = accounts.living_tenant(tenant).await? else {
            return Ok(());
        };
        if counts.is_none() {
            self.add(tenant, &profile.settings, entry).await
        } else {
            self.add_and_count(tenant, &profile.settings, entry, counts)
                .await
        }
    }

    /// Adds that something was refused, with the credentials of the tenant that it was refused in.
    pub(crate) async fn refused(&self, caller: &Principal, deed: Deed) -> Result<()> {
        let entry = self.entry(Outcome::Refused, deed);
        self.add(&caller.tenant, &caller.profile.settings, entry)
            .await
    }

    /// Adds that somebody has done what changes nothing and yet has to be known.
    pub async fn note(&self, caller: &Principal, action: &str, object: String) -> Result<()> {
        let deed = Deed {
            actor: Some(caller.actor()),
            action: action.to_owned(),
            object,
        };
        let entry = self.entry(Outcome::Done, deed);
        self.add(&caller.tenant, &caller.profile.settings, entry)
            .await
    }

    /// Has an entry recorded, by who has no access to what is a tenant's. It is kept safe by the queue.
    pub(crate) async fn tell(&self, of: TenantId, outcome: Outcome, deed: Deed) -> Result<()> {
        self.submit(of, outcome, deed, false).await
    }

    /// Does what [`Audit::tell`] does, with no effect: so that what an unknown address is told takes as long as what a
    /// known one is.
    pub(crate) async fn tell_nobody(&self, outcome: Outcome, deed: Deed) -> Result<()> {
        self.submit(TenantId::new(), outcome, deed, true).await
    }

    /// What is wanted, the newest first. A page is short, or even empty, where there is too much to look at
    /// for it: the list has ended when there is no cursor.
    ///
    /// # Errors
    /// 400 for a cursor of another list, or of other filters.
    pub async fn list(
        &self,
        caller: &Principal,
        wanted: &Wanted,
        limit: Limit,
        cursor: Option<&Cursor>,
    ) -> Result<Page<AuditEntry>> {
        let tenant = &caller.tenant;
        let now = self.dynamo.request().clock().now();
        let oldest = oldest(&caller.profile.settings, now);
        let place = cursor
            .map(|cursor| cursor.place(LIST, wanted))
            .transpose()?;
        let mut walk = Walk::new(wanted, place, oldest, now);
        let mut found = Vec::new();
        // One more than is shown tells whether there is one.
        while found.len() <= limit.get() && walk.month().is_some() {
            let most = walk.most(wanted, limit.get() + 1 - found.len());
            let steps = walk.ahead();
            let looks = steps.iter().map(|(month, before)| {
                let stretch = AuditStretch::new(*tenant, *month, wanted, walk.from, *before);
                self.rows(tenant, stretch, most)
            });
            for ((month, _), (rows, seen)) in steps.iter().zip(try_join_all(looks).await?) {
                // What is left of the month before comes first.
                if found.len() > limit.get() || walk.month() != Some(*month) {
                    break;
                }
                walk.pass(*month, &seen, most);
                let rows = rows.into_iter();
                let live = rows.filter(|row| row.is_live(now) && wanted.matches(&row.entry));
                found.extend(live.map(|row| row.entry));
            }
        }
        let next = match limit.cut(&mut found) {
            Some(last) => Some((last.at, last.id)),
            None => walk.rest(),
        };
        let next = next.map(|(at, id)| {
            let at = Moment::try_from(at).map_err(|invalid| Error::internal(invalid.0))?;
            Cursor::new(LIST, wanted, &Place(at, id))
        });
        Ok(Page::of(found, next.transpose()?))
    }

    /// The newest entries of a stretch, `most` at most, and where all that was looked at stands.
    async fn rows(
        &self,
        tenant: &Tenant,
        stretch: AuditStretch,
        most: usize,
    ) -> Result<(Vec<AuditRow>, Vec<(Millis, AuditId)>)> {
        let attribute = stretch.attribute;
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Data)?)
            .set_index_name(stretch.index.map(str::to_owned))
            .key_condition_expression(format!("pk = :pk AND {attribute} BETWEEN :first AND :last"))
            .expression_attribute_values(":pk", S(stretch.pk))
            .expression_attribute_values(":first", S(stretch.first))
            .expression_attribute_values(":last", S(stretch.last))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        let items = answer.items.unwrap_or_default();
        let places = items.iter().map(|item| audited(text(item, "sk")));
        let places = places.collect::<Option<Vec<_>>>();
        let places = places.ok_or_else(|| Error::internal("an audit entry's key is none"))?;
        let rows = match stretch.index {
            None => items.into_iter().map(from_item).collect::<Result<_>>()?,
            // The index holds keys alone.
            Some(_) if places.is_empty() => Vec::new(),
            Some(_) => {
                let keys = places.iter().map(|(at, id)| Key::audit(*tenant, *at, *id));
                let rows = Db::new(self.dynamo.clone()).get_all(keys.collect()).await?;
                rows.into_iter().map(Stored::into_inner).collect()
            }
        };
        Ok((rows, places))
    }

    async fn add(
        &self,
        tenant: &Tenant,
        settings: &TenantSettings,
        entry: AuditEntry,
    ) -> Result<()> {
        let (key, row) = kept(tenant, settings, entry);
        let _it_was_not_there = self.dynamo.create(&key, &row).await?;
        Ok(())
    }

    /// Both, or neither if the entry is there.
    async fn add_and_count(
        &self,
        tenant: &Tenant,
        settings: &TenantSettings,
        entry: AuditEntry,
        counts: Levels,
    ) -> Result<()> {
        let (key, row) = kept(tenant, settings, entry);
        let levels = Key::levels(*tenant);
        let parts = vec![
            self.dynamo.creation(&key, &row)?,
            usage::counted(&self.dynamo, &levels, &counts.named())?,
        ];
        let _it_was_not_there = self.dynamo.transact(parts).await?;
        Ok(())
    }

    async fn submit(
        &self,
        of: TenantId,
        outcome: Outcome,
        deed: Deed,
        nobody_s: bool,
    ) -> Result<()> {
        let entry = self.entry(outcome, deed);
        let mut job = RecordAudit::job(format!("{of}/audit/{}", entry.id), of, entry);
        job.payload.nobody_s = nobody_s;
        Queue::new(self.dynamo.clone()).submit(&job).await
    }

    /// What the log has to tell of a deed.
    pub(crate) fn entry(&self, outcome: Outcome, deed: Deed) -> AuditEntry {
        let request = self.dynamo.request();
        AuditEntry::now(request.clock().now(), request.origin(), outcome, deed)
    }
}

/// An entry as its tenant keeps it.
fn kept(
    tenant: &Tenant,
    settings: &TenantSettings,
    entry: AuditEntry,
) -> (Key<AuditRow>, AuditRow) {
    let key = Key::audit(*tenant, entry.at, entry.id);
    let days = settings.audit_retention_days.get();
    (key, AuditRow::kept_for(days, entry))
}

/// Since when a tenant keeps what has happened.
fn oldest(settings: &TenantSettings, now: Millis) -> Millis {
    now - Millis::from(settings.audit_retention_days.get()) * SECONDS_A_DAY * 1000
}

/// A way back in time, month by month, as far as one request goes.
#[derive(Debug, Clone, Copy)]
struct Walk {
    /// Nothing before it is looked at.
    from: Millis,
    /// All from here on has been seen.
    before: (Millis, AuditId),
    queries: usize,
    entries: usize,
}

impl Walk {
    /// Back to `oldest`, before which nothing is kept.
    fn new(wanted: &Wanted, place: Option<Place>, oldest: Millis, now: Millis) -> Self {
        let from = wanted.from.map_or(0, Moment::millis);
        let to = wanted.to.map_or(now, |to| to.millis().min(now));
        let start = (to + 1, AuditId::least());
        let place = place.map(|Place(at, id)| (at.millis(), id));
        Self {
            from: from.max(oldest),
            before: place.map_or(start, |place| place.min(start)),
            queries: QUERIES,
            entries: LOOKED_AT,
        }
    }

    /// The month to look at next, if there is one and this request may.
    fn month(&self) -> Option<Month> {
        let may = self.queries > 0 && self.entries > 0;
        let last = self.last();
        (may && last >= self.from).then(|| Month::of(last))
    }

    /// The months to look at side by side, each with what has been seen from where on.
    fn ahead(&self) -> Vec<(Month, (Millis, AuditId))> {
        let begun = self.queries < QUERIES;
        let width = if begun { AT_ONCE } else { 1 };
        let mut ahead = *self;
        let mut months = Vec::new();
        while let Some(month) = ahead.month().filter(|_| months.len() < width) {
            months.push((month, ahead.before));
            ahead.pass(month, &[], 1);
        }
        months
    }

    /// How many entries to look at there: those that are still missing, or more where not all are wanted.
    fn most(&self, wanted: &Wanted, missing: usize) -> usize {
        let terms = [&wanted.actor, &wanted.object, &wanted.action];
        let several = terms.iter().filter(|term| term.is_some()).count() > 1;
        let most = if several { MOST_ENTRIES } else { missing };
        most.min(MOST_ENTRIES).min(self.entries)
    }

    /// Notes what was seen of a month: all of it, if that was less than what was asked for.
    fn pass(&mut self, month: Month, seen: &[(Millis, AuditId)], most: usize) {
        self.queries -= 1;
        self.entries -= seen.len().min(self.entries);
        self.before = match seen.last() {
            Some(last) if seen.len() >= most => *last,
            _ => (month.start(), AuditId::least()),
        };
    }

    /// Where it can be gone on from; nothing if it is at its end.
    fn rest(&self) -> Option<(Millis, AuditId)> {
        (self.last() >= self.from).then_some(self.before)
    }

    /// The last time that has not been passed.
    fn last(&self) -> Millis {
        let (at, id) = self.before;
        if id == AuditId::least() { at - 1 } else { at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 24 * 3_600_000;
    const NOW: Millis = 1_794_907_815_123;
    const OLDEST: Millis = NOW - 365 * DAY;

    fn wanted(from: Option<Millis>, to: Option<Millis>) -> Wanted {
        let moment = |at: Millis| Moment::try_from(at).expect("it is a time");
        Wanted {
            from: from.map(moment),
            to: to.map(moment),
            ..Wanted::default()
        }
    }

    fn months(mut walk: Walk) -> (Vec<String>, Walk) {
        let mut months = Vec::new();
        while let Some(month) = walk.month() {
            months.push(month.to_string());
            walk.pass(month, &[], 50);
        }
        (months, walk)
    }

    #[test]
    fn a_year_that_is_kept_is_walked_in_one_request() {
        let (months, walk) = months(Walk::new(&Wanted::default(), None, OLDEST, NOW));
        assert_eq!(months.len(), 13);
        assert_eq!(months.first().map(String::as_str), Some("2026-11"));
        assert_eq!(months.last().map(String::as_str), Some("2025-11"));
        assert_eq!(walk.rest(), None);
    }

    #[test]
    fn the_first_month_is_looked_at_alone_and_then_several_at_once() {
        let mut walk = Walk::new(&Wanted::default(), None, OLDEST, NOW);
        let mut steps = Vec::new();
        while walk.month().is_some() {
            let ahead = walk.ahead();
            for (month, before) in &ahead {
                assert_eq!(walk.before, *before);
                walk.pass(*month, &[], 50);
            }
            steps.push(ahead.len());
        }
        assert_eq!(steps, [1, 4, 4, 4]);
    }

    #[test]
    fn only_the_months_of_the_time_that_was_asked_for_are_looked_at() {
        let asked = wanted(Some(NOW - 40 * DAY), Some(NOW - 30 * DAY));
        assert_eq!(months(Walk::new(&asked, None, OLDEST, NOW)).0, ["2026-10"]);
        let never = wanted(Some(NOW), Some(NOW - DAY));
        assert!(months(Walk::new(&never, None, OLDEST, NOW)).0.is_empty());
        let ages_ago = wanted(None, Some(0));
        assert!(months(Walk::new(&ages_ago, None, OLDEST, NOW)).0.is_empty());
        let to_come = wanted(Some(NOW + DAY), None);
        assert!(months(Walk::new(&to_come, None, OLDEST, NOW)).0.is_empty());
    }

    #[test]
    fn a_cursor_leads_on_from_its_place_and_never_into_the_future() {
        let id = AuditId::of(NOW, "x");
        let place = |at: Millis| Some(Place(Moment::try_from(at).expect("it is a time"), id));
        let walk = Walk::new(&Wanted::default(), place(NOW - DAY), OLDEST, NOW);
        assert_eq!(walk.before, (NOW - DAY, id));
        let walk = Walk::new(&Wanted::default(), place(NOW + 900 * DAY), OLDEST, NOW);
        assert_eq!(walk.before, (NOW + 1, AuditId::least()));
    }

    #[test]
    fn a_request_looks_at_so_much_and_tells_where_to_go_on() {
        let mut walk = Walk::new(&Wanted::default(), None, OLDEST, NOW);
        let mut queries = 0;
        while let Some(month) = walk.month() {
            let most = walk.most(&Wanted::default(), MOST_ENTRIES);
            let at = NOW - queries;
            let seen = vec![(at, AuditId::of(at, "x")); most];
            walk.pass(month, &seen, most);
            queries += 1;
        }
        assert_eq!(queries, 5);
        assert_eq!(walk.rest(), Some((NOW - 4, AuditId::of(NOW - 4, "x"))));
    }
}
