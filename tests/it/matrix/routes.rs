//! Every way in, and every place of it where something goes in: both read off the endpoints and the types
//! of their inputs, so that a new one can't be forgotten.

use std::collections::BTreeSet;

use local::events;
use local::functions;
use serde_json::{Value, json};
use shared::endpoint::{Endpoint, Trigger};
use shared::lambda::Surface;
use shared::model::account::Role;

use super::places::{At, Place};
use crate::fixtures;

/// A function that clients can send something to.
pub(super) struct Route {
    /// The function's.
    pub(super) name: &'static str,
    /// The same, and which of its routes it is where it has several.
    pub(super) label: String,
    pub(super) entry: Entry,
    pub(super) policy: Policy,
    pub(super) places: Vec<Place>,
    /// The event that shows what it is for, with its placeholders.
    pub(super) event: String,
    /// The HTTP status of the answer to that.
    pub(super) success: u64,
}

/// How it is sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// A request.
    Http {
        method: &'static str,
        path: &'static str,
    },
    /// The request that opens a WebSocket.
    Handshake,
    /// A message over one.
    Message,
}

/// Who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// Anyone, and nobody looks at their credentials.
    Anyone,
    /// Whoever is known, wherever they act.
    Known,
    /// The same, unless what they show is a key.
    Person,
    /// Whoever may do at least this in their tenant.
    Member(Role),
    /// The same, unless what they show is a key.
    InPerson(Role),
    /// Whoever may do at least this, of what they have made, and an admin: who neither made it nor is one is told so.
    Maker(Role),
    /// Whoever may do at least this, of what they have made, and nobody else: an admin, too, is told so.
    Author(Role),
    /// An admin, or whoever the path names: so it is read before it is said who may not.
    AdminOrOneself,
}

/// All of them.
pub(super) fn all() -> Vec<Route> {
    let known: Vec<(&Endpoint, Surface)> = functions::all()
        .iter()
        .flat_map(|function| {
            let surfaces = function.surfaces().into_iter();
            surfaces.map(|surface| (function.endpoint, surface))
        })
        .collect();
    let names: BTreeSet<&str> = known
        .iter()
        .flat_map(|(_, surface)| surface.fields.iter().flatten().map(String::as_str))
        .collect();
    known
        .iter()
        .filter_map(|(endpoint, surface)| Route::read(endpoint, surface, &names))
        .collect()
}

impl Route {
    fn read(
        endpoint: &'static Endpoint,
        surface: &Surface,
        names: &BTreeSet<&str>,
    ) -> Option<Self> {
        let name = endpoint.name;
        let several = !endpoint.also.is_empty();
        let route = surface.route.or_else(|| endpoint.routes().next());
        let route = route.filter(|_| several);
        let entry = match route {
            Some((method, path)) => Entry::Http { method, path },
            None => entry(endpoint)?,
        };
        let case = fixtures::main_case(name, route);
        let events = Events::read(name, route);
        let mut places = places(endpoint, entry, surface, names, &events);
        let is_http = matches!(entry, Entry::Http { .. });
        // Where the path names the tenant, a header can only say the same, or contradict what stands beside it.
        let selects = is_http && !endpoint.names_its_tenant();
        if selects && policy(name, surface) != Policy::Anyone {
            let headers = HEADERS.iter();
            places.extend(headers.map(|(name, noun)| Place::tenant(At::Header(name), noun)));
            places.push(Place::host());
        }
        let expected = fixtures::expected(name, &case);
        Some(Self {
            name,
            label: match route {
                Some((method, path)) => format!("{method} {path}"),
                None => name.to_owned(),
            },
            entry,
            policy: policy(name, surface),
            places,
            event: events::read(&format!("{name}/{case}")).expect("there is such a fixture"),
            success: expected["statusCode"].as_u64().unwrap_or_default(),
        })
    }
}

/// The headers that name something, of every request of which the credentials are looked at.
const HEADERS: [(&str, &str); 1] = [("x-tenant-id", "tenant")];

/// Nothing for what only the platform calls.
fn entry(endpoint: &Endpoint) -> Option<Entry> {
    match endpoint.trigger {
        Trigger::Http { .. } if endpoint.takes_anything() => Some(Entry::Http {
            method: "GET",
            path: "/api/nothing/{what}",
        }),
        Trigger::Http { method, path } => Some(Entry::Http { method, path }),
        Trigger::Socket { routes } if routes == ["$disconnect"] => None,
        Trigger::Socket { routes } if routes == ["$connect"] => Some(Entry::Handshake),
        Trigger::Socket { .. } => Some(Entry::Message),
        Trigger::Stream | Trigger::Queue | Trigger::Schedule => None,
    }
}

/// The functions that only whoever manages a project, or has made a comment, is let do what they are for.
const OF_MAKERS: [&str; 3] = ["change-project-members", "delete-comment", "delete-project"];

/// The function that changes what somebody said, which nobody does for them.
const OF_AUTHORS: &str = "update-comment";

fn policy(name: &str, surface: &Surface) -> Policy {
    match surface.caller.as_str() {
        "Anyone" => Policy::Anyone,
        "Known" | "Welcome" => Policy::Known,
        "Person" => Policy::Person,
        "InPerson<Viewer>" => Policy::InPerson(Role::Viewer),
        "InPerson<Admin>" => Policy::InPerson(Role::Admin),
        "Editor" if name == OF_AUTHORS => Policy::Author(Role::Editor),
        "Editor" if OF_MAKERS.contains(&name) => Policy::Maker(Role::Editor),
        "Viewer" if OF_MAKERS.contains(&name) => Policy::Maker(Role::Viewer),
        "Viewer" if name == "remove-member" => Policy::AdminOrOneself,
        "Viewer" => Policy::Member(Role::Viewer),
        "Editor" => Policy::Member(Role::Editor),
        "Admin" => Policy::Member(Role::Admin),
        other => panic!(
            "{name} asks for a caller `{other}`: say in tests/it/matrix/routes.rs whom that lets in"
        ),
    }
}

fn places(
    endpoint: &Endpoint,
    entry: Entry,
    surface: &Surface,
    names: &BTreeSet<&str>,
    events: &Events,
) -> Vec<Place> {
    if endpoint.takes_anything() {
        return vec![Place::id(At::Path("what".to_owned()), None)];
    }
    let mut fields = fields(endpoint, surface, names, events);
    let in_path: Vec<String> = match entry {
        Entry::Http { path, .. } => parameters(path).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    for name in &in_path {
        let is_tenant = endpoint.names_its_tenant() && name == "id";
        assert!(
            is_tenant || fields.contains(name),
            "{} has {{{name}}} in its path and no such field in its input",
            endpoint.name
        );
    }
    if entry == Entry::Message && !endpoint.takes_any_action() {
        fields.retain(|field| field != "action");
    }
    let at = |field: String| match entry {
        _ if in_path.contains(&field) => At::Path(field),
        Entry::Http { method: "GET", .. } | Entry::Handshake => At::Query(field),
        Entry::Http { .. } | Entry::Message => At::Body(field),
    };
    let places = fields
        .iter()
        .filter_map(|field| Place::of(surface, field, at, |at| events.noun(at)));
    let mut places: Vec<_> = places.collect();
    // What names the tenant is read beside the credentials, before there is an input.
    if endpoint.names_its_tenant() {
        places.push(Place::tenant(At::Path("id".to_owned()), "tenant"));
    }
    places
}

/// What its input says that it takes. An input that takes whatever it does not know says nothing: it is
/// asked for every name that any input or any event of its own has.
fn fields(
    endpoint: &Endpoint,
    surface: &Surface,
    names: &BTreeSet<&str>,
    events: &Events,
) -> Vec<String> {
    if let Some(fields) = &surface.fields {
        return fields.clone();
    }
    assert!(
        matches!(endpoint.trigger, Trigger::Socket { .. }),
        "{} takes fields that it does not know: its Input has to `deny_unknown_fields`",
        endpoint.name
    );
    let own = events.names();
    let asked = names.iter().copied().chain(own.iter().map(String::as_str));
    let taken = asked.filter(|name| {
        let refusals = surface.refusals(json!({ *name: {} }));
        refusals
            .iter()
            .any(|detail| detail.field == *name && !detail.message.ends_with("is required"))
    });
    let taken: BTreeSet<String> = taken.map(str::to_owned).collect();
    taken.into_iter().collect()
}

/// The names of a path's parameters.
pub(super) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// All events of a function, with their placeholders.
struct Events(Vec<Value>);

impl Events {
    fn read(function: &str, route: Option<(&str, &str)>) -> Self {
        let mut cases = fixtures::cases_of(function, route);
        cases.sort_by_key(|case| case != "ok");
        let read = cases.iter().map(|case| {
            let text =
                events::read(&format!("{function}/{case}")).expect("there is such a fixture");
            serde_json::from_str(&text).expect("it is JSON")
        });
        Self(read.collect())
    }

    /// The names of what goes in anywhere.
    fn names(&self) -> BTreeSet<String> {
        let of = |value: &Value| -> Vec<String> {
            let members = value.as_object().into_iter().flatten();
            members.map(|(name, _)| name.clone()).collect()
        };
        let all = self.0.iter().flat_map(|event| {
            let body = super::places::body(event).unwrap_or_default();
            let parts = [&event["queryStringParameters"], &event["headers"], &body].map(of);
            parts.concat()
        });
        all.collect()
    }

    /// What a place is of, as the first event says that has a placeholder there.
    fn noun(&self, at: &At) -> Option<String> {
        self.0.iter().find_map(|event| {
            let text = at.read(event)?;
            let (_, placeholder) = text.split_once("{{")?;
            let (placeholder, _) = placeholder.split_once("}}")?;
            let (_, noun) = placeholder.split_once('.')?;
            Some(noun.to_owned())
        })
    }
}
