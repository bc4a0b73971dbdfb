//! What is kept of requests that may come again: written with their effect, in the same transaction.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use serde_json::value::RawValue;

use super::dynamo::{Dynamo, Transacted, met, number, to_item};
use crate::error::{Error, Result};
use crate::idempotency::Idempotency;
use crate::keys::Stored;
use crate::model::idempotency::RecordedAnswer;
use crate::reply::Reply;

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
        record.map_or(Ok(None), |record| {
            idempotency.answer(Stored::into_inner(record))
        })
    }

    /// Notes that a request has its effect part by part; one write.
    ///
    /// # Errors
    /// 422 if its key was another request's.
    pub(crate) async fn begin(&self, idempotency: &Idempotency) -> Result<()> {
        let now = self.dynamo.request().clock().now();
        let key = idempotency.key();
        let outcome = self
            .dynamo
            .client()
            .put_item()
            .table_name(self.dynamo.table(key.table())?)
            .set_item(Some(to_item(key, &idempotency.begun(now))?))
            .condition_expression(
                "attribute_not_exists(pk) OR expires_at <= :now OR #request = :request",
            )
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":now", number(&now))
            .expression_attribute_values(
                ":request",
                AttributeValue::S(idempotency.request().to_owned()),
            )
            .send()
            .await;
        if met(outcome)? {
            Ok(())
        } else {
            Err(Idempotency::of_another())
        }
    }

    /// What a request is answered that has just been served: what it was answered before, if it was. It may be refused
    /// for what the same request has done meanwhile, find nothing left to do, or not know that it has been done.
    pub(crate) async fn settled(
        &self,
        idempotency: &Idempotency,
        own: Result<Reply<Box<RawValue>>>,
    ) -> Result<Reply<Box<RawValue>>> {
        let own = match own {
            Ok(reply) if reply.caused_an_event() => return Ok(reply),
            own => own,
        };
        match self.of(idempotency).await {
            Ok(Some(answer)) => Reply::replayed(answer),
            Err(other) if other.cause().is_none() => Err(other),
            Ok(None) => match own {
                Ok(reply) => self.kept(idempotency, reply).await,
                refused => refused,
            },
            Err(_) => own,
        }
    }

    /// Keeps what a request is answered that has found nothing to change. When it comes again it would find something, if
    /// somebody has changed that meanwhile, and undo it. One write.
    async fn kept(
        &self,
        idempotency: &Idempotency,
        reply: Reply<Box<RawValue>>,
    ) -> Result<Reply<Box<RawValue>>> {
        let answer = reply.recorded(self.dynamo.request().permission())?;
        let record = recording(&self.dynamo, idempotency, Some(answer))?;
        if let Transacted::Done = self.dynamo.transact(vec![record]).await? {
            return Ok(reply);
        }
        match self.of(idempotency).await? {
            Some(answer) => Reply::replayed(answer),
            // It has its effect part by part, and each has kept its own.
            None => Ok(reply),
        }
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
