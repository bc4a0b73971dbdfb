//! What a handler answers.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::{Error, Result};
use crate::model::account::Role;
use crate::model::idempotency::RecordedAnswer;
use crate::model::log::Committed;

const LOCATION: &str = "location";

const EVENT_SEQ: &str = "x-event-seq";

/// The status of an answer without a body.
pub(crate) const NO_CONTENT: u16 = 204;

/// A body, its status, and the headers that say more about it.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    pub(crate) status: u16,
    pub(crate) body: T,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Of a resource that has one: its version, and in which role it is seen.
    pub(crate) version: Option<u64>,
    pub(crate) seen_as: Option<Role>,
}

/// The envelope of every resource: `{"data": …}`.
#[derive(Debug, Clone, Serialize)]
pub struct Data<T> {
    /// The resource.
    pub data: T,
}

impl<T> Reply<T> {
    /// 200.
    pub fn ok(body: T) -> Self {
        Self {
            status: 200,
            body,
            headers: Vec::new(),
            version: None,
            seen_as: None,
        }
    }

    /// 201.
    pub fn created(body: T) -> Self {
        Self {
            status: 201,
            ..Self::ok(body)
        }
    }

    /// 202: it has begun, and `location` tells how far it is.
    pub fn accepted(body: T, location: impl Into<String>) -> Self {
        Self {
            status: 202,
            ..Self::ok(body)
        }
        .header(LOCATION, location)
    }

    /// 204: done, and there is nothing to say.
    pub fn no_content() -> Self
    where
        T: Default,
    {
        Self {
            status: NO_CONTENT,
            ..Self::ok(T::default())
        }
    }

    /// With the number of the event that this request caused, if it did: its sender can leave it out of a
    /// broadcast without a hole.
    #[must_use]
    pub fn event_seq(self, committed: impl Into<Option<Committed>>) -> Self {
        match committed.into() {
            Some(committed) => self.header(EVENT_SEQ, committed.seq.to_string()),
            None => self,
        }
    }

    /// Whether the request has changed something.
    pub(crate) fn caused_an_event(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == EVENT_SEQ)
    }

    /// With the version of the resource that it shows, from which its `ETag` is made: what has been read once is
    /// answered by 304 for as long as it stays as it is.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The same, as it is kept for a request that may come again.
    pub(crate) fn recorded(&self) -> Result<RecordedAnswer>
    where
        T: Serialize,
    {
        let location = self.headers.iter().find(|(name, _)| *name == LOCATION);
        Ok(RecordedAnswer {
            status: self.status,
            body: serde_json::to_string(&self.body).map_err(Error::internal)?,
            location: location.map(|(_, value)| value.clone()),
            version: self.version,
            event_seq: 0,
        })
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Reply<Box<RawValue>> {
    /// What a request was answered before.
    ///
    /// # Errors
    /// 500 if it can't be read.
    pub(crate) fn replayed(answer: RecordedAnswer) -> Result<Self> {
        let body = RawValue::from_string(answer.body).map_err(Error::internal)?;
        let mut reply = Self {
            status: answer.status,
            version: answer.version,
            ..Self::ok(body)
        }
        .header(EVENT_SEQ, answer.event_seq.to_string())
        .header("idempotency-replayed", "true");
        reply
            .headers
            .extend(answer.location.map(|location| (LOCATION, location)));
        Ok(reply)
    }
}

impl<T: Serialize> Reply<T> {
    /// The same, with its body as JSON.
    ///
    /// # Errors
    /// 500 if it has none.
    pub(crate) fn rendered(self) -> Result<Reply<Box<RawValue>>> {
        Ok(Reply {
            status: self.status,
            body: to_raw_value(&self.body).map_err(Error::internal)?,
            headers: self.headers,
            version: self.version,
            seen_as: self.seen_as,
        })
    }
}

impl<T> From<T> for Data<T> {
    fn from(data: T) -> Self {
        Self { data }
    }
}
