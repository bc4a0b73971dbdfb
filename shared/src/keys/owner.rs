//! Whose a key is, told from its spelling: the other way round from minting, and by other code, so that a
//! mistake in the one is caught by the other.

use super::Table;
use crate::model::id::TenantId;

/// Whose something is that a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A tenant's, reached with the tenant's credentials.
    Tenant(TenantId),
    /// A tenant's, but reached by the function itself: what has to be found before a tenant is known.
    Known(TenantId),
    /// No tenant's.
    Nobody,
    /// Every tenant's at once.
    Everybody,
}

/// What partition keys of `Identity` begin with that are no tenant's.
const IDENTITY: [&str; 10] = [
    "DELETION#",
    "EMAIL#",
    "INVITE#",
    "KEY#",
    "KEYUSE#",
    "LINK#",
    "OIDC#",
    "REFRESH#",
    "SLUG#",
    "USER#",
];

/// What partition keys of `Ephemeral` begin with that are no tenant's.
const EPHEMERAL: [&str; 6] = ["CALLS#", "CONN#", "PERSON#", "RATE#", "TICKET#", "USER#"];

/// What those begin with of notes that say behind their time whose they are.
const NOTES: [&str; 3] = ["CHANGES#", "DUE#", "PURGES#"];

/// Whose a row is, or a partition where there is no sort key; none if no such key is minted.
pub(crate) fn of_row(table: Table, pk: &str, sk: Option<&str>) -> Option<Owner> {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| pk.starts_with(prefix));
    match table {
        Table::Identity if begins(&IDENTITY) => Some(Owner::Nobody),
        Table::Identity => tenant(pk, "TENANT#").map(Owner::Known),
        Table::Ephemeral if begins(&EPHEMERAL) => Some(Owner::Nobody),
        Table::Ephemeral if begins(&NOTES) => {
            of_note(sk, |note| note.split('#').nth(1)?.parse().ok())
        }
        Table::Ephemeral if pk.starts_with("UPLOADS#") => of_note(sk, of_path),
        Table::Data | Table::Ephemeral => tenant(pk, "T#").map(Owner::Tenant),
    }
}

/// Where nothing is ever stored: to list it shows that the bucket answers.
pub(crate) const NO_OBJECTS: &str = "health/";

/// Whose a list of objects is, by how their paths begin; none if no such path is minted.
pub(crate) fn of_list(prefix: &str) -> Option<Owner> {
    if prefix == NO_OBJECTS {
        return Some(Owner::Nobody);
    }
    of_object(prefix)
}

/// Whose an object is; none if no such path is minted.
pub(crate) fn of_object(path: &str) -> Option<Owner> {
    of_path(path).map(Owner::Tenant)
}

/// Whose a partition of the vector index is.
pub(crate) fn of_vectors(hash: &str) -> Option<Owner> {
    hash.parse().ok().map(Owner::Tenant)
}

/// Whose room the messages of a group are for.
pub(crate) fn of_group(group: &str) -> Option<Owner> {
    let (tenant, _room) = group.split_once('/')?;
    tenant.parse().ok().map(Owner::Known)
}

/// Notes of all tenants share their partitions.
fn of_note(sk: Option<&str>, tenant: impl Fn(&str) -> Option<TenantId>) -> Option<Owner> {
    match sk {
        Some(sk) => tenant(sk).map(Owner::Tenant),
        None => Some(Owner::Everybody),
    }
}

fn of_path(path: &str) -> Option<TenantId> {
    let (tenant, _rest) = path.strip_prefix("tenants/")?.split_once('/')?;
    tenant.parse().ok()
}

fn tenant(pk: &str, prefix: &str) -> Option<TenantId> {
    let rest = pk.strip_prefix(prefix)?;
    rest.split('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    fn id() -> TenantId {
        ID.parse().expect("it is an id")
    }

    #[test]
    fn a_key_tells_whose_it_is() {
        use Owner::{Everybody, Known, Nobody, Tenant};
        let of = |table, pk: &str, sk| of_row(table, &pk.replace("{t}", ID), sk);
        let note = format!("000000000000001#{ID}#project/x#7");
        let path = format!("tenants/{ID}/tasks/x");
        for (table, pk, sk, owner) in [
            (
                Table::Data,
                "T#{t}#P#p",
                Some("PROJECT"),
                Some(Tenant(id())),
            ),
            (Table::Data, "T#{t}", Some("TENANT"), Some(Tenant(id()))),
            (
                Table::Data,
                "T#{t}#INVITES",
                Some("INVITE#x"),
                Some(Tenant(id())),
            ),
            (Table::Data, "T#{t}#USAGE", Some("NOW"), Some(Tenant(id()))),
            (Table::Data, "{t}", None, None),
            (Table::Data, "T#", None, None),
            (Table::Data, "EMAIL#a@b.co", None, None),
            (Table::Identity, "EMAIL#a@b.co", None, Some(Nobody)),
            (
                Table::Identity,
                "DELETION#{t}",
                Some("DELETION"),
                Some(Nobody),
            ),
            (Table::Identity, "OIDC#x", Some("OIDC"), Some(Nobody)),
            (Table::Identity, "USER#u", Some("MEMBER#t"), Some(Nobody)),
            (Table::Identity, "INVITE#x", Some("INVITE"), Some(Nobody)),
            (Table::Identity, "TENANT#{t}", None, Some(Known(id()))),
            (Table::Identity, "TENANT#x", None, None),
            (Table::Identity, "T#{t}", None, None),
            (Table::Ephemeral, "T#{t}#CACHE#x", None, Some(Tenant(id()))),
            (Table::Ephemeral, "CONN#x", None, Some(Nobody)),
            (
                Table::Ephemeral,
                "PERSON#u#IDEMPOTENCY#x",
                Some("ANSWER"),
                Some(Nobody),
            ),
            (Table::Ephemeral, "TICKET#x", None, Some(Nobody)),
            (Table::Ephemeral, "CALLS#user/u", None, Some(Nobody)),
            (
                Table::Ephemeral,
                "CHANGES#3",
                Some(&*note),
                Some(Tenant(id())),
            ),
            (Table::Ephemeral, "CHANGES#3", Some("x"), None),
            (Table::Ephemeral, "CHANGES#3", None, Some(Everybody)),
            (
                Table::Ephemeral,
                "UPLOADS#3",
                Some(&*path),
                Some(Tenant(id())),
            ),
            (Table::Ephemeral, "UPLOADS#3", Some("tenants/x/y"), None),
            (Table::Ephemeral, "UPLOADS#3", None, Some(Everybody)),
            (
                Table::Ephemeral,
                "PURGES#3",
                Some(&*note),
                Some(Tenant(id())),
            ),
            (Table::Ephemeral, "PURGES#3", Some("x"), None),
            (Table::Ephemeral, "PURGES#3", None, Some(Everybody)),
            (Table::Ephemeral, "DUE#3", Some(&*note), Some(Tenant(id()))),
            (Table::Ephemeral, "DUE#3", Some("x"), None),
            (Table::Ephemeral, "DUE#3", None, Some(Everybody)),
            (Table::Ephemeral, "WHAT#3", None, None),
        ] {
            assert_eq!(of(table, pk, sk), owner, "{table:?} {pk} {sk:?}");
        }
        assert_eq!(of_object(&path), Some(Tenant(id())));
        assert_eq!(of_object(&path["tenants/".len()..]), None);
        assert_eq!(of_list(&path), Some(Tenant(id())));
        assert_eq!(of_list("health/"), Some(Nobody));
        assert_eq!(of_list("health/x"), None);
        assert_eq!(of_object("health/"), None);
        assert_eq!(of_vectors(ID), Some(Tenant(id())));
        assert_eq!(of_group(&format!("{ID}/project/x")), Some(Known(id())));
    }

    proptest! {
        #[test]
        fn what_is_spelled_otherwise_is_nobody_s_key(text in ".{0,60}") {
            let tenants = [
                of_row(Table::Data, &text, None),
                of_row(Table::Data, &format!("T#{text}"), None),
                of_object(&format!("tenants/{text}")),
                of_vectors(&text),
            ];
            prop_assert!(tenants.iter().all(Option::is_none), "{}", text);
        }
    }
}
