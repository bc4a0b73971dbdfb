//! What a handler answers.

use serde::Serialize;

use crate::model::log::Committed;

/// The status of an answer without a body.
pub(crate) const NO_CONTENT: u16 = 204;

/// A body, its status, and the headers that say more about it.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    pub(crate) status: u16,
    pub(crate) body: T,
    pub(crate) headers: Vec<(&'static str, String)>,
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
        }
    }

    /// 201.
    pub fn created(body: T) -> Self {
        Self {
            status: 201,
            ..Self::ok(body)
        }
    }

    /// 202: it will be done.
    pub fn accepted(body: T) -> Self {
        Self {
            status: 202,
            ..Self::ok(body)
        }
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
            Some(committed) => self.header("x-event-seq", committed.seq.to_string()),
            None => self,
        }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl<T> From<T> for Data<T> {
    fn from(data: T) -> Self {
        Self { data }
    }
}
