//! Requests that have their effect once, however often they are sent: `Idempotency-Key`.
//!
//! What a request changes and what it is answered are stored in one transaction, so there is neither without the other.
//! Whoever sends it again, because the answer got lost, is given that answer. The header is that of the draft
//! <https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header>.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::caller::Credential;
use crate::keys::{Key, digest};
use crate::model::Millis;
use crate::model::id::UserId;
use crate::model::idempotency::{IdempotencyRecord, RecordedAnswer};
use crate::tenant::Tenant;

/// The header, as errors name it.
pub const HEADER: &str = "Idempotency-Key";

/// For how long an answer is kept.
pub const LIFETIME: Duration = Duration::from_hours(24);

/// The most characters that a key may have.
pub const LONGEST_KEY: usize = 255;

/// Who asks for something that is to have its effect once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requester {
    /// The tenant that they act in; none for a person, wherever they act.
    pub(crate) tenant: Option<Tenant>,
    /// Who.
    pub(crate) user_id: UserId,
    /// By what.
    pub(crate) credential: Credential,
}

/// A request that is to have its effect once.
#[derive(Debug, Clone)]
pub(crate) struct Idempotency {
    requester: Requester,
    /// A hash of whose request it is, what of, and what they call it.
    whose: String,
    key: Key<IdempotencyRecord>,
    /// A hash of what is asked for.
    request: String,
}

impl Idempotency {
    /// Of a request. `route` tells it from what the same client asks of others, and `content` from what it may ask of the
    /// same one.
    ///
    /// # Errors
    /// 400 for a key that is empty, too long, or not of visible ASCII characters.
    pub(crate) fn of(
        requester: Requester,
        route: &str,
        key: &str,
        content: &[&str],
    ) -> Result<Self> {
        let visible = key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if key.is_empty() || key.len() > LONGEST_KEY || !visible {
            return Err(Error::bad_request(format!(
                "{HEADER} must be 1 to {LONGEST_KEY} visible ASCII characters"
            )));
        }
        let whose = (requester.user_id, requester.credential, route, key);
        let whose = serde_json::to_string(&whose).map_err(Error::internal)?;
        let content = serde_json::to_string(content).map_err(Error::internal)?;
        Ok(Self::known(requester, digest(&whose), digest(&content)))
    }

    /// A part of it, which has its effect once by itself.
    pub(crate) fn part(&self, index: usize) -> Self {
        let whose = digest(&format!("{}/{index}", self.whose));
        Self::known(self.requester, whose, self.request.clone())
    }

    /// Whether a person has asked for it who need be in no tenant.
    pub(crate) const fn is_personal(&self) -> bool {
        self.requester.tenant.is_none()
    }

    pub(crate) fn key(&self) -> &Key<IdempotencyRecord> {
        &self.key
    }

    /// What is stored of it with its effect; no `answer` if that shows a secret.
    pub(crate) fn record(&self, answer: Option<RecordedAnswer>, now: Millis) -> IdempotencyRecord {
        let lifetime = Millis::try_from(LIFETIME.as_millis()).unwrap_or(Millis::MAX);
        let expires_at = now.saturating_add(lifetime);
        IdempotencyRecord {
            request: self.request.clone(),
            answer,
            in_parts: false,
            expires_at,
            ttl: expires_at / 1000,
        }
    }

    /// What is stored of it before it has its effect part by part, each with an answer of its own.
    pub(crate) fn begun(&self, now: Millis) -> IdempotencyRecord {
        IdempotencyRecord {
            in_parts: true,
            ..self.record(None, now)
        }
    }

    /// What it was answered when it had its effect; nothing if it has that part by part.
    ///
    /// # Errors
    /// 422 if that was another request; 409 if the answer showed a secret, and so was not kept.
    pub(crate) fn answer(&self, record: IdempotencyRecord) -> Result<Option<RecordedAnswer>> {
        if record.request != self.request {
            return Err(Self::of_another());
        }
        let secret = "This has been done. What it answered shows a secret, and is not kept";
        match record.answer {
            None if !record.in_parts => Err(Error::conflict(secret)),
            answer => Ok(answer),
        }
    }

    /// 422 for a key that was another request's.
    pub(crate) fn of_another() -> Error {
        let message = "This key was sent with another request: choose a new one for each";
        Error::invalid(HEADER, message)
    }

    /// A hash of what is asked for.
    pub(crate) fn request(&self) -> &str {
        &self.request
    }

    fn known(requester: Requester, whose: String, request: String) -> Self {
        let key = match requester.tenant {
            Some(tenant) => tenant.idempotency_record(&whose),
            None => Key::personal_idempotency_record(requester.user_id, &whose),
        };
        Self {
            requester,
            whose,
            key,
            request,
        }
    }
}
