//! A request as the HTTP API tells a function of it: payload format 2.0.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header, request::Parts};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use shared::sdk::clock::Millis;

use super::{
    id::{new_trace, request_time},
    routes::{Match, decode},
};

/// The account that everything of the stack belongs to.
pub(super) const ACCOUNT: &str = "000000000000";
/// The id of both APIs.
pub(super) const API: &str = "local";

/// The event for `request`, whose `body` was read and for which `route` was chosen.
pub(super) fn http_event(
    request: &Parts,
    body: &Bytes,
    route: Match<'_>,
    source: IpAddr,
    request_id: &str,
    now: Millis,
) -> Value {
    let path = decode(request.uri.path());
    let query = request.uri.query().unwrap_or_default();
    let domain = domain(request);
    let mut event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
    });
    let mut set = |name: &str, value: Value| event[name] = value;

    let cookies = cookies(&request.headers);
    if !cookies.is_empty() {
        set("cookies", cookies.into());
    }
    set("headers", headers(request, source, now).into());
    if let Some(parameters) = non_empty(joined(query_pairs(query))) {
        set("queryStringParameters", parameters);
    }
    if let Some(parameters) = non_empty(joined(route.parameters.into_iter())) {
        set("pathParameters", parameters);
    }
    set(
        "requestContext",
        json!({
            "accountId": ACCOUNT,
            "apiId": API,
            "domainName": domain,
            "domainPrefix": domain.split('.').next().unwrap_or_default(),
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", request.version),
                "sourceIp": source.to_string(),
                "userAgent": text(&request.headers, header::USER_AGENT),
            },
            "requestId": request_id,
            "routeKey": route.key,
            "stage": "$default",
            "time": request_time(now),
            "timeEpoch": now,
        }),
    );
    let (body, encoded) = written(&request.headers, body);
    if let Some(body) = body {
        set("body", body.into());
    }
    set("isBase64Encoded", encoded.into());
    event
}

/// The name that the client asked for, without its port.
pub(super) fn domain(request: &Parts) -> String {
    let host = text(&request.headers, header::HOST);
    let named = host.parse::<Uri>().ok();
    let authority = named.as_ref().or(Some(&request.uri)).and_then(Uri::host);
    authority.unwrap_or("localhost").to_owned()
}

/// The port that the client asked for.
pub(super) fn port(request: &Parts) -> u16 {
    let host = text(&request.headers, header::HOST);
    let named = host.parse::<Uri>().ok().and_then(|host| host.port_u16());
    named.unwrap_or(80)
}

/// The last value of a header, or an empty text.
pub(super) fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get_all(name).iter().next_back();
    value.map_or_else(String::new, |value| latin1(value.as_bytes()))
}

/// A header's value as a text: it has no declared encoding, so a byte is a character unless all of
/// it is UTF-8.
pub(super) fn latin1(value: &[u8]) -> String {
    match str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().copied().map(char::from).collect(),
    }
}

/// The decoded pairs of a query, in order.
pub(super) fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let part = |text: &str| decode(&text.replace('+', " "));
            (part(name), part(value))
        })
}

/// What the gateway adds on a request's way.
pub(super) fn forwarded(
    request: &Parts,
    source: IpAddr,
    now: Millis,
) -> [(&'static str, String); 4] {
    let before = text(
        &request.headers,
        header::HeaderName::from_static("x-forwarded-for"),
    );
    let chain = if before.is_empty() {
        source.to_string()
    } else {
        format!("{before}, {source}")
    };
    let trace = text(
        &request.headers,
        header::HeaderName::from_static("x-amzn-trace-id"),
    );
    let trace = if trace.is_empty() {
        new_trace(now)
    } else {
        trace
    };
    [
        ("x-amzn-trace-id", trace),
        ("x-forwarded-for", chain),
        ("x-forwarded-port", port(request).to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ]
}

/// The headers in lower case, those that came more than once joined with commas; cookies apart.
fn headers(request: &Parts, source: IpAddr, now: Millis) -> Map<String, Value> {
    let sent = request
        .headers
        .iter()
        .filter(|(name, _)| *name != header::COOKIE)
        .map(|(name, value)| (name.as_str().to_owned(), latin1(value.as_bytes())));
    let mut headers = joined(sent);
    for (name, value) in forwarded(request, source, now) {
        headers.insert(name.to_owned(), value.into());
    }
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| {
            let value = latin1(value.as_bytes());
            let cookies = value.split(';').map(|cookie| cookie.trim().to_owned());
            cookies.collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Pairs as an object; the values of a repeated name are joined with commas.
fn joined(pairs: impl Iterator<Item = (String, String)>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in pairs {
        match object.get_mut(&name) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                object.insert(name, value.into());
            }
        }
    }
    object
}

fn non_empty(object: Map<String, Value>) -> Option<Value> {
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A body as a text, and whether that is base64. The gateway takes few types for text; anything
/// else, forms and a body without a type among it, arrives encoded.
fn written(headers: &HeaderMap, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let kind = text(headers, header::CONTENT_TYPE).to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let textual = kind.starts_with("text/")
        || matches!(
            kind,
            "application/json" | "application/xml" | "application/javascript"
        );
    match str::from_utf8(body) {
        Ok(text) if textual => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}
