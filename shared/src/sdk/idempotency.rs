//! What is kept of requests that may come again: written with their effect, in the same transaction.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::dynamo::{Dynamo, number, to_item};
use crate::error::{Error, Result};
use crate::idempotency::Idempotency;
use crate::keys::Stored;
use crate::model::idempotency::RecordedAnswer;

/// Requests that have had their effect.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    dynamo: Dynamo,
}

impl Answers {
    pub(crate) fn new(dynamo: Dynamo) -> Self {
        Self { dynamo }
    }

    /// What a request was answered when it had its effect, if it has had it; one read.
    ///
    /// # Errors
    /// 422 if its key was another request's; 409 if its answer is not kept.
    pub(crate) async fn of(&self, idempotency: &Idempotency) -> Result<Option<RecordedAnswer>> {
        let now = self.dynamo.request().clock().now();
        let record = self.dynamo.get(idempotency.key().clone()).await?;
        let record = record.filter(|record| record.expires_at > now);
        record
            .map(|record| idempotency.answer(Stored::into_inner(record)))
            .transpose()
    }
}

/// The part of a transaction that keeps what its request is answered: whoever sends it at the same time loses.
/// A record that has expired may still be there.
pub(super) fn recording(
    dynamo: &Dynamo,
    idempotency: &Idempotency,
    answer: Option<RecordedAnswer>,
) -> Result<TransactWriteItem> {
    let now = dynamo.request().clock().now();
    let key = idempotency.key();
    let put = Put::builder()
        .table_name(dynamo.table(key.table())?)
        .set_item(Some(to_item(key, &idempotency.record(answer, now))?))
        .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
        .expression_attribute_values(":now", number(&now))
        .build()
        .map_err(Error::internal)?;
    Ok(TransactWriteItem::builder().put(put).build())
}
