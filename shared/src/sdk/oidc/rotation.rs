//! A provider's keys, as they come and go: kept for a while, fetched again when a token names one that is not
//! there, and never more often than is decent, whoever asks for what.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::Header;

use super::keys::KeySet;
use crate::model::Millis;
use crate::sdk::clock::{Clock, millis};

/// How long keys are used without looking for others. A key that a provider takes back is trusted for no
/// longer than one of our own access tokens.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// How long keys are used that can't be fetched again: a provider may be down for a day.
const USABLE: Duration = Duration::from_secs(24 * 3600);

/// How far two fetches are apart at least.
const INTERVAL: Duration = Duration::from_secs(30);

/// The same as long as there are no keys, and nobody can be let in.
const INTERVAL_WITHOUT_KEYS: Duration = Duration::from_secs(1);

/// The keys, and when they were looked for.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    state: Mutex<State>,
    /// Whoever holds it fetches, for all who wait.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default, Clone)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched_at: Millis,
    tried_at: Option<Millis>,
    /// Why the last fetch brought nothing.
    failure: Option<String>,
}

impl Rotation {
    /// Keys, the one of a token with this header among them if the provider has it.
    ///
    /// # Errors
    /// If there are none, or the one is not among them and whether the provider has it could not be found out.
    pub(super) async fn with<F>(
        &self,
        header: &Header,
        clock: &Clock,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<KeySet>, String>
    where
        F: Future<Output = Result<KeySet, String>>,
    {
        let state = self.now();
        if let Some(keys) = state.fresh(header, clock.now()) {
            return Ok(keys);
        }
        let _turn = match (self.turn.try_lock(), state.usable(header, clock.now())) {
            (Ok(turn), _) => turn,
            // Another fetches, and these will do meanwhile.
            (Err(_), Some(keys)) => return Ok(keys),
            (Err(_), None) => self.turn.lock().await,
        };
        let (state, now) = (self.now(), clock.now());
        if let Some(keys) = state.fresh(header, now) {
            return Ok(keys);
        }
        if state.may_fetch(now) {
            self.note_try(now);
            let fetched = fetch().await;
            self.note(fetched, now);
        }
        self.now().conclude(header, clock.now())
    }

    /// Whoever dies on the way has failed.
    fn note_try(&self, now: Millis) {
        let mut state = self.state();
        state.tried_at = Some(now);
        state.failure = Some("a fetch of the provider's keys was broken off".to_owned());
    }

    fn note(&self, fetched: Result<KeySet, String>, now: Millis) {
        let mut state = self.state();
        match fetched {
            Ok(keys) => {
                state.keys = Some(Arc::new(keys));
                state.fetched_at = now;
                state.failure = None;
            }
            Err(cause) => {
                tracing::warn!(cause, "the identity provider's keys could not be fetched");
                state.failure = Some(cause);
            }
        }
    }

    fn now(&self) -> State {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The keys, if they are fresh and have the one.
    fn fresh(&self, header: &Header, now: Millis) -> Option<Arc<KeySet>> {
        self.kept_for(FRESH, now)
            .filter(|keys| keys.find(header).is_some())
    }

    /// The keys, if they have the one and may still be used.
    fn usable(&self, header: &Header, now: Millis) -> Option<Arc<KeySet>> {
        self.kept_for(USABLE, now)
            .filter(|keys| keys.find(header).is_some())
    }

    fn kept_for(&self, lifetime: Duration, now: Millis) -> Option<Arc<KeySet>> {
        let kept = now - self.fetched_at < millis(lifetime);
        self.keys.clone().filter(|_| kept)
    }

    fn may_fetch(&self, now: Millis) -> bool {
        let interval = match self.kept_for(USABLE, now) {
            Some(_) => INTERVAL,
            None => INTERVAL_WITHOUT_KEYS,
        };
        self.tried_at
            .is_none_or(|tried_at| now - tried_at >= millis(interval))
    }

    /// What there is, after all that could be done.
    fn conclude(self, header: &Header, now: Millis) -> Result<Arc<KeySet>, String> {
        let unavailable = || "there are no keys of the identity provider".to_owned();
        let keys = self.kept_for(USABLE, now);
        match (keys, self.failure) {
            (Some(keys), None) => Ok(keys),
            (Some(keys), Some(_)) if keys.find(header).is_some() => Ok(keys),
            (_, failure) => Err(failure.unwrap_or_else(unavailable)),
        }
    }
}
