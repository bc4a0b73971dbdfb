//! Places where something goes in, and what forms of it they take.

use serde_json::{Value, json};
use shared::lambda::Surface;

/// A place where something goes in.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) at: At,
    pub(super) form: Form,
    /// What it names, in the word of the fixtures' placeholders: `project`, `refresh`.
    pub(super) noun: Option<String>,
    /// Of a room's name, what rooms there are: `project`, `user`.
    pub(super) rooms: Vec<String>,
    /// Whether it says which tenant the request acts in.
    pub(super) selects_the_tenant: bool,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    Path(String),
    Query(String),
    /// A member of the body or message, however deep: `attachment.filename`.
    Body(String),
    Header(&'static str),
    /// The name of the host that is asked, before the product's own domain.
    Host,
}

/// What it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An id.
    Id,
    /// A room's name.
    Room,
    /// A secret that opens something.
    Key,
    /// What a tenant is called in a host's name.
    Slug,
    /// Any text.
    Text,
}

/// What no place is of that takes texts: placeholders that name nothing that could be another's.
const NO_KEYS: [&str; 5] = ["email", "password", "name", "user", "colleague"];

/// How a field refuses a text, for which the text does not matter.
const NO_TEXT: [&str; 4] = [
    "Must be one of",
    "Must be an integer",
    "Must be a number",
    "Must be true or false",
];

impl Place {
    /// The place that a field is; nothing if it takes no text.
    pub(super) fn of(
        surface: &Surface,
        field: &str,
        at: impl FnOnce(String) -> At,
        noun: impl FnOnce(&At) -> Option<String>,
    ) -> Option<Self> {
        let said = said(surface, field);
        let is = |beginning: &str| said.iter().any(|said| said.starts_with(beginning));
        if is("Must be an array") && !field.ends_with("[]") {
            return Self::of(surface, &format!("{field}[]"), at, noun);
        }
        if NO_TEXT.iter().any(|beginning| is(beginning)) {
            return None;
        }
        let at = at(field.to_owned());
        let noun = noun(&at);
        let is_key = noun.as_deref().is_some_and(|noun| !NO_KEYS.contains(&noun));
        let form = if is("Must be an id") {
            Form::Id
        } else if is("Must be a room") {
            Form::Room
        } else if is_key {
            Form::Key
        } else {
            Form::Text
        };
        Some(Self {
            at,
            form,
            noun,
            rooms: rooms(&said.concat()),
            selects_the_tenant: false,
        })
    }

    /// Whether what it names belongs to a tenant, and to nobody in particular.
    pub(super) fn is_of_a_tenant(&self) -> bool {
        matches!(self.form, Form::Id | Form::Room)
    }

    /// A place of an id that no input has.
    pub(super) fn id(at: At, noun: Option<&str>) -> Self {
        Self {
            at,
            form: Form::Id,
            noun: noun.map(str::to_owned),
            rooms: Vec::new(),
            selects_the_tenant: false,
        }
    }

    /// The place of the id of the tenant that a request acts in.
    pub(super) fn tenant(at: At, noun: &str) -> Self {
        Self {
            selects_the_tenant: true,
            ..Self::id(at, Some(noun))
        }
    }

    /// The place of the tenant's slug.
    pub(super) fn host() -> Self {
        Self {
            form: Form::Slug,
            ..Self::tenant(At::Host, "tenant")
        }
    }
}

impl At {
    /// What an event has there.
    pub(super) fn read(&self, event: &Value) -> Option<String> {
        let found = match self {
            Self::Path(name) => event["pathParameters"][name].clone(),
            Self::Query(name) => event["queryStringParameters"][name].clone(),
            Self::Header(name) => event["headers"][*name].clone(),
            Self::Host => return None,
            Self::Body(path) => body(event)?.pointer(&pointer(path))?.clone(),
        };
        found.as_str().map(str::to_owned)
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(name) => write!(f, "{{{name}}} in the path"),
            Self::Query(name) => write!(f, "?{name}="),
            Self::Body(path) => write!(f, "{path}"),
            Self::Header(name) => write!(f, "the header {name}"),
            Self::Host => write!(f, "the host's name"),
        }
    }
}

/// The body of an event, if it is JSON.
pub(super) fn body(event: &Value) -> Option<Value> {
    serde_json::from_str(event["body"].as_str()?).ok()
}

/// Puts a text into a body, and whatever has to be around it.
pub(super) fn put(body: &mut Value, path: &str, text: &str) {
    let mut at = body;
    for name in path.split('.') {
        let (name, is_list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[name];
        if is_list {
            if at.as_array().is_none_or(Vec::is_empty) {
                *at = json!([null]);
            }
            at = &mut at[0];
        }
    }
    *at = json!(text);
}

pub(super) fn pointer(path: &str) -> String {
    format!("/{}", path.replace("[]", ".0").replace('.', "/"))
}

/// What is said of a field that is given nonsense.
fn said(surface: &Surface, field: &str) -> Vec<String> {
    let mut input = json!({});
    put(&mut input, field, "\u{1}no such thing");
    let place = field.replace("[]", "[0]");
    let refusals = surface.refusals(input).into_iter();
    let own = refusals.filter(|detail| detail.field == place);
    own.map(|detail| detail.message).collect()
}

/// The kinds of rooms of which an input says that it takes them: `project/{id}`.
fn rooms(said: &str) -> Vec<String> {
    said.split_whitespace()
        .filter_map(|word| word.split_once("/{id}"))
        .map(|(kind, _)| kind.to_owned())
        .collect()
}
