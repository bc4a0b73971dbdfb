//! The end of a tenant: what all else was found by goes last, with the report's end.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::super::dynamo::{number, updating};
use super::tenant::{Progress, Run};
use super::{AT_ONCE, Doomed};
use crate::error::{Error, Result};
use crate::keys::{Key, Partition};
use crate::model::Millis;
use crate::model::deletion::{Kind, REPORT_LIFETIME, Removed};
use crate::model::realtime::Room;

impl Run<'_> {
    /// The tenant's own log, and then the tenant: its slug is free, it counts no more among its founder's, and its
    /// report is closed, all in one transaction.
    pub(super) async fn close(&self) -> Result<Progress> {
        let dynamo = &self.eraser.dynamo;
        let log = dynamo.get(self.tenant.log()).await?;
        let seq = log.as_ref().map_or(0, |log| log.seq);
        for events in Partition::log(self.tenant, Room::Tenant, seq) {
            if !self.eraser.partition(&events, None).await? {
                return Ok(Progress::Interrupted(None));
            }
        }
        let mut doomed = vec![Doomed::row(&Key::tenant_profile(self.tenant.id()))];
        doomed.extend(log.map(|log| Doomed::scope(log.key(), log.seq)));
        doomed.extend(
            self.profile
                .slug
                .as_ref()
                .map(|slug| Doomed::row(&Key::slug(slug))),
        );
        debug_assert!(doomed.len() < AT_ONCE);
        let mut removed = Removed::default();
        removed.count(Kind::Row, u64::try_from(doomed.len()).unwrap_or(u64::MAX));
        let parts = doomed.iter().map(|row| self.eraser.removal(row));
        let mut parts = parts.collect::<Result<Vec<_>>>()?;
        parts.extend(self.one_less_founded().await?);
        if self.eraser.closed(parts, &removed).await? {
            Ok(Progress::Finished)
        } else {
            Err(Error::unavailable("the tenant has changed meanwhile"))
        }
    }

    /// Whoever founded it may found another.
    async fn one_less_founded(&self) -> Result<Option<TransactWriteItem>> {
        let Some(founder) = self.profile.founder else {
            return Ok(None);
        };
        let dynamo = &self.eraser.dynamo;
        let key = Key::user(founder);
        let user = dynamo.get(key.clone()).await?;
        if user.is_none_or(|user| user.founded == 0) {
            return Ok(None);
        }
        let update = Update::builder()
            .table_name(dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("founded > :none")
            .update_expression("ADD founded :less")
            .expression_attribute_values(":none", number(&0))
            .expression_attribute_values(":less", number(&-1));
        let update = update.build().map(updating).map_err(Error::internal)?;
        Ok(Some(update))
    }
}

/// When a report goes that is closed at `now`, in seconds.
pub(super) fn expiry(now: Millis) -> i64 {
    let lifetime = i64::try_from(REPORT_LIFETIME.as_secs()).unwrap_or(i64::MAX);
    (now / 1000).saturating_add(lifetime)
}
