//! Refusals: each with examples, of the operation itself, or of all that refuse for the same reason.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::endpoint::Endpoint;
use shared::error::{Detail, Error};
use shared::lambda::http::too_large;
use shared::sdk::health::{Check, Checks, Condition, Report};

use super::answers::{ALWAYS, COUNTED, headers_of, words};
use super::examples::{self, Example};

/// What the request is called in the examples that no event is of, as in those that one is.
const REQUEST_ID: &str = "Xk3v9hQ1liAEJ7A=";

/// Why operations refuse, whatever they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    BadBody,
    BadQuery,
    NobodyInParticular,
    Role,
    NotInPerson,
    Newcomer,
    Unverified,
    NoSuchTenant,
    ArchivedProject,
    LastAdmin,
    AccountTaken,
    ChangedSince,
    TooLarge,
    NotJson,
    TooManyCalls,
    TooManyAttempts,
    TooManyOfEither,
    Bug,
    Outage,
}

/// All of them.
const REASONS: &[Reason] = &[
    Reason::BadBody,
    Reason::BadQuery,
    Reason::NobodyInParticular,
    Reason::Role,
    Reason::NotInPerson,
    Reason::Newcomer,
    Reason::Unverified,
    Reason::NoSuchTenant,
    Reason::ArchivedProject,
    Reason::LastAdmin,
    Reason::AccountTaken,
    Reason::ChangedSince,
    Reason::TooLarge,
    Reason::NotJson,
    Reason::TooManyCalls,
    Reason::TooManyAttempts,
    Reason::TooManyOfEither,
    Reason::Bug,
    Reason::Outage,
];

/// An endpoint with no limit of its own for its body.
const PLAIN: Endpoint = Endpoint::http("plain", "POST", "/");

impl Reason {
    pub(super) const fn status(self) -> u64 {
        match self {
            Self::BadBody | Self::BadQuery => 400,
            Self::NobodyInParticular => 401,
            Self::Role | Self::NotInPerson | Self::Newcomer | Self::Unverified => 403,
            Self::NoSuchTenant => 404,
            Self::ArchivedProject | Self::LastAdmin | Self::AccountTaken => 409,
            Self::ChangedSince => 412,
            Self::TooLarge => 413,
            Self::NotJson => 415,
            Self::TooManyCalls | Self::TooManyAttempts | Self::TooManyOfEither => 429,
            Self::Bug => 500,
            Self::Outage => 503,
        }
    }

    /// Where the document has it.
    pub(super) fn reference(self, is_counted: bool) -> Value {
        json!({ "$ref": format!("#/components/responses/{}", self.name(is_counted)) })
    }

    fn name(self, is_counted: bool) -> String {
        let uncounted = if is_counted { "" } else { "Uncounted" };
        format!("Refused{}{self:?}{uncounted}", self.status())
    }

    fn examples(self) -> Map<String, Value> {
        let a_while = Duration::from_secs(1);
        let too_many = || error("too-many-calls", &Error::too_many_requests(a_while));
        let too_often = || error("too-many-attempts", &Error::too_many_attempts(a_while));
        let examples = match self {
            Self::BadBody => vec![event("log-in", "not-json")],
            Self::BadQuery => vec![event("get-project", "asked-twice")],
            Self::NobodyInParticular => vec![event("list-projects", "no-token")],
            Self::Role => vec![event("create-project", "by-viewer")],
            Self::NotInPerson => vec![event("create-api-key", "by-key")],
            Self::Newcomer => vec![error("newcomer", &Error::newcomer())],
            Self::Unverified => vec![error("unverified", &Error::unverified())],
            Self::NoSuchTenant => vec![event("get-tenant", "another-s")],
            Self::ArchivedProject => vec![event("change-labels", "archived")],
            Self::LastAdmin => vec![event("remove-member", "last-admin")],
            Self::AccountTaken => vec![event("sign-up", "address-taken")],
            Self::ChangedSince => vec![event("update-task", "changed-since")],
            Self::TooLarge => vec![error("too-large", &too_large(&PLAIN))],
            Self::NotJson => vec![event("create-project", "not-declared-as-json")],
            Self::TooManyCalls => vec![too_many()],
            Self::TooManyAttempts => vec![too_often()],
            Self::TooManyOfEither => vec![too_many(), too_often()],
            Self::Bug => vec![error("bug", &Error::internal("a cause"))],
            Self::Outage => vec![error("outage", &Error::unavailable("a cause"))],
        };
        examples.into_iter().collect()
    }
}

/// Those that operations refer to.
pub(super) fn shared(paths: &Map<String, Value>) -> Value {
    let text = json!(paths).to_string();
    let all = REASONS
        .iter()
        .flat_map(|reason| [true, false].map(|is_counted| (reason, is_counted)));
    let used = all.filter(|(reason, is_counted)| {
        let reference = reason.reference(*is_counted);
        text.contains(&reference["$ref"].to_string())
    });
    let used = used.map(|(reason, is_counted)| {
        let refusal = with(reason.status(), is_counted, &reason.examples());
        (reason.name(is_counted), refusal)
    });
    used.collect::<Map<_, _>>().into()
}

/// How an operation refuses, by events of its function.
pub(super) fn of_events(status: u64, is_counted: bool, events: &[&Example]) -> Value {
    let examples = events.iter().map(|event| {
        let body = examples::fitting(event.body.clone(), &Value::Null, &Map::new());
        (event.name.clone(), json!({ "value": body }))
    });
    with(status, is_counted, &examples.collect())
}

/// How it refuses a body that is larger than its own limit.
pub(super) fn of_size(endpoint: &Endpoint, is_counted: bool) -> Value {
    if endpoint.body_limit == PLAIN.body_limit {
        return Reason::TooLarge.reference(is_counted);
    }
    let example = error("too-large", &too_large(endpoint));
    with(
        Reason::TooLarge.status(),
        is_counted,
        &Map::from_iter([example]),
    )
}

/// How it refuses what can't be parsed.
pub(super) fn of_fields(bad: &[Detail], is_counted: bool) -> Value {
    let example = error("bad-fields", &Error::validation(bad.to_vec()));
    with(422, is_counted, &Map::from_iter([example]))
}

/// What it shows when it is degraded, by the name of one that is.
pub(super) fn degraded(schema: &Value) -> Value {
    let check = |status| Check { status, ms: 1 };
    let report = Report {
        status: Condition::Degraded,
        checks: Checks {
            database: check(Condition::Ok),
            cache: check(Condition::Ok),
            storage: check(Condition::Ok),
            queue: check(Condition::Ok),
            ai: check(Condition::Degraded),
        },
    };
    let example = ("degraded".to_owned(), json!({ "value": report }));
    let mut refusal = described(503, &ALWAYS.into(), &Map::from_iter([example]));
    refusal["content"]["application/json"]["schema"] = schema.clone();
    refusal
}

fn with(status: u64, is_counted: bool, examples: &Map<String, Value>) -> Value {
    let counted = is_counted.then_some(COUNTED).into_iter().flatten();
    let more = match status {
        401 => Some("www-authenticate"),
        429 | 503 => Some("retry-after"),
        _ => None,
    };
    let said = ALWAYS.into_iter().chain(counted).chain(more);
    described(status, &said.collect(), examples)
}

fn described(status: u64, sent: &BTreeSet<&str>, examples: &Map<String, Value>) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Refusal" });
    json!({
        "description": words(status),
        "headers": headers_of(sent),
        "content": { "application/json": { "schema": schema, "examples": examples } },
    })
}

/// An event of a function, for all that refuse as it does.
fn event(function: &str, case: &str) -> (String, Value) {
    let (route, event) = examples::of_case(function, case);
    let body = examples::fitting(event.body, &Value::Null, &Map::new());
    let example = json!({ "summary": format!("Of `{route}`."), "value": body });
    (event.name, example)
}

/// What an error says, of which there is no event.
fn error(name: &str, error: &Error) -> (String, Value) {
    let body = json!({ "value": error.body(REQUEST_ID) });
    (name.to_owned(), body)
}
