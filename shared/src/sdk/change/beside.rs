//! Two changes in one transaction: of two projects, where something goes from one into the other.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::Serialize;

use super::super::dynamo::{cancellation, contended};
use super::Change;
use crate::error::Result;
use crate::reply::Reply;

impl Change {
    /// Commits, together with a change of another project of the same tenant: both or neither, and at the same time.
    /// The number that is returned is that of this one's event. Nothing if another change of either came first, or of what they
    /// rest on: then all of it has to be read and decided anew.
    ///
    /// # Errors
    /// As [`Self::commit`].
    pub(crate) async fn commit_beside<T: Serialize>(
        mut self,
        mut other: Self,
        reply: Reply<T>,
    ) -> Result<Option<Reply<T>>> {
        self.answers(&reply);
        let at = self.at().max(other.at());
        (self.at, other.at) = (Some(at), Some(at));
        for change in [&mut self, &mut other] {
            if let Some(failure) = change.failure.take() {
                return Err(failure);
            }
        }
        let own = self.parts(self.scope.next_seq(), at)?;
        let mut parts = other.effects(other.scope.next_seq(), at)?;
        // Both projects may be in the cached list of one creator, and a transaction writes a row once.
        parts.retain(|part| !own.iter().any(|own| is_of_the_same_row(own, part)));
        parts.extend(own);
        let transaction = self.dynamo.client().transact_write_items();
        let outcome = transaction.set_transact_items(Some(parts)).send().await;
        let Err(error) = outcome else {
            let seq = self.scope.next_seq();
            return Ok(Some(reply.event_seq(super::Committed { seq, at })));
        };
        if let Some(refusal) = self.refused(&error) {
            return Err(refusal);
        }
        let was_outrun = cancellation(&error).is_some_and(|reasons| {
            reasons
                .iter()
                .all(|reason| contended(reason) || reason.code() == Some("ConditionalCheckFailed"))
        });
        if was_outrun {
            Ok(None)
        } else {
            Err(error.into())
        }
    }
}

fn is_of_the_same_row(one: &TransactWriteItem, other: &TransactWriteItem) -> bool {
    let row = row(one);
    row.is_some() && row == self::row(other)
}

/// Table and key of what is put.
fn row(part: &TransactWriteItem) -> Option<(&str, &AttributeValue, &AttributeValue)> {
    let put = part.put()?;
    let item = put.item();
    Some((put.table_name(), item.get("pk")?, item.get("sk")?))
}
