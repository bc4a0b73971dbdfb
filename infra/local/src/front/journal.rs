//! What was called, by whom, and what it cost.

use std::{
    collections::{HashMap, VecDeque},
    ops::AddAssign,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use tokio_util::sync::CancellationToken;

use super::request::Service;

/// How many calls are remembered; the oldest go first.
const REMEMBERED: usize = 20_000;

/// A call that an AWS client made.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// The root of its trace, which is the invocation's; none where the client named none.
    pub trace: Option<String>,
    /// The function whose invocation made it, while that ran; none for any other client.
    pub function: Option<String>,
    /// The service called.
    pub service: Service,
    /// The API's name of the operation.
    pub operation: String,
    /// The table that it names, if it names one and not several.
    pub table: Option<String>,
    /// When the call arrived.
    pub started: Instant,
    /// When its answer was ready.
    pub ended: Instant,
    /// The length of its body as declared, in bytes.
    pub request_bytes: u64,
    /// What it consumed.
    pub units: Units,
    /// The HTTP status of its answer; none where none was given.
    pub status: Option<u16>,
}

/// Consumed capacity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Units {
    /// DynamoDB's read units.
    pub read: f64,
    /// DynamoDB's write units.
    pub write: f64,
    /// What a vector search read, in bytes: billed on its own.
    pub search_bytes: f64,
}

impl AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.write += other.write;
        self.search_bytes += other.search_bytes;
    }
}

/// How many invocations are remembered that have ended.
const ENDED: usize = 256;

/// The calls made and the invocations that make them. Clones share one journal.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    calls: VecDeque<CallRecord>,
    invocations: HashMap<String, Arc<Invocation>>,
    /// The traces of those that ended last.
    ended: VecDeque<String>,
}

/// A function at work, as the front knows it.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) function: String,
    calls: AtomicU32,
    death: CancellationToken,
}

impl Invocation {
    /// Counts a call; the first is 1.
    pub(crate) fn count_call(&self) -> u32 {
        self.calls.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Kills it, wherever it stands.
    pub(crate) fn die(&self) {
        self.death.cancel();
    }

    /// Returns once it has been killed.
    pub(crate) async fn died(&self) {
        self.death.cancelled().await;
    }
}

/// An entry of the invocations under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Entry {
    journal: Journal,
    trace: String,
    pub(crate) invocation: Arc<Invocation>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut pages = self.journal.pages();
        pages.invocations.remove(&self.trace);
        if pages.ended.len() == ENDED {
            pages.ended.pop_front();
        }
        pages.ended.push_back(std::mem::take(&mut self.trace));
    }
}

impl Journal {
    /// Whether a call comes from an invocation that has ended: it was on its way when its function was cut off,
    /// and there is nobody to answer.
    pub(crate) fn is_late(&self, trace: &str) -> bool {
        self.pages().ended.iter().any(|ended| ended == trace)
    }

    /// The calls remembered, in the order in which they were answered.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.pages().calls.iter().cloned().collect()
    }

    /// The calls of one trace.
    pub fn calls_of(&self, trace: &str) -> Vec<CallRecord> {
        self.pages()
            .calls
            .iter()
            .filter(|call| call.trace.as_deref() == Some(trace))
            .cloned()
            .collect()
    }

    /// The calls that invocations of one function have made, which are forgotten.
    pub fn take_calls_of(&self, function: &str) -> Vec<CallRecord> {
        let mut pages = self.pages();
        let calls = std::mem::take(&mut pages.calls);
        let (own, others) = calls
            .into_iter()
            .partition::<VecDeque<_>, _>(|call| call.function.as_deref() == Some(function));
        pages.calls = others;
        own.into()
    }

    /// Forgets the calls made so far.
    pub fn clear(&self) {
        self.pages().calls.clear();
    }

    pub(crate) fn record(&self, call: CallRecord) {
        let mut pages = self.pages();
        if pages.calls.len() == REMEMBERED {
            pages.calls.pop_front();
        }
        pages.calls.push_back(call);
    }

    /// Notes that `function` works under `trace` until the entry is dropped.
    pub(crate) fn enter(&self, trace: &str, function: &str) -> Entry {
        let invocation = Arc::new(Invocation {
            function: function.to_owned(),
            calls: AtomicU32::new(0),
            death: CancellationToken::new(),
        });
        self.pages()
            .invocations
            .insert(trace.to_owned(), Arc::clone(&invocation));
        Entry {
            journal: self.clone(),
            trace: trace.to_owned(),
            invocation,
        }
    }

    pub(crate) fn invocation(&self, trace: &str) -> Option<Arc<Invocation>> {
        self.pages().invocations.get(trace).cloned()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
