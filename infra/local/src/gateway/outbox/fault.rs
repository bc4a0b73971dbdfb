//! Scripted answers, and a record of what was asked: for tests of whoever sends mail.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// What happens to a post instead of, or before, its usual answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429 with this many seconds in `Retry-After`; nothing is stored.
    TooManyRequests {
        /// Seconds.
        retry_after: u32,
    },
    /// 500; nothing is stored.
    ServerError,
    /// 409 `concurrent_idempotent_requests`; nothing is stored.
    ConcurrentRequest,
    /// 422 `validation_error`; nothing is stored.
    Refused,
    /// The usual answer, this much later in real time; the key is in use meanwhile.
    Delay(Duration),
    /// The mail is stored, the answer is a 500.
    AcceptThenFail,
    /// The mail is stored, the answer comes this much later in real time: choose it above the
    /// sender's timeout.
    AcceptThenHang(Duration),
}

/// What was seen of posts since the start or the last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Record {
    /// Posts that came in, whatever their answer.
    pub posts: usize,
    /// Posts without an answer yet.
    pub in_flight: usize,
    /// The most posts that were in flight at the same time.
    pub peak: usize,
}

/// The faults to come and the record.
#[derive(Clone, Default)]
pub(super) struct Script {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    record: Record,
}

/// A post that is being answered.
pub(super) struct Post {
    script: Script,
    pub(super) fault: Option<Fault>,
}

impl Script {
    pub(super) fn add(&self, fault: Fault, times: usize) {
        self.lock().faults.extend(std::iter::repeat_n(fault, times));
    }

    pub(super) fn clear(&self) {
        self.lock().faults.clear();
    }

    pub(super) fn record(&self) -> Record {
        self.lock().record
    }

    pub(super) fn reset_record(&self) {
        let mut state = self.lock();
        let in_flight = state.record.in_flight;
        state.record = Record {
            posts: 0,
            in_flight,
            peak: in_flight,
        };
    }

    /// Counts a post in and takes the fault that it is due.
    pub(super) fn begin(&self) -> Post {
        let mut state = self.lock();
        let record = &mut state.record;
        record.posts += 1;
        record.in_flight += 1;
        record.peak = record.peak.max(record.in_flight);
        Post {
            fault: state.faults.pop_front(),
            script: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.script.lock().record.in_flight -= 1;
    }
}
