//! Queues: what the log asks for is handed on, and what can't be done now is put off or given up.

mod due;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::future::try_join_all;
use serde::Serialize;

use super::dynamo::{Dynamo, Item, from_item, key_item, text};
use super::guard;
use super::request::client;
use crate::error::{Error, Result};
use crate::keys::{self, Key, SHARDS, Table};
use crate::model::Millis;
use crate::model::audit::{AuditEntry, RecordAudit};
use crate::model::log::{Envelope, Job, JobQueue, LogEntry};
use crate::model::realtime::Broadcast;

/// How many messages one call sends.
const BATCH: usize = 10;

/// How many notes of changes are read and removed at a time.
const NOTES: i32 = 25;

/// A sweep begins nothing more when it has less time than this left.
const SWEEP_RESERVE: Duration = Duration::from_secs(5);

/// How long putting a message off may take: less than what is kept back to answer.
const PUTTING_OFF: Duration = Duration::from_millis(400);

/// A message can be put off for less than 12 hours.
const LONGEST_DELAY: Duration = Duration::from_secs(43_000);

/// A message can be sent to be delivered up to so much later.
const LONGEST_WAIT: Duration = Duration::from_secs(900);

/// The queues of jobs, and the notes of changes that have not reached them.
#[derive(Clone, Debug)]
pub struct Queue {
    dynamo: Dynamo,
    client: Arc<OnceLock<Client>>,
}

struct Outgoing {
    queue: JobQueue,
    body: String,
    order: Option<Order>,
}

struct Order {
    group: String,
    deduplication: String,
}

impl Queue {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self {
            dynamo,
            client: Arc::default(),
        }
    }

    /// Hands on what follows from `entries`, then removes their notes. Realtime events keep the order of
    /// the entries; all else goes side by side. It can be repeated: consumers are idempotent.
    pub async fn relay(&self, entries: &[LogEntry]) -> Result<()> {
        let (mut realtime, mut email) = (Vec::new(), Vec::new());
        let (mut embeddings, mut audit) = (Vec::new(), Vec::new());
        let mut erasures = Vec::new();
        let mut exports = Vec::new();
        for outgoing in entries.iter().map(outgoing).collect::<Result<Vec<_>>>()? {
            for message in outgoing {
                match message.queue {
                    JobQueue::Realtime => realtime.push(message),
                    JobQueue::Email => email.push(message),
                    JobQueue::Embeddings => embeddings.push(message),
                    JobQueue::Audit => audit.push(message),
                    JobQueue::Erasures => erasures.push(message),
                    JobQueue::Exports => exports.push(message),
                }
            }
        }
        futures::try_join!(
            self.send_in_order(realtime),
            self.send_all(email),
            self.send_all(embeddings),
            self.send_all(audit),
            self.send_all(erasures),
            self.send_all(exports),
        )?;
        self.remove_notes(entries).await
    }

    /// Relays the events whose change was noted before `before` and never relayed; returns how many. One that
    /// can't be relayed is logged and holds up no other.
    pub async fn sweep(&self, before: Millis) -> Result<usize> {
        let mut relayed = 0;
        for shard in 0..SHARDS {
            relayed += self.sweep_shard(shard, before).await?;
        }
        Ok(relayed)
    }

    /// Puts a message off: it is delivered again once `delay` has passed.
    pub(crate) async fn delay(
        &self,
        queue: JobQueue,
        receipt: &str,
        delay: Duration,
    ) -> Result<()> {
        let delay = delay.min(LONGEST_DELAY);
        // The handler may have used up all of its time.
        let last_minute = TimeoutConfig::builder()
            .operation_timeout(PUTTING_OFF)
            .build();
        self.client()
            .change_message_visibility()
            .queue_url(self.url(queue)?)
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .customize()
            .config_override(aws_sdk_sqs::Config::builder().timeout_config(last_minute))
            .send()
            .await?;
        Ok(())
    }

    /// Whether a queue answers; one call.
    pub(crate) async fn answers(&self, queue: JobQueue) -> Result<()> {
        self.client()
            .get_queue_attributes()
            .queue_url(self.url(queue)?)
            .send()
            .await?;
        Ok(())
    }

    /// Hands on a job that follows from no change.
    pub async fn submit<J: Job>(&self, job: &Envelope<J>) -> Result<()> {
        self.submit_later(job, Duration::ZERO).await
    }

    /// The same, for when `delay` has passed, or the 15 minutes that a queue can be asked to wait.
    pub async fn submit_later<J: Job>(&self, job: &Envelope<J>, delay: Duration) -> Result<()> {
        let delay = delay.min(LONGEST_WAIT);
        let wait = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        self.client()
            .send_message()
            .queue_url(self.url(J::QUEUE)?)
            .set_delay_seconds(i32::try_from(wait).ok().filter(|wait| *wait > 0))
            .message_body(serde_json::to_string(job).map_err(Error::internal)?)
            .send()
            .await?;
        Ok(())
    }

    /// Gives a job up: it waits among the dead letters for a person to look at it.
    pub async fn give_up<J: Serialize>(&self, job: &Envelope<J>, reason: &str) -> Result<()> {
        tracing::error!(job = job.id, reason, "given up");
        self.client()
            .send_message()
            .queue_url(self.dynamo.request().variable("EMAIL_DLQ_URL")?)
            .message_body(serde_json::to_string(job).map_err(Error::internal)?)
            .send()
            .await?;
        Ok(())
    }

    async fn send_all(&self, messages: Vec<Outgoing>) -> Result<()> {
        let batches = messages.chunks(BATCH).map(|batch| self.send(batch));
        try_join_all(batches).await.map(|_| ())
    }

    async fn send_in_order(&self, messages: Vec<Outgoing>) -> Result<()> {
        for batch in messages.chunks(BATCH) {
            self.send(batch).await?;
        }
        Ok(())
    }

    async fn send(&self, batch: &[Outgoing]) -> Result<()> {
        let Some(first) = batch.first() else {
            return Ok(());
        };
        let entries = batch
            .iter()
            .enumerate()
            .map(|(index, message)| {
                SendMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .message_body(&message.body)
                    .set_message_group_id(message.order.as_ref().map(|order| order.group.clone()))
                    .set_message_deduplication_id(
                        message
                            .order
                            .as_ref()
                            .map(|order| order.deduplication.clone()),
                    )
                    .build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::internal)?;
        let answer = self
            .client()
            .send_message_batch()
            .queue_url(self.url(first.queue)?)
            .set_entries(Some(entries))
            .send()
            .await?;
        match answer.failed.first() {
            None => Ok(()),
            Some(failed) => Err(Error::unavailable(format!(
                "SQS refused {} of {} messages: {}",
                answer.failed.len(),
                batch.len(),
                failed.code
            ))),
        }
    }

    async fn remove_notes(&self, entries: &[LogEntry]) -> Result<()> {
        for chunk in entries.chunks(super::dynamo::BATCH_WRITE) {
            let notes = chunk
                .iter()
                .map(|entry| {
                    let (pk, sk) = keys::change_note(entry);
                    key_item(&pk, &sk)
                })
                .collect();
            self.dynamo.delete_items(Table::Ephemeral, notes).await?;
        }
        Ok(())
    }

    async fn sweep_shard(&self, shard: u8, before: Millis) -> Result<usize> {
        let mut pages = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .key_condition_expression("pk = :pk AND sk < :before")
            .expression_attribute_values(":pk", S(keys::change_notes(shard)))
            .expression_attribute_values(":before", S(keys::change_notes_until(before)))
            .consistent_read(true)
            .limit(NOTES)
            .into_paginator()
            .send();
        let mut relayed = 0;
        while self.dynamo.request().remaining() > SWEEP_RESERVE
            && let Some(page) = pages.next().await
        {
            relayed += self.sweep_notes(page?.items()).await?;
        }
        Ok(relayed)
    }

    async fn sweep_notes(&self, notes: &[Item]) -> Result<usize> {
        let keys: Vec<_> = notes
            .iter()
            .filter_map(|note| keys::noted_event(text(note, "sk")))
            .collect();
        let items = keys.iter().map(Key::item).collect();
        let items = self.dynamo.get_items(Table::Data, items).await?;
        self.remove_orphans(notes, &items).await?;
        let mut entries: Vec<LogEntry> = items
            .into_iter()
            .filter_map(|item| {
                let entry = from_item(item);
                entry
                    .inspect_err(|error| tracing::error!(%error, "no event"))
                    .ok()
            })
            .collect();
        // They come in no order.
        entries.sort_by_key(|entry| (entry.at, entry.seq));
        if self.relay(&entries).await.is_ok() {
            return Ok(entries.len());
        }
        let mut relayed = 0;
        for entry in &entries {
            match self.relay(std::slice::from_ref(entry)).await {
                Ok(()) => relayed += 1,
                Err(error) => {
                    tracing::error!(room = entry.room, seq = entry.seq, %error, "not relayed");
                }
            }
        }
        Ok(relayed)
    }

    /// Removes notes whose events have been erased: there is nobody left to tell.
    async fn remove_orphans(&self, notes: &[Item], events: &[Item]) -> Result<()> {
        let stands = |key: &Key<LogEntry>| {
            let is_it = |item: &Item| text(item, "pk") == key.pk() && text(item, "sk") == key.sk();
            events.iter().any(is_it)
        };
        let orphan =
            |note: &&Item| keys::noted_event(text(note, "sk")).is_some_and(|event| !stands(&event));
        let orphans = notes.iter().filter(orphan);
        let orphans = orphans.map(|note| key_item(text(note, "pk"), text(note, "sk")));
        let orphans: Vec<_> = orphans.collect();
        if orphans.is_empty() {
            return Ok(());
        }
        self.dynamo.delete_items(Table::Ephemeral, orphans).await
    }

    fn url(&self, queue: JobQueue) -> Result<&str> {
        self.dynamo.request().variable(match queue {
            JobQueue::Email => "EMAIL_QUEUE_URL",
            JobQueue::Embeddings => "EMBEDDINGS_QUEUE_URL",
            JobQueue::Realtime => "REALTIME_QUEUE_URL",
            JobQueue::Audit => "AUDIT_QUEUE_URL",
            JobQueue::Erasures => "ERASURES_QUEUE_URL",
            JobQueue::Exports => "EXPORTS_QUEUE_URL",
        })
    }

    fn client(&self) -> &Client {
        self.client
            .get_or_init(|| client!(aws_sdk_sqs, self.dynamo.request(), guard::messages::look))
    }
}

/// The messages that an event stands for: one to its room, one to the audit log, and one for each job.
fn outgoing(entry: &LogEntry) -> Result<Vec<Outgoing>> {
    let LogEntry {
        tenant_id,
        room,
        seq,
        ..
    } = entry;
    let broadcast = Envelope {
        id: format!("{tenant_id}/{room}/{seq}"),
        kind: Broadcast::TYPE.to_owned(),
        version: Broadcast::VERSION,
        tenant_id: *tenant_id,
        payload: Broadcast::try_from(entry)?,
    };
    let in_room = |deduplication| Order {
        group: format!("{tenant_id}/{room}"),
        deduplication,
    };
    let to_room = Outgoing {
        queue: Broadcast::QUEUE,
        body: serde_json::to_string(&broadcast).map_err(Error::internal)?,
        order: Some(in_room(broadcast.id.clone())),
    };
    let mut recorded = RecordAudit::job(broadcast.id.clone(), *tenant_id, AuditEntry::from(entry));
    recorded.payload.counts = entry.counts;
    let to_audit = Outgoing {
        queue: RecordAudit::QUEUE,
        body: serde_json::to_string(&recorded).map_err(Error::internal)?,
        order: None,
    };
    let jobs = entry.jobs.iter().enumerate().map(|(index, job)| Outgoing {
        queue: job.queue,
        body: job.body.clone(),
        order: (job.queue == JobQueue::Realtime)
            .then(|| in_room(format!("{}/{index}", broadcast.id))),
    });
    Ok([to_room, to_audit].into_iter().chain(jobs).collect())
}
