//! What the WebSocket API tells a function.

use std::net::IpAddr;

use axum::http::request::Parts;
use serde_json::{Map, Value, json};
use shared::sdk::clock::Millis;

use super::{
    connections::Identity,
    ending::Ending,
    event::{API, domain, forwarded, latin1, query_pairs},
    id::{new_id, request_time},
};

/// The stage, which is also the API's path here.
const STAGE: &str = "ws";

/// What all events of one connection share.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) connection_id: String,
    pub(super) connected_at: Millis,
    pub(super) identity: Identity,
    domain: String,
}

impl Origin {
    pub(super) fn new(
        connection_id: String,
        request: &Parts,
        identity: Identity,
        connected_at: Millis,
    ) -> Self {
        Self {
            connection_id,
            connected_at,
            identity,
            domain: domain(request),
        }
    }

    /// The upgrade request, for `$connect`.
    pub(super) fn connect(&self, request: &Parts, source: IpAddr, request_id: &str) -> Value {
        let headers = headers(request, source, self.connected_at);
        let query: Vec<_> = query_pairs(request.uri.query().unwrap_or_default()).collect();
        let mut event = json!({
            "headers": last_values(&headers),
            "multiValueHeaders": all_values(&headers),
        });
        if !query.is_empty() {
            event["queryStringParameters"] = last_values(&query);
            event["multiValueQueryStringParameters"] = all_values(&query);
        }
        let context = self.context("CONNECT", "$connect", request_id, self.connected_at);
        event["requestContext"] = context;
        event["isBase64Encoded"] = false.into();
        event
    }

    /// A client's message, for the route that its content chose.
    pub(super) fn message(&self, route: &str, body: &str, request_id: &str, now: Millis) -> Value {
        let mut context = self.context("MESSAGE", route, request_id, now);
        context["messageId"] = new_id().into();
        json!({"requestContext": context, "body": body, "isBase64Encoded": false})
    }

    /// The end of the connection, for `$disconnect`.
    pub(super) fn disconnect(&self, ending: &Ending, request_id: &str, now: Millis) -> Value {
        let mut context = self.context("DISCONNECT", "$disconnect", request_id, now);
        context["disconnectStatusCode"] = ending.status().into();
        context["disconnectReason"] = ending.reason().into();
        let headers = [
            ("Host", self.domain.as_str()),
            ("x-api-key", ""),
            ("X-Forwarded-For", ""),
            ("x-restapi", ""),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        json!({
            "headers": last_values(&headers),
            "multiValueHeaders": all_values(&headers),
            "requestContext": context,
            "isBase64Encoded": false,
        })
    }

    fn context(&self, kind: &str, route: &str, request_id: &str, now: Millis) -> Value {
        json!({
            "routeKey": route,
            "eventType": kind,
            "extendedRequestId": request_id,
            "requestTime": request_time(now),
            "messageDirection": "IN",
            "stage": STAGE,
            "connectedAt": self.connected_at,
            "requestTimeEpoch": now,
            "identity": {
                "userAgent": self.identity.user_agent,
                "sourceIp": self.identity.source_ip,
            },
            "requestId": request_id,
            "domainName": self.domain,
            "connectionId": self.connection_id,
            "apiId": API,
        })
    }
}

/// The upgrade's headers, with their names as this API writes them.
fn headers(request: &Parts, source: IpAddr, now: Millis) -> Vec<(String, String)> {
    let added = forwarded(request, source, now);
    let sent = request
        .headers
        .iter()
        .filter(|(name, _)| added.iter().all(|(added, _)| name != added))
        .filter(|(name, _)| !matches!(name.as_str(), "connection" | "upgrade"))
        .map(|(name, value)| (title(name.as_str()), latin1(value.as_bytes())));
    let added = added
        .iter()
        .map(|(name, value)| (title(name), value.clone()));
    sent.chain(added).collect()
}

/// `x-forwarded-for` as `X-Forwarded-For`.
fn title(name: &str) -> String {
    let word = |word: &str| {
        if word == "websocket" {
            return "WebSocket".to_owned();
        }
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

fn last_values(pairs: &[(String, String)]) -> Value {
    let pairs = pairs.iter().cloned();
    Value::Object(pairs.map(|(name, value)| (name, value.into())).collect())
}

fn all_values(pairs: &[(String, String)]) -> Value {
    let mut object = Map::new();
    for (name, value) in pairs {
        let values = object.entry(name.clone()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.clone().into());
        }
    }
    Value::Object(object)
}
