//! A typed client of Tenon's API. It is made from `openapi.json` whenever that changes, so it has every operation, and
//! what each takes and answers.
//!
//! ```no_run
//! use tenon_client::{Client, types};
//!
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let tenon = Client::with_token("http://127.0.0.1:3000", token)?;
//! let project = types::CreateProjectBody::builder().name("Moon landing");
//! let project = tenon.create_project().body(project).send().await?;
//! let task = types::CreateTaskBody::builder().title("Rehearse the descent");
//! tenon.create_task().id(project.data.id).body(task).send().await?;
//! # Ok(())
//! # }
//! ```

// What is made names what is not by the path that others do.
extern crate self as tenon_client;

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

pub use generated::{Client, Error, ResponseValue, builder, types};

#[expect(
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    unused_imports,
    reason = "it is made"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a field that may be empty, in a patch that names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Nullable<T> {
    /// It is emptied.
    Null,
    /// It is this from now on.
    Value(T),
}

impl Client {
    /// A client that calls with an access token, or an API key. Fails if it is neither, or if there is no TLS.
    pub fn with_token(
        url: &str,
        token: &str,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut credential = HeaderValue::try_from(format!("Bearer {token}"))?;
        credential.set_sensitive(true);
        let client = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, credential)]))
            .timeout(PATIENCE)
            .build()?;
        Ok(Self::new_with_client(url, client))
    }
}

impl types::Meta {
    /// Where the next page of a list begins that is read by cursors, if there is one.
    pub fn next_cursor(&self) -> Option<&str> {
        match self {
            Self::Cursor { next_cursor, .. } => next_cursor.as_deref(),
            Self::Number { .. } => None,
        }
    }
}

/// The refusal, if that is what a call was answered with.
pub fn refusal<E>(error: &Error<E>) -> Option<&E> {
    match error {
        Error::ErrorResponse(response) => Some(response),
        _ => None,
    }
}
