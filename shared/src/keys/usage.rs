//! What a tenant uses, in the table `Data`: one small partition, which a function may be let into alone.

use super::{Key, Row};
use crate::model::month::Month;
use crate::model::usage::UsageRow;
use crate::tenant::Tenant;

impl Row for UsageRow {}

impl Key<UsageRow> {
    /// What it has now.
    pub(crate) fn levels(tenant: Tenant) -> Self {
        Self::data(tenant, pk(tenant), "NOW".to_owned())
    }

    /// A month's calls, and the searches among them.
    pub(crate) fn calls(tenant: Tenant, month: Month) -> Self {
        Self::data(tenant, pk(tenant), format!("{}#CALLS", sk(month)))
    }

    /// A month's emails.
    pub(crate) fn emails(tenant: Tenant, month: Month) -> Self {
        Self::data(tenant, pk(tenant), format!("{}#EMAILS", sk(month)))
    }
}

/// Where the rows of a month and of all later ones stand, and after them what the tenant has now: the partition,
/// and the first sort key.
pub(crate) fn usage_since(tenant: Tenant, month: Month) -> (String, String) {
    (pk(tenant), sk(month))
}

fn pk(tenant: Tenant) -> String {
    format!("T#{}#USAGE", tenant.id())
}

fn sk(month: Month) -> String {
    format!("MONTH#{month}")
}
