//! DynamoDB, below the handles: rows by their keys, and what its failures mean.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::InterceptorContext;
use aws_sdk_dynamodb::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, DeleteRequest, KeysAndAttributes,
    Put, TransactWriteItem, Update, WriteRequest,
};

use super::backoff::Backoff;
use super::failure::Failure;
use super::request::{Request, client};
use super::{credentials, guard};
use crate::error::{Cause, Error, Result};
use crate::keys::{Key, Partition, Row, Stored, Table};
use crate::tenant::Tenant;

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transacted {
    /// All of it was written.
    Done,
    /// None of it: the condition of this part, the first of such, was not met.
    Unmet(usize),
}

impl Transacted {
    /// That it was written, where no condition can fail but by our own mistake.
    ///
    /// # Errors
    /// 500 if it was not.
    pub(crate) fn done(self) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Unmet(part) => Err(Error::internal(format!(
                "the condition of part {part} of a transaction was not met"
            ))),
        }
    }
}

pub(crate) type Item = HashMap<String, AttributeValue>;

/// How many keys one `BatchGetItem` takes.
const BATCH_GET: usize = 100;

/// How many writes one `BatchWriteItem` takes.
pub(crate) const BATCH_WRITE: usize = 25;

#[derive(Clone, Debug)]
pub(crate) struct Dynamo {
    request: Arc<Request>,
    client: Arc<OnceLock<Client>>,
}

impl Dynamo {
    pub(crate) fn new(request: Arc<Request>) -> Self {
        Self {
            request,
            client: Arc::default(),
        }
    }

    pub(crate) fn request(&self) -> &Arc<Request> {
        &self.request
    }

    /// The same tables for what is known to be of `tenant`, whichever the request acts in.
    pub(crate) fn in_tenant(&self, tenant: Tenant) -> Result<Self> {
        if self.request.tenant() == Some(tenant.id()) {
            return Ok(self.clone());
        }
        let request = self.request.renewed();
        credentials::act_in(&request, tenant)?;
        // What a person asks for is done, and kept as it is shown to them, in a tenant that is not there yet.
        let personal = self
            .request
            .idempotency()
            .filter(|whole| whole.is_personal());
        if let Some(whole) = personal {
            request.once(whole.clone());
        }
        if let Some(permission) = self.request.permission() {
            request.permit(permission);
        }
        Ok(Self::new(request))
    }

    /// The same tables for a part of what the request asks for, one that has its effect once by itself.
    pub(crate) fn part(&self, tenant: Tenant, index: usize) -> Result<Self> {
        let request = self.request.renewed();
        credentials::act_in(&request, tenant)?;
        if let Some(whole) = self.request.idempotency() {
            request.once(whole.part(index));
        }
        Ok(Self::new(request))
    }

    pub(crate) fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let config = client!(aws_sdk_dynamodb, &self.request, guard::rows)
                .config()
                .to_builder();
            Client::from_conf(config.retry_classifier(Contention).build())
        })
    }

    pub(crate) fn table(&self, table: Table) -> Result<&str> {
        self.request.variable(match table {
            Table::Data => "DATA_TABLE",
            Table::Identity => "IDENTITY_TABLE",
            Table::Ephemeral => "EPHEMERAL_TABLE",
        })
    }

    /// A row, strongly consistent.
    pub(crate) async fn get<T: Row>(&self, key: Key<T>) -> Result<Option<Stored<T>>> {
        let answer = self
            .client()
            .get_item()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await?;
        answer
            .item
            .map(|item| Ok(key.stores(from_item(item)?)))
            .transpose()
    }

    /// The items of up to 100 keys of one table that exist, in no order; strongly consistent.
    pub(crate) async fn get_items(&self, table: Table, keys: Vec<Item>) -> Result<Vec<Item>> {
        self.get_items_of([(table, keys)]).await
    }

    /// The same of several tables, up to 100 in all.
    pub(crate) async fn get_items_of(
        &self,
        tables: impl IntoIterator<Item = (Table, Vec<Item>)>,
    ) -> Result<Vec<Item>> {
        let mut pending = HashMap::new();
        for (table, keys) in tables {
            if !keys.is_empty() {
                pending.insert(self.table(table)?.to_owned(), wanted(keys)?);
            }
        }
        debug_assert!(
            pending
                .values()
                .map(|wanted| wanted.keys.len())
                .sum::<usize>()
                <= BATCH_GET
        );
        let mut found = Vec::new();
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            let answer = self
                .client()
                .batch_get_item()
                .set_request_items(Some(pending))
                .send()
                .await?;
            found.extend(
                answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items),
            );
            let rest = answer.unprocessed_keys.into_iter().flatten();
            pending = rest
                .map(|(table, rest)| Ok((table, wanted(rest.keys)?)))
                .collect::<Result<_>>()?;
            if !pending.is_empty() && !backoff.wait(&self.request).await {
                return Err(Error::unavailable("DynamoDB left keys unread"));
            }
        }
        Ok(found)
    }

    /// Writes a row, whatever stood there.
    pub(crate) async fn put<T: Row>(&self, key: &Key<T>, row: &T) -> Result<()> {
        self.client()
            .put_item()
            .table_name(self.table(key.table())?)
            .set_item(Some(to_item(key, row)?))
            .send()
            .await?;
        Ok(())
    }

    /// Writes a row that must not be there yet. Returns whether it was not.
    pub(crate) async fn create<T: Row>(&self, key: &Key<T>, row: &T) -> Result<bool> {
        let outcome = self
            .client()
            .put_item()
            .table_name(self.table(key.table())?)
            .set_item(Some(to_item(key, row)?))
            .condition_expression(ABSENT)
            .send()
            .await;
        met(outcome)
    }

    /// Writes a row in place of one that has this value under this attribute. Returns whether it had.
    pub(crate) async fn replace_if<T: Row>(
        &self,
        key: &Key<T>,
        row: &T,
        (attribute, value): (&str, AttributeValue),
    ) -> Result<bool> {
        let outcome = self
            .client()
            .put_item()
            .table_name(self.table(key.table())?)
            .set_item(Some(to_item(key, row)?))
            .condition_expression("#held = :held")
            .expression_attribute_names("#held", attribute)
            .expression_attribute_values(":held", value)
            .send()
            .await;
        met(outcome)
    }

    pub(crate) async fn delete<T>(&self, key: &Key<T>) -> Result<()> {
        self.client()
            .delete_item()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .send()
            .await?;
        Ok(())
    }

    /// Removes items of one table, up to [`BATCH_WRITE`]; it does not matter whether they are there.
    pub(crate) async fn delete_items(&self, table: Table, keys: Vec<Item>) -> Result<()> {
        debug_assert!(keys.len() <= BATCH_WRITE);
        let name = self.table(table)?;
        let mut pending = keys
            .into_iter()
            .map(|key| {
                let delete = DeleteRequest::builder().set_key(Some(key)).build();
                let delete = delete.map_err(Error::internal)?;
                Ok(WriteRequest::builder().delete_request(delete).build())
            })
            .collect::<Result<Vec<_>>>()?;
        let mut backoff = Backoff::default();
        while !pending.is_empty() {
            let answer = self
                .client()
                .batch_write_item()
                .request_items(name, pending)
                .send()
                .await?;
            pending = answer
                .unprocessed_items
                .and_then(|mut tables| tables.remove(name))
                .unwrap_or_default();
            if !pending.is_empty() && !backoff.wait(&self.request).await {
                return Err(Error::unavailable("DynamoDB left items unwritten"));
            }
        }
        Ok(())
    }

    /// All rows of a partition, strongly consistent; one call for each 1 MB of them.
    pub(crate) async fn query<T: Row>(&self, partition: Partition<T>) -> Result<Vec<T>> {
        let mut pages = self.query_of(&partition)?.into_paginator().send();
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await {
            for item in page?.items.unwrap_or_default() {
                rows.push(from_item(item)?);
            }
        }
        Ok(rows)
    }

    /// The rows of a partition from the last one on, or from before `start`, up to `most`; strongly consistent.
    pub(crate) async fn last<T: Row>(
        &self,
        partition: Partition<T>,
        start: Option<Key<T>>,
        most: usize,
    ) -> Result<Vec<T>> {
        let answer = self
            .query_of(&partition)?
            .set_exclusive_start_key(start.map(|key| key.item()))
            .scan_index_forward(false)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await?;
        let items = answer.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    /// The rows of a partition from the first one on, or from behind `start`, up to `most` and 1 MB, and whether
    /// there are more; strongly consistent.
    pub(crate) async fn page<T: Row>(
        &self,
        partition: &Partition<T>,
        start: Option<Key<T>>,
        most: Option<usize>,
    ) -> Result<(Vec<T>, bool)> {
        let most = most.map(|most| i32::try_from(most).unwrap_or(i32::MAX));
        let answer = self
            .query_of(partition)?
            .set_exclusive_start_key(start.map(|key| key.item()))
            .set_limit(most)
            .send()
            .await?;
        let rows = answer.items.unwrap_or_default().into_iter().map(from_item);
        Ok((
            rows.collect::<Result<_>>()?,
            answer.last_evaluated_key.is_some(),
        ))
    }

    /// A query of all rows of a partition, strongly consistent.
    pub(crate) fn query_of<T>(&self, partition: &Partition<T>) -> Result<QueryFluentBuilder> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let query = self
            .client()
            .query()
            .table_name(self.table(partition.table())?)
            .expression_attribute_values(":pk", text(partition.pk()))
            .consistent_read(true);
        Ok(match partition.prefix() {
            "" => query.key_condition_expression("pk = :pk"),
            prefix => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
        })
    }

    /// All parts or none, tried again for as long as only other transactions are in the way and the request
    /// has time.
    pub(crate) async fn transact(&self, parts: Vec<TransactWriteItem>) -> Result<Transacted> {
        let transaction = self
            .client()
            .transact_write_items()
            .set_transact_items(Some(parts));
        let mut backoff = Backoff::default();
        while let Err(error) = transaction.clone().send().await {
            let reasons = cancellation(&error).unwrap_or_default();
            let unmet = reasons
                .iter()
                .position(|reason| reason.code() == Some("ConditionalCheckFailed"));
            if let Some(part) = unmet {
                return Ok(Transacted::Unmet(part));
            }
            if reasons.is_empty() || !reasons.iter().all(contended) {
                return Err(error.into());
            }
            if !backoff.wait(&self.request).await {
                return Err(Error::unavailable(Failure::of(&error)));
            }
        }
        Ok(Transacted::Done)
    }

    /// A row as a part of a transaction, which fails if it is there already.
    pub(crate) fn creation<T: Row>(&self, key: &Key<T>, row: &T) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(self.table(key.table())?)
            .set_item(Some(to_item(key, row)?))
            .condition_expression(ABSENT)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A row as a part of a transaction, whatever stood there.
    pub(crate) fn replacement<T: Row>(&self, key: &Key<T>, row: &T) -> Result<TransactWriteItem> {
        self.item_put(key.table(), to_item(key, row)?)
    }

    /// That a row still has these values under these attributes, as a part of a transaction.
    pub(crate) fn unchanged<T>(&self, key: &Key<T>, held: Held) -> Result<TransactWriteItem> {
        let (condition, names, values) = still(held);
        let check = ConditionCheck::builder()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        check.build().map(checking).map_err(Error::internal)
    }

    /// That a row is there, as a part of a transaction.
    pub(crate) fn presence<T>(&self, key: &Key<T>) -> Result<TransactWriteItem> {
        let check = ConditionCheck::builder()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression("attribute_exists(pk)");
        check.build().map(checking).map_err(Error::internal)
    }

    /// A row's end as a part of a transaction, whether it is there or not.
    pub(crate) fn removal<T>(&self, key: &Key<T>) -> Result<TransactWriteItem> {
        let delete = Delete::builder()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .build()
            .map_err(Error::internal)?;
        Ok(deleting(delete))
    }

    /// A row in place of one that still has these values under these attributes.
    pub(crate) fn replacement_if<T: Row>(
        &self,
        key: &Key<T>,
        row: &T,
        held: Held,
    ) -> Result<TransactWriteItem> {
        let (condition, names, values) = still(held);
        let put = Put::builder()
            .table_name(self.table(key.table())?)
            .set_item(Some(to_item(key, row)?))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The end of a row that still has these values under these attributes.
    pub(crate) fn removal_if<T>(&self, key: &Key<T>, held: Held) -> Result<TransactWriteItem> {
        let (condition, names, values) = still(held);
        let delete = Delete::builder()
            .table_name(self.table(key.table())?)
            .set_key(Some(key.item()))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        delete.build().map(deleting).map_err(Error::internal)
    }

    /// An item as a part of a transaction, whatever stood there.
    pub(crate) fn item_put(&self, table: Table, item: Item) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(self.table(table)?)
            .set_item(Some(item))
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

impl<T> Key<T> {
    /// The key's two attributes.
    pub(crate) fn item(&self) -> Item {
        key_item(self.pk(), self.sk())
    }
}

pub(crate) fn key_item(pk: &str, sk: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(pk.to_owned())),
        ("sk".to_owned(), AttributeValue::S(sk.to_owned())),
    ])
}

fn wanted(keys: Vec<Item>) -> Result<KeysAndAttributes> {
    let wanted = KeysAndAttributes::builder()
        .set_keys(Some(keys))
        .consistent_read(true);
    wanted.build().map_err(Error::internal)
}

/// The condition that nothing stands under a key.
pub(crate) const ABSENT: &str = "attribute_not_exists(pk)";

pub(crate) fn to_item<T: Row>(key: &Key<T>, row: &T) -> Result<Item> {
    let mut item: Item = serde_dynamo::to_item(row).map_err(Error::internal)?;
    item.extend(key.item());
    item.extend(
        row.indexes()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value))),
    );
    Ok(item)
}

pub(crate) fn from_item<T: Row>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(Error::internal)
}

/// A text attribute of an item, such as its sort key.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}

/// Whether a conditional write's condition was met.
pub(crate) fn met<O, E>(outcome: Result<O, SdkError<E>>) -> Result<bool>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match outcome {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Why a transaction's parts were cancelled, in their order; nothing if it was not a cancellation.
pub(crate) fn cancellation<R>(
    error: &SdkError<TransactWriteItemsError, R>,
) -> Option<&[CancellationReason]> {
    match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            Some(cancelled.cancellation_reasons())
        }
        _ => None,
    }
}

/// Whether nothing of a part's own stood in its way, but others at the same item or their number: it may
/// succeed a moment later.
pub(crate) fn contended(reason: &CancellationReason) -> bool {
    matches!(
        reason.code().unwrap_or("None"),
        "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
    )
}

/// Has a write tried again that met a transaction at its item, as the SDK by itself does not.
#[derive(Debug)]
struct Contention;

impl ClassifyRetry for Contention {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context
            .output_or_error()
            .and_then(Result::err)
            .and_then(|error| error.as_operation_error());
        let conflict = error.is_some_and(|error| {
            error
                .downcast_ref()
                .is_some_and(PutItemError::is_transaction_conflict_exception)
                || error
                    .downcast_ref()
                    .is_some_and(UpdateItemError::is_transaction_conflict_exception)
                || error
                    .downcast_ref()
                    .is_some_and(DeleteItemError::is_transaction_conflict_exception)
        });
        if conflict {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "Contention"
    }
}

/// A part of a transaction: an update.
/// What a row has to have: attributes and their values.
pub(crate) type Held<'a> = &'a [(&'a str, AttributeValue)];

/// The condition that a row still has all that, with its names and values.
fn still(held: Held) -> (String, HashMap<String, String>, Item) {
    let parts = held
        .iter()
        .map(|(attribute, _)| format!("#{attribute} = :{attribute}"));
    let condition = parts.collect::<Vec<_>>().join(" AND ");
    let names = held
        .iter()
        .map(|(attribute, _)| (format!("#{attribute}"), (*attribute).to_owned()));
    let values = held
        .iter()
        .map(|(attribute, value)| (format!(":{attribute}"), value.clone()));
    (condition, names.collect(), values.collect())
}

pub(crate) fn updating(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

/// A part of a transaction: a removal.
pub(crate) fn deleting(delete: Delete) -> TransactWriteItem {
    TransactWriteItem::builder().delete(delete).build()
}

/// A part of a transaction: a condition on a row that it leaves as it is.
pub(crate) fn checking(check: ConditionCheck) -> TransactWriteItem {
    TransactWriteItem::builder().condition_check(check).build()
}

pub(crate) fn number<T: ToString + ?Sized>(value: &T) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The end of an update that raises counts, or lowers them: an `ADD` of those that change, if any do, and its
/// values.
pub(crate) fn additions(counts: &[(&str, i64)]) -> (String, Item) {
    let changed = counts.iter().filter(|(_, by)| *by != 0);
    let values = changed
        .clone()
        .map(|(name, by)| (format!(":{name}"), number(by)));
    let clause: Vec<_> = changed.map(|(name, _)| format!("{name} :{name}")).collect();
    let clause = match clause.join(", ") {
        none if none.is_empty() => none,
        changed => format!(" ADD {changed}"),
    };
    (clause, values.collect())
}

/// The codes with which AWS asks for patience, beyond what the SDK has already shown.
const PATIENCE: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TooManyRequestsException",
    "SlowDown",
    "RequestThrottled",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ServiceUnavailable",
    "ServiceQuotaExceededException",
    "ModelNotReadyException",
    "ModelTimeoutException",
];

/// Any AWS failure: 503 where a retry may help, else 500.
impl<E, R> From<SdkError<E, R>> for Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: StatusOf + std::fmt::Debug + Send + Sync + 'static,
{
    fn from(error: SdkError<E, R>) -> Self {
        let passing = match &error {
            SdkError::TimeoutError(_)
            | SdkError::DispatchFailure(_)
            | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => {
                service.raw().status() >= 500
                    || error.code().is_some_and(|code| PATIENCE.contains(&code))
            }
            _ => false,
        };
        let cause: Cause = Box::new(Failure::of(&error));
        if passing {
            Error::unavailable(cause)
        } else {
            Error::internal(cause)
        }
    }
}

/// The status of a raw response.
pub trait StatusOf {
    /// Its HTTP status.
    fn status(&self) -> u16;
}

impl StatusOf for aws_smithy_runtime_api::client::orchestrator::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}
