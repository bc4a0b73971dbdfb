//! The notes of tasks that are due soon: handed on, and then removed.
//!
//! A job is sent before its note goes, so that none is lost; whoever dies in between, or comes late, sends it again, and
//! its consumer tells nobody twice. A note that was written anew since it was read stays, for the next sweep.

use aws_sdk_dynamodb::types::AttributeValue::S;
use futures::future::try_join_all;

use super::super::dynamo::{from_item, met, number};
use super::{NOTES, Outgoing, Queue, SWEEP_RESERVE};
use crate::error::{Error, Result};
use crate::keys::{self, Key, SHARDS, Table};
use crate::model::Millis;
use crate::model::due::{DueNote, TellDue};
use crate::model::log::Job;

impl Queue {
    /// Has everybody told whose tasks are due soon, by the notes whose time came before `now`, for as long as there is
    /// time; returns how many were handed on. What can't be is logged, stays, and holds up no other.
    pub async fn sweep_due(&self, now: Millis) -> Result<usize> {
        let mut sent = 0;
        for shard in 0..SHARDS {
            match self.sweep_due_shard(shard, now).await {
                Ok(handed_on) => sent += handed_on,
                Err(error) => tracing::warn!(%error, "what is due is left over"),
            }
        }
        Ok(sent)
    }

    async fn sweep_due_shard(&self, shard: u8, now: Millis) -> Result<usize> {
        let (pk, until) = keys::due_until(shard, now);
        let mut pages = self
            .dynamo
            .client()
            .query()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .key_condition_expression("pk = :pk AND sk < :until")
            .expression_attribute_values(":pk", S(pk))
            .expression_attribute_values(":until", S(until))
            .consistent_read(true)
            .limit(NOTES)
            .into_paginator()
            .send();
        let mut sent = 0;
        while self.dynamo.request().remaining() > SWEEP_RESERVE
            && let Some(page) = pages.next().await
        {
            let notes: Vec<DueNote> = page?
                .items
                .unwrap_or_default()
                .into_iter()
                .filter_map(|item| {
                    let note = from_item(item);
                    note.inspect_err(|error| tracing::error!(%error, "no note"))
                        .ok()
                })
                .collect();
            match self.hand_on(&notes).await {
                Ok(()) => sent += notes.len(),
                Err(error) => tracing::warn!(%error, "notes of what is due are left over"),
            }
        }
        Ok(sent)
    }

    async fn hand_on(&self, notes: &[DueNote]) -> Result<()> {
        let messages = notes.iter().map(|note| {
            Ok(Outgoing {
                queue: TellDue::QUEUE,
                body: serde_json::to_string(&note.job()).map_err(Error::internal)?,
                order: None,
            })
        });
        self.send_all(messages.collect::<Result<_>>()?).await?;
        let removed = notes.iter().map(|note| self.forget(note));
        try_join_all(removed).await.map(|_| ())
    }

    /// Removes a note, if it is still the one that was read.
    async fn forget(&self, note: &DueNote) -> Result<bool> {
        let outcome = self
            .dynamo
            .client()
            .delete_item()
            .table_name(self.dynamo.table(Table::Ephemeral)?)
            .set_key(Some(Key::due_note(note).item()))
            .condition_expression("#version = :version")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":version", number(&note.version))
            .send()
            .await;
        met(outcome)
    }
}
