//! The audit log in the table `Data`: a partition for each month, in the order of time, and by actor,
//! object and action.

use std::marker::PhantomData;

use super::{Key, Partition, Row, Table, sortable};
use crate::model::Millis;
use crate::model::audit::{AuditEntry, AuditRow, Wanted};
use crate::model::id::AuditId;
use crate::model::month::Month;
use crate::tenant::Tenant;

/// What the third part of an audit partition's key says.
const AUDIT: &str = "AUDIT";

impl Row for AuditRow {
    fn indexes(&self) -> Vec<(&'static str, String)> {
        let AuditEntry {
            id,
            at,
            actor,
            action,
            object,
            ..
        } = &self.entry;
        let under = |value: &str| format!("{value}#{}", sk(*at, *id));
        let actor = actor.map(|actor| (ACTOR.attribute, under(&actor.to_string())));
        actor
            .into_iter()
            .chain([
                (OBJECT.attribute, under(object)),
                (ACTION.attribute, under(action)),
            ])
            .collect()
    }
}

impl Key<AuditRow> {
    pub(crate) fn audit(tenant: Tenant, at: Millis, id: AuditId) -> Self {
        Self::data(tenant, pk(tenant, Month::of(at)), sk(at, id))
    }
}

impl Partition<AuditRow> {
    /// All of a month.
    pub(crate) fn audit_log(tenant: Tenant, month: Month) -> Self {
        Self {
            table: Table::Data,
            pk: pk(tenant, month),
            prefix: "",
            row: PhantomData,
        }
    }
}

/// A local index, and the attribute that it sorts by.
#[derive(Debug, Clone, Copy)]
struct Index {
    name: &'static str,
    attribute: &'static str,
}

const ACTOR: Index = Index {
    name: "lsi2",
    attribute: "l2",
};
const OBJECT: Index = Index {
    name: "lsi3",
    attribute: "l3",
};
const ACTION: Index = Index {
    name: "lsi4",
    attribute: "l4",
};

/// A stretch of a month of a tenant's audit log, of all entries or of those that an index has together.
#[derive(Debug)]
pub(crate) struct AuditStretch {
    pub(crate) pk: String,
    /// The index, if it is one's.
    pub(crate) index: Option<&'static str>,
    /// What the stretch is sorted by.
    pub(crate) attribute: &'static str,
    pub(crate) first: String,
    pub(crate) last: String,
}

impl AuditStretch {
    /// What happened in `month` not before `from`, and before what stands under `before`, of what is
    /// wanted by the one index that has the least of it.
    pub(crate) fn new(
        tenant: Tenant,
        month: Month,
        wanted: &Wanted,
        from: Millis,
        before: (Millis, AuditId),
    ) -> Self {
        let (at, id) = before;
        let first = sortable(from);
        // A time alone sorts after all that was before it, and before all that was then.
        let last = id.previous().map_or_else(|| sortable(at), |id| sk(at, id));
        let narrowed = [
            (OBJECT, &wanted.object),
            (ACTOR, &wanted.actor),
            (ACTION, &wanted.action),
        ];
        let narrowed = narrowed
            .into_iter()
            .find_map(|(index, term)| Some((index, term.as_ref()?.as_str())));
        let pk = pk(tenant, month);
        match narrowed {
            None => Self {
                pk,
                index: None,
                attribute: "sk",
                first,
                last,
            },
            Some((index, term)) => Self {
                pk,
                index: Some(index.name),
                attribute: index.attribute,
                first: format!("{term}#{first}"),
                last: format!("{term}#{last}"),
            },
        }
    }
}

/// Where an entry stands, by its sort key.
pub(crate) fn audited(sk: &str) -> Option<(Millis, AuditId)> {
    let (at, id) = sk.split_once('#')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

/// Whether nothing in a partition of `Data` is ever changed or removed but by its own expiry.
pub(crate) fn is_append_only(pk: &str) -> bool {
    let mut parts = pk.split('#');
    parts.next() == Some("T") && parts.nth(1) == Some(AUDIT)
}

pub(super) fn pk(tenant: Tenant, month: Month) -> String {
    format!("T#{}#{AUDIT}#{month}", tenant.id())
}

fn sk(at: Millis, id: AuditId) -> String {
    format!("{}#{id}", sortable(at))
}
