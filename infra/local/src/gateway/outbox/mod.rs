//! The mail service's stand-in: takes mail as Resend's API does, and keeps it for whoever looks.

mod fault;
mod page;
mod resend;
mod store;

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use shared::sdk::clock::{Clock, Millis};

pub use fault::{Fault, Record};
pub(super) use resend::send;
pub use store::OutboxError;

use fault::Script;
use store::{Accepted, Store};

/// The mail that was sent, durable in one file. Clones share all state.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
    script: Script,
    clock: Clock,
    in_progress: Arc<Mutex<HashSet<String>>>,
}

/// A caught mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Email {
    /// Whom it is for; as JSON one text, several joined with commas.
    #[serde(serialize_with = "with_commas")]
    pub to: Vec<String>,
    /// Whom it is from.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its HTML part.
    pub html: Option<String>,
    /// Its text part.
    pub text: Option<String>,
    /// When it was accepted, in epoch milliseconds.
    pub at: Millis,
}

impl Outbox {
    /// The outbox in `file`, which is made if it isn't there.
    pub fn open(file: &Path, clock: Clock) -> Result<Self, OutboxError> {
        Ok(Self {
            store: Store::open(file)?,
            script: Script::default(),
            clock,
            in_progress: Arc::default(),
        })
    }

    /// All mail, newest first.
    pub async fn emails(&self) -> Result<Vec<Email>, OutboxError> {
        self.store.all().await
    }

    /// The next `times` posts are answered with `fault`; scripts queue up behind each other.
    pub fn script(&self, fault: Fault, times: usize) {
        self.script.add(fault, times);
    }

    /// Forgets what is left of the scripts.
    pub fn clear_script(&self) {
        self.script.clear();
    }

    /// What was seen of posts so far.
    pub fn record(&self) -> Record {
        self.script.record()
    }

    /// Begins the record anew.
    pub fn reset_record(&self) {
        self.script.reset_record();
    }

    /// Stores a mail before it returns. With a key that was used in the last 24 hours it stores
    /// nothing, and tells what came of it then.
    async fn accept(
        &self,
        email: Email,
        key: Option<String>,
        payload: &Value,
    ) -> Result<Accepted, OutboxError> {
        self.store.accept(email, key, payload.to_string()).await
    }

    /// Claims `key` while its request is worked on. None when another request has it.
    fn claim(&self, key: &str) -> Option<Claim> {
        let mut keys = self
            .in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        keys.insert(key.to_owned()).then(|| Claim {
            key: key.to_owned(),
            keys: Arc::clone(&self.in_progress),
        })
    }
}

/// An idempotency key that is in use until this is dropped.
struct Claim {
    key: String,
    keys: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.remove(&self.key);
    }
}

/// The mail as JSON, or as a page for a browser.
pub(super) async fn list(State(outbox): State<Outbox>, headers: HeaderMap) -> Response {
    let emails = match outbox.emails().await {
        Ok(emails) => emails,
        Err(error) => {
            tracing::error!(%error, "the outbox cannot be read");
            let body = Json(json!({"message": "The outbox cannot be read"}));
            return (StatusCode::INTERNAL_SERVER_ERROR, body).into_response();
        }
    };
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        page::render(&emails)
    } else {
        Json(emails).into_response()
    }
}

fn with_commas<S: Serializer>(addresses: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&addresses.join(", "))
}
