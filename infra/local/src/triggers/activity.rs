//! What is under way, so that a test can tell when nothing is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
};

/// Counts the batches under way, and those ever begun. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicUsize,
    begun: AtomicU64,
}

impl Activity {
    /// Something is under way until the answer is dropped.
    pub(super) fn begin(&self) -> Busy {
        self.0.begun.fetch_add(1, SeqCst);
        self.0.under_way.fetch_add(1, SeqCst);
        Busy(self.0.clone())
    }

    pub(super) fn under_way(&self) -> usize {
        self.0.under_way.load(SeqCst)
    }

    /// Changes whenever something begins: two equal readings enclose a time in which nothing did.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(SeqCst)
    }
}

/// Held for as long as a batch is under way, from before it is taken until it is settled.
#[derive(Debug)]
pub(super) struct Busy(Arc<Counts>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, SeqCst);
    }
}
