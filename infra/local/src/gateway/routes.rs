//! Which function answers what, and how the HTTP API chooses among routes.

use percent_encoding::percent_decode_str;

use crate::template::{EventSource, RouteSelection, Template};

/// All routes of both APIs, as the template has them.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// Of the HTTP API.
    pub http: Vec<HttpRoute>,
    /// Of the WebSocket API.
    pub socket: Vec<SocketRoute>,
    /// How the WebSocket API chooses a message's route; without it, all go to `$default`.
    pub selection: Option<RouteSelection>,
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRoute {
    /// `GET`, …, or `ANY`.
    pub method: String,
    /// A path with `{name}` for a segment and `{name+}` for the rest, or `$default`.
    pub path: String,
    /// The function's name.
    pub function: String,
}

/// A route of the WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRoute {
    /// `$connect`, `$disconnect`, `$default`, or what a message names.
    pub route: String,
    /// The function's name.
    pub function: String,
    /// Whether the function's answer goes back to the client (a route response of key `$default`).
    /// Without it an answer is only looked at for its form.
    pub route_response: bool,
}

impl From<&Template> for Routes {
    fn from(template: &Template) -> Self {
        let mut routes = Self {
            selection: template.route_selection.clone(),
            ..Self::default()
        };
        for function in &template.functions {
            for event in &function.events {
                match event {
                    EventSource::Http { method, path } => routes.http.push(HttpRoute {
                        method: method.clone(),
                        path: path.clone(),
                        function: function.name.clone(),
                    }),
                    EventSource::Socket {
                        route,
                        route_response,
                    } => routes.socket.push(SocketRoute {
                        route: route.clone(),
                        function: function.name.clone(),
                        route_response: *route_response,
                    }),
                    _ => {}
                }
            }
        }
        routes
    }
}

/// The HTTP API's routes, ready to be searched.
pub(super) struct RouteTable {
    routes: Vec<Entry>,
    default: Option<String>,
}

/// A route that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'a> {
    /// `POST /api/things/{id}`, or `$default`.
    pub(super) key: &'a str,
    pub(super) function: &'a str,
    /// The path's variables, decoded, in the path's order.
    pub(super) parameters: Vec<(String, String)>,
}

struct Entry {
    key: String,
    /// None for `ANY`.
    method: Option<String>,
    segments: Vec<Segment>,
    function: String,
}

/// In the order in which a route of one kind goes before another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Variable(String),
    Rest(String),
}

impl RouteTable {
    pub(super) fn new(routes: &[HttpRoute]) -> Self {
        let (default, routes): (Vec<_>, Vec<_>) =
            routes.iter().partition(|route| route.path == "$default");
        Self {
            routes: routes.into_iter().map(Entry::new).collect(),
            default: default.first().map(|route| route.function.clone()),
        }
    }

    /// The most specific route for a request: literal segments go before variables, these before
    /// `{rest+}`, a method before `ANY`, everything before `$default`.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<Match<'_>> {
        let segments: Vec<String> = path.split('/').skip(1).map(decode).collect();
        self.routes
            .iter()
            .filter(|entry| entry.method.as_deref().is_none_or(|own| own == method))
            .filter_map(|entry| Some((entry, entry.parameters(&segments)?)))
            .min_by_key(|(entry, _)| (entry.specificity(), entry.method.is_none()))
            .map(|(entry, parameters)| Match {
                key: &entry.key,
                function: &entry.function,
                parameters,
            })
            .or_else(|| {
                Some(Match {
                    key: "$default",
                    function: self.default.as_deref()?,
                    parameters: Vec::new(),
                })
            })
    }
}

impl Entry {
    fn new(route: &HttpRoute) -> Self {
        let method = route.method.to_ascii_uppercase();
        Self {
            key: format!("{method} {}", route.path),
            method: (method != "ANY").then_some(method),
            segments: route.path.split('/').skip(1).map(Segment::parse).collect(),
            function: route.function.clone(),
        }
    }

    /// The kinds of its segments: what routes are ordered by.
    fn specificity(&self) -> Vec<u8> {
        let kind = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Rest(_) => 2,
        };
        self.segments.iter().map(kind).collect()
    }

    /// The path's variables, or None when the path is not this route's.
    fn parameters(&self, path: &[String]) -> Option<Vec<(String, String)>> {
        let mut parameters = Vec::new();
        let mut rest = path;
        for segment in &self.segments {
            if let Segment::Rest(name) = segment {
                let value = rest.join("/");
                return (!value.is_empty()).then(|| {
                    parameters.push((name.clone(), value));
                    parameters
                });
            }
            let (value, after) = rest.split_first()?;
            rest = after;
            match segment {
                Segment::Literal(literal) if literal == value => {}
                Segment::Variable(name) if !value.is_empty() => {
                    parameters.push((name.clone(), value.clone()));
                }
                _ => return None,
            }
        }
        rest.is_empty().then_some(parameters)
    }
}

impl Segment {
    fn parse(text: &str) -> Self {
        let name = text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        match name {
            None => Self::Literal(text.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Rest(name.to_owned()),
                None => Self::Variable(name.to_owned()),
            },
        }
    }
}

/// A percent-encoded text as the text it stands for; what is not UTF-8 is replaced.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(routes: &[(&str, &str)]) -> RouteTable {
        let routes: Vec<_> = routes
            .iter()
            .map(|(method, path)| HttpRoute {
                method: (*method).to_owned(),
                path: (*path).to_owned(),
                function: format!("{method} {path}"),
            })
            .collect();
        RouteTable::new(&routes)
    }

    fn key<'a>(table: &'a RouteTable, method: &str, path: &str) -> Option<&'a str> {
        table.find(method, path).map(|found| found.key)
    }

    #[test]
    fn the_most_specific_route_is_chosen() {
        let table = table(&[
            ("ANY", "/{proxy+}"),
            ("GET", "/pets/{id}"),
            ("ANY", "/pets/{id}"),
            ("GET", "/pets/dog"),
            ("ANY", "$default"),
        ]);
        assert_eq!(key(&table, "GET", "/pets/dog"), Some("GET /pets/dog"));
        assert_eq!(key(&table, "GET", "/pets/cat"), Some("GET /pets/{id}"));
        assert_eq!(key(&table, "PUT", "/pets/cat"), Some("ANY /pets/{id}"));
        assert_eq!(key(&table, "GET", "/pets/cat/1"), Some("ANY /{proxy+}"));
        assert_eq!(key(&table, "GET", "/"), Some("$default"));
    }

    #[test]
    fn a_trailing_slash_is_another_path() {
        let table = table(&[("GET", "/pets"), ("GET", "/pets/{id}")]);
        assert_eq!(key(&table, "GET", "/pets/"), None);
        assert_eq!(key(&table, "GET", "/pets//"), None);
    }

    #[test]
    fn variables_arrive_decoded() {
        let table = table(&[("GET", "/a/{x}/{rest+}")]);
        let found = table.find("GET", "/a/one%20%C3%A4/b/c").expect("a match");
        let expected = [("x", "one ä"), ("rest", "b/c")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found.parameters, expected);
    }
}
