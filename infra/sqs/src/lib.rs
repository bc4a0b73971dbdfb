//! An embeddable, durable SQS: standard and FIFO queues in one file of `SQLite`.
//!
//! [`Sqs::handle`] answers the service's JSON protocol, so that any SDK works against it; the other
//! methods are for callers in the same process. What a call has acknowledged is committed: it
//! survives the death of the process. All time is read from the clock given to [`Sqs::open`].

mod attribute;
mod digest;
mod error;
mod message;
mod protocol;
mod settings;
mod store;
mod work;

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

pub use attribute::{MessageAttribute, MessageAttributes};
pub use error::{Code, OpenError, SqsError};
pub use message::{Counts, Message, NewMessage, Sent};
pub use settings::{QueueSettings, Redrive};

use store::Store;
use work::Work;

/// Says what time it is, in epoch milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the queues call themselves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What queue URLs begin with: `http://127.0.0.1:3001`. Requests may name a queue by any URL that
    /// ends with its name, so this may change from one run to the next.
    pub base_url: String,
    /// Stands in URLs and ARNs: twelve digits.
    pub account: String,
    /// Stands in ARNs.
    pub region: String,
}

impl Options {
    /// The account `000000000000` in `us-east-1`.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            account: "000000000000".into(),
            region: "us-east-1".into(),
        }
    }

    fn url(&self, queue: &str) -> String {
        let base = self.base_url.trim_end_matches('/');
        format!("{base}/{}/{queue}", self.account)
    }

    fn arn(&self, queue: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{queue}", self.region, self.account)
    }
}

/// The queues of one file. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Sqs {
    store: Arc<Mutex<Store>>,
    options: Options,
    clock: Clock,
}

impl Sqs {
    /// Opens the queues in `file`, or makes it. One process at a time may have it open.
    pub fn open(file: &Path, clock: Clock, options: Options) -> Result<Self, OpenError> {
        let store = Store::open(file, options.clone())?;
        Ok(Self {
            store: Arc::new(Mutex::new(store)),
            options,
            clock,
        })
    }

    /// Answers a request of the service's JSON protocol: `action` is what follows the dot in
    /// `X-Amz-Target`. Waits only in a `ReceiveMessage` that polls long.
    ///
    /// A failure becomes a reply of [`SqsError::status`], with [`SqsError::body`] and the header
    /// `x-amzn-query-error: ` [`SqsError::query_error`]; both kinds have the content type
    /// `application/x-amz-json-1.0`.
    pub async fn handle(&self, action: &str, body: &Value) -> Result<Value, SqsError> {
        protocol::handle(self, action, body).await
    }

    /// Makes a queue, or gives an existing one these settings. Returns its URL. The dead-letter
    /// queue may be made later.
    pub fn create_queue(&self, settings: &QueueSettings) -> Result<String, SqsError> {
        self.store().put_queue(settings, self.now())?;
        Ok(self.queue_url(&settings.name))
    }

    /// Removes a queue with its messages.
    pub fn delete_queue(&self, queue: &str) -> Result<(), SqsError> {
        self.store().remove_queue(queue, self.now())
    }

    /// The settings of all queues, by name.
    pub fn queues(&self) -> Vec<QueueSettings> {
        let store = self.store();
        let queues = store.queues().values();
        queues.map(|queue| queue.settings.clone()).collect()
    }

    /// The URL of the queue of that name, whether it exists or not.
    pub fn queue_url(&self, queue: &str) -> String {
        self.options.url(queue)
    }

    /// The ARN of the queue of that name, whether it exists or not.
    pub fn queue_arn(&self, queue: &str) -> String {
        self.options.arn(queue)
    }

    /// Sends a message. A duplicate within 5 minutes, in a FIFO queue, changes nothing and gets the
    /// first one's answer.
    pub fn send(&self, queue: &str, message: &NewMessage) -> Result<Sent, SqsError> {
        self.work(queue, |work| work.send(message))
    }

    /// Takes up to `max` messages that are there now, and hides them for `visibility` (at most 12
    /// hours; the queue's own timeout if `None`). Any `max` will do: the limit of ten is the protocol's.
    pub fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<Message>, SqsError> {
        self.work(queue, |work| work.receive(max, visibility))
    }

    /// Deletes a received message. If it was received again since, a standard queue keeps it and
    /// says nothing; a FIFO queue refuses any receipt whose visibility timeout has ended.
    pub fn delete(&self, queue: &str, receipt: &str) -> Result<(), SqsError> {
        self.work(queue, |work| work.delete(receipt))
    }

    /// Hides a message in flight for `visibility` from now on; zero gives it back at once. At most
    /// 12 hours from when it was received.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt: &str,
        visibility: Duration,
    ) -> Result<(), SqsError> {
        self.work(queue, |work| work.change_visibility(receipt, visibility))
    }

    /// How many messages the queue holds. Exact; takes time in proportion.
    pub fn counts(&self, queue: &str) -> Result<Counts, SqsError> {
        self.work(queue, |work| work.counts())
    }

    /// Gives back what receivers had in flight that no longer exist, such as those of a process that was
    /// killed: what is hidden for the queue's own timeout can be received at once. What a receiver put off
    /// by changing its visibility keeps its time.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's own path is not general enough over its lifetime"
    )]
    pub fn release(&self, queue: &str) -> Result<(), SqsError> {
        self.work(queue, |work| work.release())
    }

    /// Deletes all messages of the queue, at once.
    pub fn purge(&self, queue: &str) -> Result<(), SqsError> {
        self.work(queue, |work| work.purge())
    }

    /// Waits until a message can be received. Another receiver may be faster, and a message that
    /// came too often goes to the dead-letter queue: the receive after it may still be empty.
    pub async fn wait_for_message(&self, queue: &str) -> Result<(), SqsError> {
        self.wait(queue, i64::MAX).await.map(drop)
    }

    /// Has all who wait read the clock again. To be called after the clock was moved.
    pub fn wake(&self) {
        for queue in self.store().queues().values() {
            queue.arrival.notify_waiters();
        }
    }

    /// Waits for a message until the clock reads `deadline`. Whether there is one.
    async fn wait(&self, queue: &str, deadline: i64) -> Result<bool, SqsError> {
        let arrival = self.store().queue(queue)?.arrival.clone();
        loop {
            // Listens before it looks: what arrives in between is heard.
            let mut arrived = pin!(arrival.notified());
            arrived.as_mut().enable();

            let ready_at = self.work(queue, |work| work.next_ready_at())?;
            let now = self.now();
            if ready_at.is_some_and(|at| at <= now) {
                return Ok(true);
            }
            if deadline <= now {
                return Ok(false);
            }
            let until = ready_at.unwrap_or(i64::MAX).min(deadline);
            let pause = Duration::from_millis(until.abs_diff(now));
            // A clock that stands still is looked at again when as much real time has passed.
            tokio::time::timeout(pause, arrived).await.ok();
        }
    }

    fn work<T>(
        &self,
        queue: &str,
        work: impl FnOnce(&mut Work) -> Result<T, SqsError>,
    ) -> Result<T, SqsError> {
        let mut store = self.store();
        let now = self.now();
        store.work(queue, now, work)
    }

    /// The lock is held for single short transactions only, never over a wait.
    fn store(&self) -> MutexGuard<'_, Store> {
        // A panic under the lock has rolled its transaction back.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }
}
