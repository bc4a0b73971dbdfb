//! What a tenant uses: counted where it happens, and read in one round trip.
//!
//! What a tenant has is folded from its log by whoever adds to the audit log, and not by the changes themselves:
//! a row of the tenant in each of their transactions would set all of its projects against each other.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::dynamo::{Dynamo, additions, from_item, text, updating};
use crate::error::{Error, Result};
use crate::event::caller::Principal;
use crate::keys::{Key, Row, Table, usage_since};
use crate::model::month::Month;
use crate::model::tenant::TenantProfile;
use crate::model::usage::{self, MonthUsage, UsageRow};
use crate::tenant::Tenant;

/// What tenants use.
#[derive(Clone, Debug)]
pub struct Usage {
    dynamo: Dynamo,
}

impl Usage {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// What the caller's tenant uses; two reads, side by side. What it has is as of what has been read of its log,
    /// a moment ago.
    ///
    /// # Errors
    /// 404 if it has gone.
    pub async fn of(&self, caller: &Principal) -> Result<usage::Usage> {
        let tenant = caller.tenant;
        let now = self.dynamo.request().clock().now();
        let months = usage::months(now, caller.profile.created_at);
        let oldest = months.last().copied().unwrap_or_else(|| Month::of(now));
        let (rows, log) =
            futures::try_join!(self.rows(tenant, oldest), self.dynamo.get(tenant.log()))?;
        let log = log.ok_or_else(|| Error::not_found(TenantProfile::MISSING))?;
        let row = |key: Key<UsageRow>| rows.get(key.sk()).copied().unwrap_or_default();
        let levels = row(Key::levels(tenant));
        let months = months.into_iter().map(|month| {
            let calls = row(Key::calls(tenant, month));
            MonthUsage::of(month, calls, row(Key::emails(tenant, month)))
        });
        Ok(usage::Usage {
            projects: levels.projects,
            tasks: levels.tasks,
            members: log.members,
            bytes_stored: levels.bytes,
            months: months.collect(),
        })
    }

    /// Counts a call in a tenant. It is not worth failing for. One that DynamoDB does not confirm is counted again,
    /// and may so count twice.
    pub(crate) async fn count_call(&self, tenant: Tenant, searches: bool) {
        if let Err(error) = self.add_call(tenant, searches).await {
            tracing::warn!(tenant = %tenant.id(), %error, "a call could not be counted");
        }
    }

    async fn add_call(&self, tenant: Tenant, searches: bool) -> Result<()> {
        let key = Key::calls(tenant, Month::of(self.dynamo.request().clock().now()));
        let (add, values) = additions(&[("calls", 1), ("searches", i64::from(searches))]);
        self.dynamo
            .client()
            .update_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_key(Some(key.item()))
            .update_expression(add.trim_start())
            .set_expression_attribute_values(Some(values))
            .send()
            .await?;
        Ok(())
    }

    /// The rows of a month and of all later ones, and what the tenant has, by their sort keys.
    async fn rows(&self, tenant: Tenant, oldest: Month) -> Result<HashMap<String, UsageRow>> {
        let (pk, first) = usage_since(tenant, oldest);
        let answer = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Data)?)
            .key_condition_expression("pk = :pk AND sk >= :first")
            .expression_attribute_values(":pk", S(pk))
            .expression_attribute_values(":first", S(first))
            .consistent_read(true)
            .send()
            .await?;
        let items = answer.items.unwrap_or_default().into_iter();
        let rows = items.map(|item| Ok((text(&item, "sk").to_owned(), from_item(item)?)));
        rows.collect()
    }
}

/// Counts, raised or lowered in a transaction.
pub(super) fn counted(
    dynamo: &Dynamo,
    key: &Key<UsageRow>,
    counts: &[(&str, i64)],
) -> Result<TransactWriteItem> {
    let (add, values) = additions(counts);
    let update = Update::builder()
        .table_name(dynamo.table(key.table())?)
        .set_key(Some(key.item()))
        .update_expression(add.trim_start())
        .set_expression_attribute_values(Some(values))
        .build();
    update.map(updating).map_err(Error::internal)
}
