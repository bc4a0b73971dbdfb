//! The audit log: who did what, or was refused, or failed.

use serde::{Deserialize, Serialize};

use super::Millis;
use super::id::{ApiKeyId, AuditId, TenantId, UserId};
use super::log::{Envelope, Job, JobQueue, LogEntry};
use super::usage::Levels;
use crate::input::{Invalid, from_text};
use crate::schema::described;

/// The most entries that one answer lists.
pub const MOST_ENTRIES: usize = 100;

/// Who acts: a user, or a key of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Actor {
    /// The user, or the maker of the key.
    pub user_id: UserId,
    /// The API key that they act by, if they do.
    pub key_id: Option<ApiKeyId>,
}

impl Actor {
    /// A user in person.
    pub const fn user(user_id: UserId) -> Self {
        Self {
            user_id,
            key_id: None,
        }
    }
}

/// `{user}`, or `{user}/key/{key}`.
impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key_id {
            None => self.user_id.fmt(f),
            Some(key_id) => write!(f, "{}/key/{key_id}", self.user_id),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let (user, key) = match text.split_once("/key/") {
            None => (text.as_str(), None),
            Some((user, key)) => (user, Some(key)),
        };
        Ok(Self {
            user_id: user.parse()?,
            key_id: key.map(str::parse).transpose()?,
        })
    }
}

/// Where a request comes from, and which it is: noted once, when it arrives, for whatever is written of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address; empty where no client is behind it.
    pub ip: String,
    /// What its client, the gateway, or a queue, calls it.
    pub request_id: String,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// They may not.
    Refused,
    /// They could not show who they are.
    Failed,
}

/// An entry of the audit log: no secrets, and nothing of what was sent but what its sender called the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditEntry {
    /// Its id: in the order of time, and the same however often it is recorded.
    pub id: AuditId,
    /// When.
    pub at: Millis,
    /// Who; nobody where that is not known.
    pub actor: Option<Actor>,
    /// What: the type of an event (`task:created`), or the name of the function that refused.
    pub action: String,
    /// Which: `task/{id}`.
    pub object: String,
    /// From where.
    pub ip: Option<String>,
    /// By which request.
    pub request_id: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

impl AuditEntry {
    /// What has just happened outside of the log.
    pub(crate) fn now(at: Millis, origin: Origin, outcome: Outcome, deed: Deed) -> Self {
        Self {
            id: AuditId::of(at, &AuditId::new().to_string()),
            at,
            actor: deed.actor,
            action: deed.action,
            object: deed.object,
            ip: some(origin.ip),
            request_id: some(origin.request_id),
            outcome,
        }
    }
}

/// Who does what to which.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) actor: Option<Actor>,
    pub(crate) action: String,
    pub(crate) object: String,
}

/// A change, as the log tells of it. Told again, it is the same entry.
impl From<&LogEntry> for AuditEntry {
    fn from(entry: &LogEntry) -> Self {
        let LogEntry {
            tenant_id,
            room,
            seq,
            at,
            ..
        } = entry;
        Self {
            id: AuditId::of(*at, &format!("{tenant_id}/{room}/{seq}")),
            at: *at,
            actor: entry.actor,
            action: entry.action.as_ref().unwrap_or(&entry.kind).clone(),
            object: match &entry.object {
                Some(object) => object.clone(),
                None if room == "tenant" => tenant_object(*tenant_id),
                None => room.clone(),
            },
            ip: some(entry.ip.clone()),
            request_id: some(entry.request_id.clone()),
            outcome: Outcome::Done,
        }
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Something has happened that the audit log has to tell.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordAudit {
    /// What.
    pub entry: AuditEntry,
    /// Whether it concerns no tenant, and is sent only because it would show if nothing were sent: a log-in
    /// to an address that has no account. It is dropped.
    #[serde(default)]
    pub nobody_s: bool,
    /// By how much it makes more or less of what the tenant has: that is counted where the entry is first added.
    #[serde(default, skip_serializing_if = "Levels::is_none")]
    pub counts: Levels,
}

impl RecordAudit {
    /// An entry that counts nothing.
    pub(crate) fn of(entry: AuditEntry) -> Self {
        Self {
            entry,
            nobody_s: false,
            counts: Levels::default(),
        }
    }

    /// The job that records an entry in its tenant's log.
    pub(crate) fn job(id: String, tenant_id: TenantId, entry: AuditEntry) -> Envelope<Self> {
        Envelope {
            id,
            kind: Self::TYPE.to_owned(),
            version: Self::VERSION,
            tenant_id,
            payload: Self::of(entry),
        }
    }
}

impl Job for RecordAudit {
    const TYPE: &'static str = "audit:record";
    const VERSION: u32 = 1;
    const QUEUE: JobQueue = JobQueue::Audit;
}

/// How long a day is, in seconds.
pub(crate) const SECONDS_A_DAY: i64 = 24 * 3600;

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The entry.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// When it goes in seconds, for the table's own expiry.
    pub ttl: i64,
}

impl AuditRow {
    /// An entry that is kept for so many days after it happened.
    pub(crate) fn kept_for(days: u16, entry: AuditEntry) -> Self {
        Self {
            ttl: entry.at / 1000 + i64::from(days) * SECONDS_A_DAY,
            entry,
        }
    }

    /// Whether it has not expired.
    pub fn is_live(&self, now: Millis) -> bool {
        self.ttl > now / 1000
    }
}

/// The most characters of a value that entries are listed by.
const LONGEST_TERM: usize = 200;

/// A value that entries are listed by: 1–200 characters of those that actors, actions and objects are made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Term(String);

impl Term {
    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Term {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let known = |c: char| c.is_ascii_alphanumeric() || "/:_-".contains(c);
        if (1..=LONGEST_TERM).contains(&text.len()) && text.chars().all(known) {
            Ok(Self(text))
        } else {
            let message = format!("Must be 1 to {LONGEST_TERM} letters, digits or /:_-");
            Err(Invalid(message))
        }
    }
}

/// The end of the year 9999, in epoch milliseconds.
const LATEST: Millis = 253_402_300_799_999;

/// A time as a query says it: epoch milliseconds, from 1970 to the end of 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Millis")]
pub struct Moment(Millis);

impl Moment {
    /// In epoch milliseconds.
    pub const fn millis(self) -> Millis {
        self.0
    }
}

impl TryFrom<Millis> for Moment {
    type Error = Invalid;

    fn try_from(at: Millis) -> Result<Self, Invalid> {
        let message = "Must be a time in epoch milliseconds, up to the year 9999";
        let known = (0..=LATEST).contains(&at);
        known
            .then_some(Self(at))
            .ok_or_else(|| Invalid(message.to_owned()))
    }
}

impl TryFrom<String> for Moment {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let at = text.parse().ok().filter(|_| digits);
        at.unwrap_or(-1).try_into()
    }
}

from_text!(Term, Moment);

described! {
    Actor: { "type": "string", "description": "`{user}`, or `{user}/key/{key}`." };
    Term: { "type": "string", "minLength": 1, "maxLength": LONGEST_TERM, "pattern": "^[A-Za-z0-9/:_-]+$" };
    Moment: {
        "type": "integer", "format": "int64", "minimum": 0, "maximum": LATEST,
        "description": "Epoch milliseconds, UTC."
    };
}

/// What is listed: all entries that have each of what is asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// By whom.
    pub actor: Option<Term>,
    /// What was done.
    pub action: Option<Term>,
    /// To which.
    pub object: Option<Term>,
    /// Not before.
    pub from: Option<Moment>,
    /// Not after.
    pub to: Option<Moment>,
}

impl Wanted {
    /// Whether an entry is one.
    pub(crate) fn matches(&self, entry: &AuditEntry) -> bool {
        let is = |term: &Option<Term>, value: &str| {
            term.as_ref().is_none_or(|term| term.as_str() == value)
        };
        is(
            &self.actor,
            &entry.actor.map(String::from).unwrap_or_default(),
        ) && is(&self.action, &entry.action)
            && is(&self.object, &entry.object)
            && self.from.is_none_or(|from| entry.at >= from.millis())
            && self.to.is_none_or(|to| entry.at <= to.millis())
    }
}

/// A place among entries, the newest first: all that is older comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(pub(crate) Moment, pub(crate) AuditId);

/// Whose log: the object of what concerns a tenant as a whole.
pub(crate) fn tenant_object(id: TenantId) -> String {
    format!("tenant/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "01900000-0000-7000-8000-000000000001";

    fn entry(at: Millis, action: &str, key: bool) -> AuditEntry {
        let mut actor = Actor::user(ID.parse().expect("it is an id"));
        actor.key_id = key.then(|| ID.parse().expect("it is an id"));
        let origin = Origin {
            ip: "203.0.113.7".to_owned(),
            request_id: String::new(),
        };
        let deed = Deed {
            actor: Some(actor),
            action: action.to_owned(),
            object: format!("task/{ID}"),
        };
        AuditEntry::now(at, origin, Outcome::Refused, deed)
    }

    #[test]
    fn an_actor_is_a_user_or_a_key_of_theirs() {
        let key = format!("{ID}/key/{ID}");
        for text in [ID, &key] {
            let actor = Actor::try_from(text.to_owned()).expect("it is an actor");
            assert_eq!(actor.to_string(), text);
        }
        for text in [
            "",
            "/key/",
            "key",
            &format!("{ID}/key/"),
            &format!("{key}/key/{ID}"),
        ] {
            assert!(Actor::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_listed_has_all_that_was_asked_for() {
        let term = |text: &str| Some(Term::try_from(text.to_owned()).expect("it is a term"));
        let moment = |at: Millis| Some(Moment::try_from(at).expect("it is a time"));
        let entry = entry(7, "task:created", false);
        let all = Wanted {
            actor: term(ID),
            action: term("task:created"),
            object: term(&format!("task/{ID}")),
            from: moment(7),
            to: moment(7),
        };
        assert!(Wanted::default().matches(&entry));
        assert!(all.matches(&entry));
        for other in [
            Wanted {
                actor: term("x"),
                ..all.clone()
            },
            Wanted {
                action: term("task"),
                ..all.clone()
            },
            Wanted {
                object: term("task"),
                ..all.clone()
            },
            Wanted {
                from: moment(8),
                ..all.clone()
            },
            Wanted {
                to: moment(6),
                ..all.clone()
            },
        ] {
            assert!(!other.matches(&entry), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_comes_out_of_its_row_as_it_went_in(at in 0..LATEST, action in any::<String>(), key in any::<bool>()) {
            let row = AuditRow::kept_for(365, entry(at, &action, key));
            let item: serde_dynamo::Item = serde_dynamo::to_item(&row)?;
            prop_assert_eq!(serde_dynamo::from_item::<_, AuditRow>(item)?, row);
        }

        #[test]
        fn an_entry_is_shown_until_its_time_is_over(at in 0..LATEST, days in 1..3000_u16) {
            let row = AuditRow::kept_for(days, entry(at, "x", false));
            let kept = Millis::from(days) * SECONDS_A_DAY * 1000;
            prop_assert!(row.is_live(at + kept - 1000));
            prop_assert!(!row.is_live(at + kept));
        }

        #[test]
        fn a_term_is_what_values_are_made_of(text in prop_oneof![any::<String>(), "[a-zA-Z0-9/:_-]{0,220}", "[a-z#.]{1,9}"]) {
            let good = !text.is_empty()
                && text.len() <= 200
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/:_-".contains(&byte));
            prop_assert_eq!(Term::try_from(text).is_ok(), good);
        }

        #[test]
        fn a_moment_is_a_whole_number_of_milliseconds_and_nothing_else(text in prop_oneof![
            any::<String>(),
            "[+-]?[0-9]{1,20}",
            (LATEST - 2..LATEST + 3).prop_map(|at| at.to_string()),
        ]) {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            let good = text.parse().ok().filter(|at| digits && (0..=LATEST).contains(at));
            prop_assert_eq!(Moment::try_from(text).ok().map(Moment::millis), good);
        }
    }
}
