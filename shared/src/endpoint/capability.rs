//! What a function may do with the rows and objects of the tenant that it acts in: a role of the template
//! for each capability, which the function assumes for one tenant at a time.

use super::uses::{self, Use};
use super::{Endpoint, Resource};

/// One of the few roles that functions assume for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Reads rows and files, adds to the audit log, counts what is used, and keeps what expires: caches, rooms, records
    /// of emails.
    Reader,
    /// Reads rows as well, and searches.
    Searcher,
    /// Reads rows and files, and keeps archives of them and how far each has come.
    Exporter,
    /// Reads, changes and removes rows, and stores files.
    Writer,
    /// Reads, changes and removes rows, and in the same transaction its members' accounts.
    Manager,
    /// Removes whatever is the tenant's, its audit log and files included, and what is kept of it elsewhere; and
    /// writes nothing of its own.
    Eraser,
}

const READS: &[Use] = &[
    uses::DB_GET,
    uses::DB_BATCH_GET,
    uses::DB_EVENTS,
    uses::DB_LATEST,
    uses::AUDIT_APPEND,
    uses::USAGE_COUNT,
    uses::AUDIT_READ,
    uses::AUDIT_BY_ACTOR,
    uses::AUDIT_BY_OBJECT,
    uses::AUDIT_BY_ACTION,
    uses::TASKS_BY_CHANGE,
    uses::CACHE,
    uses::MAIL_RECORDS,
    uses::ROOM_JOIN,
    uses::ROOM_LEAVE,
    uses::ROOM_AUDIENCE,
];

const WRITES: &[Use] = &[
    uses::DB_FOUND,
    uses::DB_PUT,
    uses::DB_INDEXED_LATE,
    uses::DB_CHANGE,
    uses::DB_REMOVE,
    uses::USER_CHANGE,
    uses::STALE_CACHES,
    uses::IDEMPOTENCY,
    uses::CHANGE_NOTES,
];

const FILES: &[Use] = &[uses::UPLOAD_NOTES, uses::STORAGE_PUT, uses::STORAGE_LINK];

/// What tasks, and what is said and told of them, take besides.
const TASKS: &[Use] = &[
    uses::DB_UNCHANGED,
    uses::DUE_NOTE_LATER,
    uses::DUE_NOTE_FORGET,
];
const PURGES: &[Use] = &[uses::PURGE_NOTE_LATER, uses::PURGE_NOTE_FORGET];

const ARCHIVES: &[Use] = &[
    uses::EXPORT_PROGRESS,
    uses::ARCHIVE_WRITE,
    uses::STORAGE_READ,
];

/// What is changed of accounts in the same transaction.
const ACCOUNTS: &[Use] = &[
    uses::ACCOUNTS_CHANGE,
    uses::ACCOUNTS_UNCHANGED,
    uses::PERSONAL_ANSWERS_KEPT,
];

const ERASES: &[Use] = &[
    uses::ERASE_ROWS,
    uses::ERASE_AUDIT,
    uses::ERASE_WITH_ACCOUNTS,
    uses::ROOM_LEAVE,
    uses::PURGE_NOTE_FORGET,
    uses::DUE_NOTE_FORGET,
    uses::STORAGE_LIST,
    uses::STORAGE_DELETE,
];

impl Capability {
    /// All of them, the least first.
    pub const ALL: [Self; 6] = [
        Self::Reader,
        Self::Searcher,
        Self::Exporter,
        Self::Writer,
        Self::Manager,
        Self::Eraser,
    ];

    /// The role's id in the template.
    pub const fn role(self) -> &'static str {
        match self {
            Self::Reader => "TenantReader",
            Self::Searcher => "TenantSearcher",
            Self::Exporter => "TenantExporter",
            Self::Writer => "TenantWriter",
            Self::Manager => "TenantManager",
            Self::Eraser => "TenantEraser",
        }
    }

    /// What it is granted, of the tenant's own.
    pub fn uses(self) -> impl Iterator<Item = Use> {
        let uses: &[&[Use]] = match self {
            Self::Reader => &[READS, &[uses::STORAGE_LINK]],
            Self::Searcher => &[READS, &[uses::SEARCH]],
            Self::Exporter => &[READS, ARCHIVES],
            Self::Writer => &[READS, WRITES, FILES, TASKS, PURGES],
            Self::Manager => &[READS, WRITES, ACCOUNTS],
            Self::Eraser => &[ERASES],
        };
        uses.iter().copied().flatten().copied()
    }

    fn grants(self, resource: Resource, action: &str) -> bool {
        self.uses()
            .any(|granted| granted.resource == resource && granted.actions.contains(&action))
    }
}

impl Endpoint {
    /// What of its uses it needs a tenant's credentials for: none, where it acts for all tenants.
    pub fn of_a_tenant(&self) -> impl Iterator<Item = &'static Use> {
        let unbound = self.unbound;
        self.granted()
            .filter(move |used| used.resource.is_a_tenants() && !unbound)
    }

    /// The least capability that grants all it needs of a tenant's.
    ///
    /// # Errors
    /// What it needs, if no capability grants it.
    pub fn capability(&self) -> Result<Option<Capability>, String> {
        let mut needed = self
            .of_a_tenant()
            .flat_map(|used| used.actions.iter().map(|action| (used.resource, *action)))
            .peekable();
        if needed.peek().is_none() {
            return Ok(None);
        }
        let needed: Vec<_> = needed.collect();
        let least = Capability::ALL.into_iter().find(|capability| {
            needed
                .iter()
                .all(|(resource, action)| capability.grants(*resource, action))
        });
        least
            .map(Some)
            .ok_or_else(|| format!("no capability grants all that {} needs", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_the_least_capability_that_is_enough() {
        let of = |uses| Endpoint::queue("one").uses(uses).capability();
        assert_eq!(of(&[uses::ACCOUNTS_GET]), Ok(None));
        assert_eq!(of(&[uses::DB_GET]), Ok(Some(Capability::Reader)));
        assert_eq!(of(&[uses::SEARCH]), Ok(Some(Capability::Searcher)));
        let exporter = of(&[uses::STORAGE_READ, uses::EXPORT_PROGRESS]);
        assert_eq!(exporter, Ok(Some(Capability::Exporter)));
        assert_eq!(of(&[uses::DB_CHANGE]), Ok(Some(Capability::Writer)));
        let both = of(&[uses::DB_CHANGE, uses::ACCOUNTS_END_SESSION]);
        assert_eq!(both, Ok(Some(Capability::Manager)));
        assert_eq!(of(&[uses::ERASE_AUDIT]), Ok(Some(Capability::Eraser)));
        assert!(of(&[uses::ERASE_AUDIT, uses::DB_CHANGE]).is_err());
        assert!(of(&[uses::SEARCH, uses::DB_CHANGE]).is_err());
        let unbound = Endpoint::queue("one").uses(&[uses::DB_GET]).unbound();
        assert_eq!(unbound.capability(), Ok(None));
    }
}
