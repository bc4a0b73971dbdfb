//! What whoever asks is told, and what of it may differ.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// An answer, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// The HTTP status, or that which a message's error stands for.
    pub(super) status: u16,
    headers: BTreeMap<String, String>,
    text: String,
}

impl Told {
    pub(super) async fn by(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        // What has become a WebSocket has no body that would end.
        let text = match status {
            101 => String::new(),
            _ => response.text().await.expect("the body arrives"),
        };
        Self {
            status,
            headers,
            text,
        }
    }

    /// What a WebSocket is sent; nothing if it is closed instead.
    pub(super) fn over_a_socket(message: Option<&Value>) -> Self {
        let code = message.map(|message| message["error"]["code"].as_str().unwrap_or_default());
        let status = match code {
            Some("") => 200,
            None | Some("UNAUTHENTICATED") => 401,
            Some("FORBIDDEN") => 403,
            Some("NOT_FOUND") => 404,
            Some("VALIDATION_ERROR") => 422,
            Some("INTERNAL") => 500,
            Some("UNAVAILABLE") => 503,
            Some(_) => 400,
        };
        Self {
            status,
            headers: BTreeMap::new(),
            text: message.map(Value::to_string).unwrap_or_default(),
        }
    }

    /// The answer without what differs each time: what identifies the request, and what it was sent. In what
    /// is no refusal also ids, times and secrets that have been made just now.
    pub(super) fn comparable(&self, thrown: Option<&str>) -> String {
        let mut text = self.text.clone();
        // A word as short as `me` stands anywhere.
        if let Some(thrown) = thrown.filter(|thrown| thrown.len() > 3) {
            text = text.replace(thrown, "<what was sent>");
        }
        for id in self.ids_of_the_request() {
            text = text.replace(&id, "<request>");
        }
        let headers = self
            .headers
            .iter()
            .filter(|(name, _)| !is_of_the_request(name) && !is_of_the_caller(name));
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        let mut headers = headers.join("\n");
        if self.status < 400 {
            text = without_what_is_new(&text);
            headers = without_what_is_new(&headers);
        }
        format!("{}\n{headers}\n{text}", self.status)
    }

    /// Whether the answer, a header of it included, has a text.
    pub(super) fn has(&self, text: &str) -> bool {
        self.text.contains(text) || self.headers.values().any(|value| value.contains(text))
    }

    /// Whether it says nothing at all, or refuses to.
    pub(super) fn gives_nothing(&self) -> bool {
        self.status >= 400 || self.text.is_empty() && self.status != 101
    }

    /// Whether it is a refusal with `code`, and if it is to be `bare`, one that says nothing of its own.
    pub(super) fn is_the_refusal(&self, code: &str, bare: bool) -> bool {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let error = &body["error"];
        let says_nothing =
            error["message"] == "Authentication required" && error["details"] == json!([]);
        // A connection may have been ended instead.
        let is_closed = self.status == 401 && self.text.is_empty();
        is_closed || error["code"] == code && (!bare || says_nothing)
    }

    /// In the words of the product, and in those of the gateway.
    fn ids_of_the_request(&self) -> Vec<String> {
        let body: Value = serde_json::from_str(&self.text).unwrap_or_default();
        let ids = [
            &body["error"]["request_id"],
            &body["requestId"],
            &body["connectionId"],
        ];
        let ids = ids.into_iter().filter_map(Value::as_str);
        ids.filter(|id| !id.is_empty()).map(str::to_owned).collect()
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text: String = self.text.chars().take(400).collect();
        write!(f, "{} {text}", self.status)
    }
}

/// Headers that tell how often somebody has called. How often they may stays: that could tell tenants apart.
fn is_of_the_caller(name: &str) -> bool {
    ["x-ratelimit-remaining", "x-ratelimit-reset"].contains(&name)
}

fn is_of_the_request(header: &str) -> bool {
    [
        "x-request-id",
        "apigw-requestid",
        "date",
        "content-length",
        "x-event-seq",
        "retry-after",
        // It is of the body, which is compared.
        "etag",
    ]
    .contains(&header)
}

/// Each word that looks as if it had been made just now becomes what it looks like.
fn without_what_is_new(text: &str) -> String {
    let mut told = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() || "-_.@".contains(c) {
            word.push(c);
        } else {
            told += of_its_kind(&word);
            word.clear();
            told.push(c);
        }
    }
    told
}

fn of_its_kind(word: &str) -> &str {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    if uuid::Uuid::try_parse(word).is_ok() {
        "<id>"
    } else if word.len() == 34 && uuid::Uuid::try_parse(&word[1..33]).is_ok() {
        "<position>"
    } else if word.len() == 13 && is_number(word) {
        "<time>"
    } else if word.len() > 100 && word.matches('.').count() == 2 {
        "<token>"
    } else if word.contains('@') {
        "<address>"
    } else if word.len() >= 43 && !word.contains('.') {
        "<secret>"
    } else {
        word
    }
}

#[test]
fn what_is_new_is_told_by_its_look() {
    let id = uuid::Uuid::now_v7();
    let text = format!("{{\"id\":\"{id}\",\"at\":1794907815123,\"n\":12,\"of\":\"Apollo\"}}");
    let told = without_what_is_new(&text);
    assert_eq!(
        told,
        "{\"id\":\"<id>\",\"at\":<time>,\"n\":12,\"of\":\"Apollo\"}\0"
    );
}
