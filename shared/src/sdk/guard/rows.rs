//! The rows that a call to DynamoDB names.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::search_vectors::SearchVectorsInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, WriteRequest};
use aws_smithy_runtime_api::client::interceptors::context::Input;

use super::Refused;
use crate::keys::owner::{self, Owner};
use crate::keys::{Table, is_append_only};
use crate::sdk::dynamo::ABSENT;
use crate::sdk::request::Request;

type Item = HashMap<String, AttributeValue>;

type Owners = Result<Vec<Owner>, Refused>;

/// The attribute by which the vector index finds whose a row is.
const VECTOR_TENANT: &str = "vector_tenant";

/// Kinds of calls that are not here are refused: `Scan` and `PartiQL` name no key.
pub(crate) fn look(input: &Input, request: &Request) -> Owners {
    let rows = Rows(request);
    if let Some(input) = input.downcast_ref::<GetItemInput>() {
        rows.row(input.table_name(), input.key())
    } else if let Some(input) = input.downcast_ref::<BatchGetItemInput>() {
        let tables = input.request_items.iter().flatten();
        all(tables
            .flat_map(|(table, wanted)| wanted.keys.iter().map(move |key| rows.found(table, key))))
    } else if let Some(input) = input.downcast_ref::<PutItemInput>() {
        rows.item(
            input.table_name(),
            input.item(),
            input.condition_expression(),
        )
    } else if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
        rows.changed(input.table_name(), input.key())
    } else if let Some(input) = input.downcast_ref::<DeleteItemInput>() {
        rows.changed(input.table_name(), input.key())
    } else if let Some(input) = input.downcast_ref::<QueryInput>() {
        rows.query(input)
    } else if let Some(input) = input.downcast_ref::<SearchVectorsInput>() {
        search(input)
    } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
        all(input
            .transact_items
            .iter()
            .flatten()
            .map(|part| rows.part(part)))
    } else if let Some(input) = input.downcast_ref::<TransactGetItemsInput>() {
        all(input.transact_items.iter().flatten().map(|part| {
            let get = part.get.as_ref().ok_or(Refused::UnknownKey)?;
            rows.named(&get.table_name, &get.key)
        }))
    } else if let Some(input) = input.downcast_ref::<BatchWriteItemInput>() {
        let tables = input.request_items.iter().flatten();
        all(tables
            .flat_map(|(table, writes)| writes.iter().map(move |write| rows.write(table, write))))
    } else {
        Err(Refused::UnknownCall)
    }
}

#[derive(Clone, Copy)]
struct Rows<'a>(&'a Request);

impl Rows<'_> {
    fn row(self, table: Option<&str>, key: Option<&Item>) -> Owners {
        let table = table.ok_or(Refused::UnknownTable)?;
        self.named(table, key.ok_or(Refused::UnknownKey)?)
    }

    fn changed(self, table: Option<&str>, key: Option<&Item>) -> Owners {
        let owners = self.row(table, key)?;
        mutable(key.ok_or(Refused::UnknownKey)?)?;
        Ok(owners)
    }

    /// What is only added to goes with its tenant, by the one function that is made for that.
    fn removed(self, table: &str, key: &Item) -> Owners {
        if self.0.connections().erases() {
            self.named(table, key)
        } else {
            self.changed(Some(table), Some(key))
        }
    }

    fn item(self, table: Option<&str>, item: Option<&Item>, condition: Option<&str>) -> Owners {
        let table = table.ok_or(Refused::UnknownTable)?;
        self.stored(table, item.ok_or(Refused::UnknownKey)?, condition)
    }

    /// A tenant's profile is read beside the membership that tells whether the request may act there.
    fn found(self, table: &str, key: &Item) -> Owners {
        let owners = self.named(table, key)?;
        let unknown_yet = |owner| match owner {
            Owner::Known(_) => Owner::Nobody,
            other => other,
        };
        match self.0.tenant() {
            None => Ok(owners.into_iter().map(unknown_yet).collect()),
            Some(_) => Ok(owners),
        }
    }

    fn named(self, table: &str, key: &Item) -> Owners {
        let table = self.table(table)?;
        let pk = text(key, "pk").ok_or(Refused::UnknownKey)?;
        let sk = text(key, "sk").ok_or(Refused::UnknownKey)?;
        let owner = owner::of_row(table, pk, Some(sk)).ok_or(Refused::UnknownKey)?;
        Ok(vec![owner])
    }

    /// A row that is written names whose it is to the vector index as well. Where rows are only added, it must
    /// not be there yet.
    fn stored(self, table: &str, item: &Item, condition: Option<&str>) -> Owners {
        let mut owners = self.named(table, item)?;
        if condition != Some(ABSENT) {
            mutable(item)?;
        }
        if item.contains_key(VECTOR_TENANT) {
            let hash = text(item, VECTOR_TENANT).and_then(owner::of_vectors);
            owners.push(hash.ok_or(Refused::UnknownKey)?);
        }
        Ok(owners)
    }

    fn part(self, part: &TransactWriteItem) -> Owners {
        let parts = [
            part.put
                .as_ref()
                .map(|put| self.stored(&put.table_name, &put.item, put.condition_expression())),
            part.update
                .as_ref()
                .map(|update| self.changed(Some(&update.table_name), Some(&update.key))),
            part.delete
                .as_ref()
                .map(|delete| self.removed(&delete.table_name, &delete.key)),
            part.condition_check
                .as_ref()
                .map(|check| self.named(&check.table_name, &check.key)),
        ];
        all(parts.into_iter().flatten())
    }

    fn write(self, table: &str, write: &WriteRequest) -> Owners {
        let put = write.put_request.as_ref();
        let delete = write.delete_request.as_ref();
        let put = put.map(|put| self.stored(table, &put.item, None));
        let delete = delete.map(|delete| self.changed(Some(table), Some(&delete.key)));
        all([put, delete].into_iter().flatten())
    }

    /// The partition is what comes first in the condition, and comes under no other name.
    fn query(self, query: &QueryInput) -> Owners {
        let table = self.table(query.table_name.as_deref().unwrap_or_default())?;
        if query.key_conditions.is_some() {
            return Err(Refused::UnknownKey);
        }
        let pk = equal_to(
            "pk",
            query.key_condition_expression.as_deref(),
            query.expression_attribute_values.as_ref(),
        )?;
        let start = query.exclusive_start_key.as_ref();
        if start.is_some_and(|start| text(start, "pk") != Some(pk)) {
            return Err(Refused::UnknownKey);
        }
        let owner = owner::of_row(table, pk, None).ok_or(Refused::UnknownKey)?;
        Ok(vec![owner])
    }

    fn table(self, name: &str) -> Result<Table, Refused> {
        [
            (Table::Data, "DATA_TABLE"),
            (Table::Identity, "IDENTITY_TABLE"),
            (Table::Ephemeral, "EPHEMERAL_TABLE"),
        ]
        .into_iter()
        .find(|(_, variable)| {
            let environment = self.0.connections().environment();
            environment.get(variable).is_some_and(|table| table == name)
        })
        .map(|(table, _)| table)
        .ok_or(Refused::UnknownTable)
    }
}

/// That a row can be changed, or removed.
fn mutable(key: &Item) -> Result<(), Refused> {
    if text(key, "pk").is_some_and(is_append_only) {
        return Err(Refused::AppendOnly);
    }
    Ok(())
}

fn search(search: &SearchVectorsInput) -> Owners {
    let hash = equal_to(
        VECTOR_TENANT,
        search.search_condition_expression.as_deref(),
        search.expression_attribute_values.as_ref(),
    )?;
    let owner = owner::of_vectors(hash).ok_or(Refused::UnknownKey)?;
    Ok(vec![owner])
}

/// The value that `attribute` has to be equal to: `attribute = :value`, with nothing before it and nothing
/// after it but further conditions.
fn equal_to<'a>(
    attribute: &str,
    expression: Option<&str>,
    values: Option<&'a Item>,
) -> Result<&'a str, Refused> {
    let condition = expression.and_then(|expression| expression.strip_prefix(attribute));
    let value = condition
        .and_then(|rest| rest.strip_prefix(" = "))
        .ok_or(Refused::UnknownKey)?;
    let name = value.split_once(" AND ").map_or(value, |(name, _)| name);
    values
        .and_then(|values| text(values, name))
        .ok_or(Refused::UnknownKey)
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// What nothing is named in can't be judged.
fn all(parts: impl Iterator<Item = Owners>) -> Owners {
    let mut owners = Vec::new();
    for part in parts {
        owners.extend(part?);
    }
    if owners.is_empty() {
        return Err(Refused::UnknownKey);
    }
    Ok(owners)
}
