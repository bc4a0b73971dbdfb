use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::caller::Credential;
use crate::model::account::{Account, Email, ExternalLink, Membership, User};
use crate::model::api_key::{ApiKeyOwner, ApiKeyRecord, ApiKeyUse};
use crate::model::audit::{Actor, Term, Wanted};
use crate::model::due::{DUE_SOON, DueDate, DueNote};
use crate::model::id::{AuditId, ProjectId, SessionId, TaskId, TenantId, UserId};
use crate::model::invitation::{InvitationLink, LinkHash};
use crate::model::link::Link;
use crate::model::log::LogEntry;
use crate::model::month::Month;
use crate::model::project::Project;
use crate::model::realtime::{Connection, Ticket, UserConnection};
use crate::model::secret::{ApiKey, LinkToken, RefreshToken};
use crate::model::session::{RefreshRecord, Session};
use crate::model::tenant::{Slug, SlugRecord, TenantProfile};
use crate::model::text::SearchQuery;
use crate::model::usage::{Levels, UsageRow};
use crate::model::window::Calls;

/// How many events one partition of a log holds.
const LOG_PARTITION: u64 = 65_536;

/// So many days from the beginning of time.
fn due(days: i64) -> DueDate {
    serde_json::from_value((days * DUE_SOON).into()).expect("it is a time")
}

/// Whatever has a key of its own, by what tells it apart. Numbers stand for ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Noun {
    Project(u8, u8),
    Task(u8, u8, u8),
    DeletedTask(u8, u8, u8),
    TaskPlace(u8, u8),
    Vector(u8, u8, u8),
    Listing(u8, u8, u8),
    ListedProject(u8, u8),
    Event(u8, u8, u64),
    CachedProjects(u8, u8),
    CachedSearch(u8, u8, u64, &'static str),
    Cursor(u8, u8),
    Subscription(u8, u8, String),
    RoomOfConnection(u8, String),
    Connection(String),
    Ticket(String),
    Upload(String),
    Mail(u8, String),
    Idempotency(u8, u8),
    PersonalIdempotency(u8, u8),
    Note(u8, u8, u64, i64),
    DueNote(u8, u8, u8, i64),
    DueTold(u8, u8, u8, i64),
    Account(&'static str),
    User(u8),
    Membership(u8, u8),
    Session(u8, u8),
    Refresh(&'static str),
    UserLog(u8, u8),
    UserEvent(u8, u8, u64),
    UserConnection(u8, String),
    Tenant(u8),
    TenantLog(u8),
    TenantEvent(u8, u64),
    Member(u8, u8),
    ApiKeyOwner(u8),
    ApiKey(u8, u8, u8),
    ApiKeyUse(u8),
    ListedKey(u8, u8),
    Slug(&'static str),
    Link(&'static str),
    InvitationLink(&'static str),
    Invitation(u8, u8),
    InvitedAddress(u8, &'static str),
    External(&'static str, &'static str),
    Audit(u8, i64, u128),
    /// What it has, or of a month its calls or its emails.
    Usage(u8, Option<(i64, bool)>),
    /// Of a user, or of a key.
    Calls(u8, bool),
}

impl Noun {
    #[expect(
        clippy::too_many_lines,
        reason = "it is a list, one noun after the other"
    )]
    fn key(&self) -> (Table, String, String) {
        match self {
            Self::Project(tenant, project) => of(&tenant_of(*tenant).project(id(*project))),
            Self::Task(t, p, x) => of(&project_of(*t, *p, 1).task(id::<TaskId>(*x))),
            Self::DeletedTask(t, p, x) => of(&project_of(*t, *p, 1).deleted_task(id(*x))),
            Self::TaskPlace(tenant, task) => of(&tenant_of(*tenant).task(id(*task))),
            Self::Vector(t, p, x) => of(&project_of(*t, *p, 1).vector(id::<TaskId>(*x))),
            Self::Listing(tenant, user, project) => {
                let key = tenant_of(*tenant).project(id(*project));
                let mut row = project_of(*tenant, *project, 1).into_inner();
                row.user_id = id(*user);
                of(&key.stores(row).listing())
            }
            Self::ListedProject(tenant, project) => of(&project_of(*tenant, *project, 1).listed()),
            Self::Event(tenant, project, seq) => of(&project_of(*tenant, *project, 1).event(*seq)),
            Self::CachedProjects(tenant, user) => {
                of(tenant_of(*tenant).cached_projects(id(*user)).row())
            }
            Self::CachedSearch(tenant, project, seq, query) => {
                of(cached_search(*tenant, *project, *seq, query).row())
            }
            Self::Cursor(tenant, project) => of(&room_of(*tenant, *project).cursor()),
            Self::Subscription(tenant, project, connection) => {
                of(&room_of(*tenant, *project).subscription(connection))
            }
            Self::RoomOfConnection(project, connection) => {
                of(&room_of(0, *project).of_connection(connection))
            }
            Self::Connection(id) => of(&Key::<Connection>::connection(id)),
            Self::Ticket(secret) => of(&Key::<Ticket>::ticket(secret)),
            Self::Upload(path) => of(&Key::<Upload>::upload(&ObjectPath(path.clone()))),
            Self::Mail(tenant, job) => {
                let (pk, sk) = mail(tenant_of(*tenant), job);
                (Table::Ephemeral, pk, sk)
            }
            Self::Idempotency(tenant, request) => {
                of(&tenant_of(*tenant).idempotency_record(&digest(&request.to_string())))
            }
            Self::PersonalIdempotency(user, request) => {
                let hash = digest(&request.to_string());
                of(&Key::personal_idempotency_record(id(*user), &hash))
            }
            Self::Note(tenant, project, seq, at) => {
                let (pk, sk) = change_note(&entry(*tenant, *project, *seq, *at));
                (Table::Ephemeral, pk, sk)
            }
            Self::DueNote(tenant, project, task, days) => of(&Key::due_note(&DueNote {
                tenant_id: id(*tenant),
                project_id: id(*project),
                task_id: id(*task),
                due_date: due(*days),
                version: 1,
            })),
            Self::DueTold(tenant, user, task, days) => {
                let (user, task) = (id(*user), id(*task));
                of(&Key::due_told(tenant_of(*tenant), user, task, due(*days)))
            }
            Self::Account(email) => of(&Key::<Account>::account(&email_of(email))),
            Self::User(user) => of(&Key::<User>::user(id(*user))),
            Self::Membership(user, tenant) => {
                of(&Key::<Membership>::membership(id(*user), id(*tenant)))
            }
            Self::Session(user, session) => of(&Key::<Session>::session(
                id(*user),
                id::<SessionId>(*session),
            )),
            Self::Refresh(token) => of(&Key::<RefreshRecord>::refresh(
                &RefreshToken::try_from((*token).to_owned()).expect("it is short"),
            )),
            Self::UserLog(tenant, user) => of(&tenant_of(*tenant).user_log(id(*user))),
            Self::UserEvent(tenant, user, seq) => {
                of(&event(tenant_of(*tenant), Room::User(id(*user)), *seq))
            }
            Self::UserConnection(user, connection) => of(&Key::<UserConnection>::user_connection(
                id(*user),
                connection,
            )),
            Self::TenantLog(tenant) => of(&tenant_of(*tenant).log()),
            Self::TenantEvent(tenant, seq) => of(&event(tenant_of(*tenant), Room::Tenant, *seq)),
            Self::Member(tenant, user) => of(&tenant_of(*tenant).member(id(*user))),
            Self::ApiKeyOwner(secret) => {
                let hash = api_key_hash(&ApiKey::of(&[*secret; 32]));
                of(&Key::<ApiKeyOwner>::api_key_owner(&hash))
            }
            Self::ApiKey(user, tenant, key) => of(&Key::<ApiKeyRecord>::api_key(
                id(*user),
                id(*tenant),
                id(*key),
            )),
            Self::ApiKeyUse(key) => of(&Key::<ApiKeyUse>::api_key_use(id(*key))),
            Self::ListedKey(tenant, key) => of(&tenant_of(*tenant).api_key(id(*key))),
            Self::External(issuer, subject) => of(&Key::<ExternalLink>::external(issuer, subject)),
            Self::Slug(slug) => of(&Key::<SlugRecord>::slug(
                &Slug::try_from((*slug).to_owned()).expect("it is a slug"),
            )),
            Self::Link(token) => of(&Key::<Link>::link(&link_token(token))),
            Self::InvitationLink(token) => {
                let hash = LinkHash::of(&link_token(token));
                of(&Key::<InvitationLink>::invitation_link(&hash))
            }
            Self::Invitation(tenant, invitation) => {
                of(&tenant_of(*tenant).invitation(id(*invitation)))
            }
            Self::InvitedAddress(tenant, email) => {
                of(&tenant_of(*tenant).invited_address(&email_of(email)))
            }
            Self::Audit(tenant, at, number) => {
                let id = uuid::Uuid::from_u128(*number).to_string();
                let id = id.parse().expect("it is an id");
                of(&Key::audit(tenant_of(*tenant), *at, id))
            }
            Self::Usage(tenant, of_month) => of(&usage_of(*tenant, *of_month)),
            Self::Calls(whose, is_key) => of(&calls_of(*whose, *is_key)),
            Self::Tenant(tenant) => of(&Key::<TenantProfile>::tenant_profile(id(*tenant))),
        }
    }
}

fn nouns() -> impl Strategy<Value = Noun> {
    let ids = || 0..3_u8;
    let seqs = || select(vec![0, 1, 10, 11, 65_535, 65_536, 131_072, u64::MAX]);
    // Texts that a careless separator would confuse.
    let texts = || {
        let texts = [
            "",
            "a",
            "a#b",
            "b#a",
            "#",
            "CONNECTION",
            "ROOM#a",
            "MAIL",
            "VALUE",
            "CONN#a",
        ];
        select(texts.map(str::to_owned).to_vec())
    };
    let queries = || select(vec!["a", "b", "a b", "ab", "#", "a#b"]);
    let emails = || select(vec!["a@b.co", "a#b@b.co", "a@b.co.uk", "account@b.co"]);
    prop_oneof![
        (ids(), ids()).prop_map(|(t, p)| Noun::Project(t, p)),
        (ids(), ids(), ids()).prop_map(|(t, p, x)| Noun::Task(t, p, x)),
        (ids(), ids(), ids()).prop_map(|(t, p, x)| Noun::DeletedTask(t, p, x)),
        (ids(), ids()).prop_map(|(t, x)| Noun::TaskPlace(t, x)),
        (ids(), ids(), ids()).prop_map(|(t, p, x)| Noun::Vector(t, p, x)),
        (ids(), ids(), ids()).prop_map(|(t, u, p)| Noun::Listing(t, u, p)),
        (ids(), ids()).prop_map(|(t, p)| Noun::ListedProject(t, p)),
        (ids(), ids(), seqs()).prop_map(|(t, p, seq)| Noun::Event(t, p, seq)),
        (ids(), ids()).prop_map(|(t, u)| Noun::CachedProjects(t, u)),
        (ids(), ids(), seqs(), queries())
            .prop_map(|(t, p, seq, q)| Noun::CachedSearch(t, p, seq, q)),
        (ids(), ids()).prop_map(|(t, p)| Noun::Cursor(t, p)),
        (ids(), ids(), texts()).prop_map(|(t, p, c)| Noun::Subscription(t, p, c)),
        (ids(), texts()).prop_map(|(p, c)| Noun::RoomOfConnection(p, c)),
        texts().prop_map(Noun::Connection),
        texts().prop_map(Noun::Ticket),
        texts().prop_map(Noun::Upload),
        (ids(), texts()).prop_map(|(t, job)| Noun::Mail(t, job)),
        (ids(), ids()).prop_map(|(t, request)| Noun::Idempotency(t, request)),
        (ids(), ids()).prop_map(|(u, request)| Noun::PersonalIdempotency(u, request)),
        (ids(), ids(), seqs(), 0..3_i64).prop_map(|(t, p, seq, at)| Noun::Note(t, p, seq, at)),
        (ids(), ids(), ids(), 1..4_i64).prop_map(|(t, p, k, days)| Noun::DueNote(t, p, k, days)),
        (ids(), ids(), ids(), 1..4_i64).prop_map(|(t, u, k, days)| Noun::DueTold(t, u, k, days)),
        emails().prop_map(Noun::Account),
        ids().prop_map(Noun::User),
        (ids(), ids()).prop_map(|(u, t)| Noun::Membership(u, t)),
        (ids(), ids()).prop_map(|(u, s)| Noun::Session(u, s)),
        queries().prop_map(Noun::Refresh),
        (ids(), ids()).prop_map(|(t, u)| Noun::UserLog(t, u)),
        (ids(), ids(), seqs()).prop_map(|(t, u, seq)| Noun::UserEvent(t, u, seq)),
        (ids(), texts()).prop_map(|(u, c)| Noun::UserConnection(u, c)),
        ids().prop_map(Noun::Tenant),
        ids().prop_map(Noun::TenantLog),
        (ids(), seqs()).prop_map(|(t, seq)| Noun::TenantEvent(t, seq)),
        (ids(), ids()).prop_map(|(t, u)| Noun::Member(t, u)),
        ids().prop_map(Noun::ApiKeyOwner),
        (ids(), ids(), ids()).prop_map(|(u, t, k)| Noun::ApiKey(u, t, k)),
        ids().prop_map(Noun::ApiKeyUse),
        (ids(), ids()).prop_map(|(t, k)| Noun::ListedKey(t, k)),
        select(vec!["abc", "a-b", "slug"]).prop_map(Noun::Slug),
        queries().prop_map(Noun::Link),
        queries().prop_map(Noun::InvitationLink),
        (ids(), ids()).prop_map(|(t, i)| Noun::Invitation(t, i)),
        (ids(), emails()).prop_map(|(t, email)| Noun::InvitedAddress(t, email)),
        (
            select(vec!["https://a", "https://a/"]),
            select(vec!["", "b", "/b", "\nb"])
        )
            .prop_map(|(issuer, subject)| Noun::External(issuer, subject)),
        (ids(), 0..4_i64, 0..4_u128).prop_map(|(t, month, id)| Noun::Audit(
            t,
            month * 2_000_000_000,
            id
        )),
        (ids(), prop::option::of((0..4_i64, any::<bool>())))
            .prop_map(|(t, of_month)| Noun::Usage(t, of_month)),
        (ids(), any::<bool>()).prop_map(|(whose, is_key)| Noun::Calls(whose, is_key)),
    ]
}

proptest! {
    #[test]
    fn what_is_not_the_same_has_not_the_same_key(nouns in prop::collection::vec(nouns(), 60)) {
        let mut taken = HashMap::new();
        for noun in nouns.into_iter().collect::<HashSet<_>>() {
            let (table, pk, sk) = noun.key();
            let other = taken.insert((table as u8, pk, sk), noun.clone());
            prop_assert!(other.is_none(), "{:?} and {:?}", noun, other);
        }
    }

    #[test]
    fn any_two_ids_have_two_keys(one in any::<u128>(), bit in 0..128_u32) {
        let key = |id: u128| {
            let id = uuid::Uuid::from_u128(id).to_string();
            of(&tenant_of(1).project(id.parse().expect("it is an id")))
        };
        prop_assert_ne!(key(one), key(one ^ (1 << bit)));
    }

    #[test]
    fn a_stretch_of_the_log_is_covered_exactly(
        border in 0..40_u64,
        offset in prop_oneof![0..4_u64, LOG_PARTITION - 4..LOG_PARTITION, 0..LOG_PARTITION],
        length in prop_oneof![0..4_u64, LOG_PARTITION - 2..LOG_PARTITION + 2, 0..200_000_u64],
    ) {
        let after = border * LOG_PARTITION + offset;
        let until = after + length;
        let mut covered = after;
        for (pk, first, last) in events(&room_of(1, 2), after, until) {
            let (first, last) = (seq_of(&first), seq_of(&last));
            prop_assert_eq!(first, covered + 1, "the next one follows");
            prop_assert!(first <= last);
            for seq in [first, last] {
                prop_assert_eq!(&project_of(1, 2, 1).event(seq).pk, &pk, "{} is there", seq);
            }
            covered = last;
        }
        prop_assert_eq!(covered, until);
    }

    #[test]
    fn events_stand_in_the_order_of_their_numbers(one in 0..LOG_PARTITION, other in 0..LOG_PARTITION, partition in 0..15_000_000_u64) {
        let event = |seq| project_of(1, 2, 1).event(partition * LOG_PARTITION + seq);
        prop_assert_eq!(event(one).pk, event(other).pk);
        prop_assert_eq!(event(one).sk.cmp(&event(other).sk), one.cmp(&other));
    }

    #[test]
    fn a_note_leads_back_to_its_event(tenant in 0..9_u8, project in 0..9_u8, seq in any::<u64>(), at in any::<i64>()) {
        let entry = entry(tenant, project, seq, at);
        let (_, note) = change_note(&entry);
        let event = noted_event(&note).expect("it names an event");
        prop_assert_eq!(of(&event), of(&project_of(tenant, project, 1).event(seq)));
    }

    #[test]
    fn whatever_else_stands_among_the_notes_names_no_event_and_no_more(note in ".{0,120}") {
        prop_assert!(noted_event(&note).is_none());
    }

    #[test]
    fn notes_stand_in_the_order_of_their_times(one in 0..1_000_000_000_000_000_i64, other in 0..1_000_000_000_000_000_i64) {
        let sk = |at| change_note(&entry(1, 1, 1, at)).1;
        prop_assert_eq!(sk(one).cmp(&sk(other)), one.cmp(&other));
        prop_assert_eq!(sk(one) < change_notes_until(other), one < other);
    }

    #[test]
    fn an_audit_entry_is_found_by_its_key_and_in_the_stretch_before_any_later_one(
        one in 0..100_000_000_000_000_i64,
        later in 0..3_000_000_000_i64,
        (a, b) in (any::<u128>(), any::<u128>()),
        term in prop::option::of("[a-z:/_-]{1,12}"),
    ) {
        let id = |number: u128| -> AuditId {
            let id = uuid::Uuid::from_u128(number).to_string();
            id.parse().expect("it is an id")
        };
        let key = Key::audit(tenant_of(1), one, id(a));
        prop_assert_eq!(audited(&key.sk), Some((one, id(a))));
        prop_assert!(is_append_only(&key.pk));
        let wanted = Wanted {
            action: term.clone().map(|term| Term::try_from(term).expect("it is a term")),
            ..Wanted::default()
        };
        let before = (one + later, id(b));
        let stretch = AuditStretch::new(tenant_of(1), Month::of(one), &wanted, one, before);
        prop_assert_eq!(&stretch.pk, &key.pk);
        let sorted_by = term.map_or(key.sk.clone(), |term| format!("{term}#{}", key.sk));
        let within = stretch.first <= sorted_by && sorted_by <= stretch.last;
        prop_assert_eq!(within, (one, id(a)) < before);
    }

    #[test]
    fn what_a_tenant_uses_stands_from_a_month_on_and_before_it_does_not(
        (month, other) in (0..9_999_i64, 0..9_999_i64),
    ) {
        let (pk, first) = usage_since(tenant_of(1), month_of(month));
        for key in [Key::calls(tenant_of(1), month_of(other)), Key::emails(tenant_of(1), month_of(other))] {
            prop_assert_eq!(&key.pk, &pk);
            prop_assert_eq!(key.sk >= first, month_of(other) >= month_of(month), "{}", key.sk);
        }
        prop_assert!(Key::levels(tenant_of(1)).sk > first);
    }

    #[test]
    fn nothing_else_is_only_added_to(noun in nouns()) {
        let (_, pk, _) = noun.key();
        prop_assert_eq!(is_append_only(&pk), matches!(noun, Noun::Audit(..)));
    }

    #[test]
    fn a_normalised_query_stays_as_it_is(query in any::<String>()) {
        let once = data::normalised(&query);
        prop_assert_eq!(data::normalised(&once), once);
    }

    #[test]
    fn queries_of_the_same_words_share_their_answer(words in prop::collection::vec("[a-zäß0-9-]{1,9}", 1..6)) {
        let key = |query: &str| of(cached_search(1, 1, 7, query).row());
        let plain = words.join(" ");
        let spread = format!(" {}\t", words.join(" \n "));
        let longer = format!("{plain} more");
        prop_assert_eq!(key(&plain), key(&spread));
        prop_assert_eq!(key(&plain), key(&plain.to_ascii_uppercase()));
        prop_assert_ne!(key(&plain), key(&longer));
    }
}

#[test]
fn a_stretch_that_has_no_end_can_be_begun() {
    assert_eq!(events(&room_of(1, 2), 0, u64::MAX).take(3).count(), 3);
    let last = events(&room_of(1, 2), u64::MAX - 1, u64::MAX).next();
    assert_eq!(last.map(|(_, first, _)| seq_of(&first)), Some(u64::MAX));
    assert_eq!(events(&room_of(1, 2), u64::MAX, 7).count(), 0);
}

fn of<T>(key: &Key<T>) -> (Table, String, String) {
    (key.table, key.pk.clone(), key.sk.clone())
}

fn email_of(text: &str) -> Email {
    Email::try_from(text.to_owned()).expect("it is an address")
}

fn link_token(text: &str) -> LinkToken {
    LinkToken::try_from(text.to_owned()).expect("it is short")
}

fn seq_of(sk: &str) -> u64 {
    let seq = sk.strip_prefix("EVENT#").expect("it is an event's key");
    seq.parse().expect("it ends in a number")
}

fn id<T: std::str::FromStr>(number: u8) -> T {
    let id = format!("01900000-0000-7000-8000-0000000000{number:02x}");
    id.parse().ok().expect("it is an id")
}

fn tenant_of(tenant: u8) -> Tenant {
    Tenant::verified(id::<TenantId>(tenant))
}

fn usage_of(tenant: u8, of_month: Option<(i64, bool)>) -> Key<UsageRow> {
    let tenant = tenant_of(tenant);
    match of_month {
        None => Key::levels(tenant),
        Some((month, true)) => Key::calls(tenant, month_of(month)),
        Some((month, false)) => Key::emails(tenant, month_of(month)),
    }
}

fn calls_of(whose: u8, is_key: bool) -> Key<Calls> {
    let credential = if is_key {
        Credential::Key(id(whose))
    } else {
        Credential::External
    };
    Key::calls_of(id(whose), credential)
}

fn month_of(number: i64) -> Month {
    Month::of(number * 32 * 24 * 3_600_000)
}

fn room_of(tenant: u8, project: u8) -> RoomKey {
    let project_id = id::<ProjectId>(project);
    tenant_of(tenant).room(Room::Project(project_id))
}

fn project_of(tenant: u8, project: u8, seq: u64) -> Stored<Project> {
    let name = "Apollo".to_owned().try_into().expect("it is a name");
    let row = Project {
        id: id(project),
        seq,
        ..Project::new(id::<UserId>(1), name, None, 0)
    };
    tenant_of(tenant).project(row.id).stores(row)
}

fn cached_search(
    tenant: u8,
    project: u8,
    seq: u64,
    query: &str,
) -> CacheKey<Vec<crate::model::search::Hit>> {
    let query = SearchQuery::try_from(query.to_owned()).expect("it is a query");
    project_of(tenant, project, seq).cached_search(&query)
}

fn entry(tenant: u8, project: u8, seq: u64, at: Millis) -> LogEntry {
    let room = room_of(tenant, project).room().to_string();
    LogEntry {
        tenant_id: id(tenant),
        seq,
        at,
        actor: Some(Actor::user(id(1))),
        kind: "task:created".to_owned(),
        action: None,
        object: Some(format!("task/{}", id::<TaskId>(1))),
        ip: "203.0.113.7".to_owned(),
        request_id: "r".to_owned(),
        counts: Levels::default(),
        data: "{}".to_owned(),
        jobs: Vec::new(),
        note_shard: shard(&room),
        room,
    }
}
