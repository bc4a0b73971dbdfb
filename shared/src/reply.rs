//! What a handler answers.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::{Code, Error, Result};
use crate::etag::NEVER_CHANGED;
use crate::model::account::Permission;
use crate::model::idempotency::RecordedAnswer;
use crate::model::log::Committed;

const LOCATION: &str = "location";

const EVENT_SEQ: &str = "x-event-seq";

const REPLAYED: &str = "idempotency-replayed";

/// The status of an answer without a body.
pub(crate) const NO_CONTENT: u16 = 204;

/// A body, its status, and the headers that say more about it.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    pub(crate) status: u16,
    pub(crate) body: T,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Of a resource that has one: its version, and what whoever sees it may do there.
    pub(crate) version: Option<u64>,
    pub(crate) seen_as: Option<Permission>,
    /// What is served in place of the body.
    pub(crate) file: Option<File>,
}

/// What is the same for everybody, and is served as it is.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its media type.
    pub content_type: &'static str,
    /// What it holds.
    pub content: Content,
}

/// What a file holds: text in UTF-8.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// As it is.
    Plain(&'static str),
    /// Compressed by gzip.
    Gzipped(&'static [u8]),
}

/// The envelope of every resource: `{"data": …}`.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
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
            file: None,
        }
    }

    /// 200, with a file.
    pub fn file(file: File) -> Self
    where
        T: Default,
    {
        Self {
            file: Some(file),
            ..Self::ok(T::default())
        }
    }

    /// 503, though there is something to show.
    pub fn degraded(body: T) -> Self {
        Self {
            status: Code::Unavailable.status(),
            ..Self::ok(body)
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

    /// With where the resource is that was made.
    #[must_use]
    pub fn location(self, path: impl Into<String>) -> Self {
        self.header(LOCATION, path)
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
        self.told_seq().is_some()
    }

    /// The number of the event that it says.
    pub(crate) fn told_seq(&self) -> Option<&str> {
        self.told(EVENT_SEQ)
    }

    /// Whether it is what was answered before.
    pub(crate) fn is_replayed(&self) -> bool {
        self.told(REPLAYED).is_some()
    }

    /// As [`Self::event_seq`], of a number that has been told.
    pub(crate) fn seq(self, seq: String) -> Self {
        self.header(EVENT_SEQ, seq)
    }

    /// As what was answered before.
    pub(crate) fn again(self) -> Self {
        self.header(REPLAYED, "true")
    }

    fn told(&self, header: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let told = headers.find(|(name, _)| *name == header);
        told.map(|(_, value)| value.as_str())
    }

    /// With the version of the resource that it shows, from which its `ETag` is made: what has been read once is
    /// answered by 304 for as long as it stays as it is.
    #[must_use]
    pub fn version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The same of what no request changes: what is shown of it tells whether it is as it was.
    #[must_use]
    pub fn tagged(self) -> Self {
        self.version(NEVER_CHANGED)
    }

    /// For this once: nobody may keep it, and it is not known again.
    #[must_use]
    pub fn not_kept(self) -> Self {
        self.header("cache-control", "no-store")
    }

    /// To somebody who may do so much with what is shown, unless that has been said.
    pub(crate) fn seen_as(mut self, permission: Option<Permission>) -> Self {
        self.seen_as = self.seen_as.or(permission);
        self
    }

    /// The same, as it is kept for a request that may come again.
    pub(crate) fn recorded(&self, seen_as: Option<Permission>) -> Result<RecordedAnswer>
    where
        T: Serialize,
    {
        let location = self.told(LOCATION).map(str::to_owned);
        Ok(RecordedAnswer {
            status: self.status,
            body: serde_json::to_string(&self.body).map_err(Error::internal)?,
            location,
            version: self.version,
            seen_as,
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
            seen_as: answer.seen_as,
            ..Self::ok(body)
        }
        .again();
        if answer.event_seq > 0 {
            reply = reply.seq(answer.event_seq.to_string());
        }
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
            file: self.file,
        })
    }
}

impl<T> From<T> for Data<T> {
    fn from(data: T) -> Self {
        Self { data }
    }
}
