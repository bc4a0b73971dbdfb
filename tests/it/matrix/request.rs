//! What is sent to a route, made from its own event.

use std::collections::BTreeMap;

use reqwest::{Client, Method, Url};
use serde_json::Value;

use super::credentials::{Credential, Standing, bearer};
use super::places::{self, At};
use super::routes::{Entry, Route, parameters};
use super::told::Told;

/// A request, a handshake or a message, of nobody in particular.
#[derive(Debug, Clone)]
pub(super) struct Request {
    entry: Entry,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    /// What was put in.
    pub(super) thrown: Option<String>,
}

impl Request {
    /// What an event, filled in, says that a client has sent; and as whom.
    pub(super) fn of(route: &Route, event: &Value) -> (Self, Option<Credential>) {
        let mut headers = members(&event["headers"]);
        headers.retain(|name, _| !is_the_clients(name));
        let owner = headers.remove("authorization");
        let by_token = owner
            .as_deref()
            .and_then(|header| header.strip_prefix("Bearer "));
        let by_key = headers.remove("x-api-key");
        let owner = by_token
            .or(by_key.as_deref())
            .map(|shown| bearer("its owner", shown, Standing::Nobody));
        let query = match event["rawQueryString"].as_str() {
            Some(query) => decoded(query),
            None => members(&event["queryStringParameters"]),
        };
        let request = Self {
            entry: route.entry,
            path: members(&event["pathParameters"]),
            query,
            headers,
            body: places::body(event),
            thrown: None,
        };
        (request, owner)
    }

    /// The same, with something else at a place.
    pub(super) fn with(&self, at: &At, text: &str) -> Self {
        let mut request = self.clone();
        match at {
            At::Path(name) => drop(request.path.insert(name.clone(), text.to_owned())),
            At::Query(name) => drop(request.query.insert(name.clone(), text.to_owned())),
            At::Header(name) => drop(request.headers.insert((*name).to_owned(), text.to_owned())),
            At::Host => drop(request.headers.insert("host".to_owned(), host(text))),
            At::Body(path) => places::put(request.body.get_or_insert_default(), path, text),
        }
        request.thrown = Some(text.to_owned());
        request
    }

    /// The same, with the first alone of whatever it asks for several of: what is refused of one does not keep the
    /// others from being done.
    pub(super) fn one_by_one(mut self) -> Self {
        let members = self.body.as_mut().and_then(Value::as_object_mut);
        for list in members.into_iter().flat_map(|members| members.values_mut()) {
            if let Some(list) = list
                .as_array_mut()
                .filter(|list| list.iter().all(Value::is_object))
            {
                list.truncate(1);
            }
        }
        self
    }

    /// Whether it says itself which tenant it is for.
    fn names_a_tenant(&self) -> bool {
        let in_path = match self.entry {
            Entry::Http { path, .. } => path.starts_with("/api/tenants/{id}"),
            Entry::Handshake | Entry::Message => true,
        };
        let named = |name| self.headers.contains_key(name);
        in_path || named("x-tenant-id") || named("host")
    }

    /// What stands at a place.
    pub(super) fn at(&self, at: &At) -> Option<&str> {
        match at {
            At::Path(name) => self.path.get(name).map(String::as_str),
            At::Query(name) => self.query.get(name).map(String::as_str),
            At::Header(name) => self.headers.get(*name).map(String::as_str),
            At::Host => None,
            At::Body(path) => self
                .body
                .as_ref()?
                .pointer(&places::pointer(path))?
                .as_str(),
        }
    }

    /// The message that it is, for a WebSocket that is open.
    pub(super) fn message(&self) -> String {
        self.body.clone().unwrap_or_default().to_string()
    }

    /// Whether all of it that could name something says `text` somewhere.
    pub(super) fn says(&self, text: &str) -> bool {
        let own = [&self.path, &self.query, &self.headers];
        own.iter()
            .any(|members| members.values().any(|value| value.contains(text)))
            || self.message().contains(text)
    }

    /// Sends it with a credential.
    pub(super) async fn send(&self, client: &Client, api: &str, credential: &Credential) -> Told {
        let (method, path) = match self.entry {
            Entry::Http { method, path } => (method, path),
            Entry::Handshake | Entry::Message => ("GET", "/ws"),
        };
        let path = parameters(path).fold(path.to_owned(), |path, name| {
            let value = self.path.get(name).map_or("x", String::as_str);
            path.replace(&format!("{{{name}}}"), &encoded(value))
        });
        let method: Method = method.parse().expect("it is a method");
        let mut url = Url::parse(&format!("{api}{path}")).expect("it is a URL");
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let mut request = client.request(method, url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((name, value)) = &credential.header {
            request = request.header(*name, value);
        }
        if let Some(tenant) = &credential.tenant
            && !self.names_a_tenant()
        {
            request = request.header("x-tenant-id", tenant);
        }
        if self.entry == Entry::Handshake {
            request = UPGRADE.iter().fold(request, |request, (name, value)| {
                request.header(*name, *value)
            });
        } else if let Some(body) = &self.body {
            request = request.json(body);
        }
        let response = request.send().await.expect("the API answers");
        Told::by(response).await
    }
}

/// What a browser asks for a WebSocket with.
const UPGRADE: [(&str, &str); 4] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Headers that the client sends anyway, or the gateway adds.
fn is_the_clients(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "accept",
        "content-type",
        "content-length",
        "host",
        "user-agent",
        "x-amzn-trace-id",
    ]
    .contains(&name.as_str())
        || name.starts_with("x-forwarded-")
        || name.starts_with("sec-websocket-")
}

fn members(of: &Value) -> BTreeMap<String, String> {
    let members = of.as_object().into_iter().flatten();
    members
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn decoded(query: &str) -> BTreeMap<String, String> {
    let url = Url::parse(&format!("http://localhost/?{query}")).expect("it is a query");
    url.query_pairs().into_owned().collect()
}

/// The host of a tenant that is called so.
fn host(slug: &str) -> String {
    format!("{slug}.localhost")
}

/// A path's part.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
