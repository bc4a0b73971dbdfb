//! What a DynamoDB call does, as IAM sees it: transactions item by item, batches table by table, each
//! with the partition keys that it names.

use std::collections::BTreeMap;

use awsim_iam_policy::ContextValue;
use serde_json::Value;

use super::requests::Access;
use crate::front::{ACCOUNT, REGION};

/// The name of every table's partition key.
const PARTITION_KEY: &str = "pk";

/// The condition key of the partition keys that a call names.
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

pub(super) fn accesses(operation: &str, body: &Value) -> Vec<Access> {
    match operation {
        "PutItem" => vec![item(operation, body, &body["Item"])],
        "GetItem" | "UpdateItem" | "DeleteItem" => vec![item(operation, body, &body["Key"])],
        "Query" => vec![
            Access::new("dynamodb:Query", read(body))
                .with(LEADING_KEYS, leading(queried(body).into_iter())),
        ],
        // Its partition is no key of the table: there is no fine-grained access control.
        "SearchVectors" | "Scan" => {
            vec![Access::new(format!("dynamodb:{operation}"), read(body))]
        }
        "BatchGetItem" => batch(operation, body, |request| {
            values(&request["Keys"]).filter_map(partition).collect()
        }),
        "BatchWriteItem" => batch(operation, body, |requests| {
            values(requests)
                .filter_map(|request| {
                    partition(&request["PutRequest"]["Item"])
                        .or_else(|| partition(&request["DeleteRequest"]["Key"]))
                })
                .collect()
        }),
        "TransactWriteItems" | "TransactGetItems" => {
            let items = values(&body["TransactItems"]);
            items.flat_map(parts).collect()
        }
        "ExecuteStatement" => vec![statement(body)],
        "BatchExecuteStatement" => values(&body["Statements"]).map(statement).collect(),
        "ExecuteTransaction" => values(&body["TransactStatements"]).map(statement).collect(),
        _ => vec![Access::new(format!("dynamodb:{operation}"), named(body))],
    }
}

/// The parts of an item of a transaction: one, named by what it does.
fn parts(part: &Value) -> impl Iterator<Item = Access> {
    part.as_object().into_iter().flatten().map(|(kind, body)| {
        let action = match kind.as_str() {
            "Get" => "GetItem",
            "Put" => return item("PutItem", body, &body["Item"]),
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            _ => "ConditionCheckItem",
        };
        item(action, body, &body["Key"])
    })
}

fn item(action: &str, body: &Value, key: &Value) -> Access {
    Access::new(format!("dynamodb:{action}"), table(&body["TableName"]))
        .with(LEADING_KEYS, leading(partition(key).into_iter()))
}

fn batch(operation: &str, body: &Value, keys: impl Fn(&Value) -> Vec<String>) -> Vec<Access> {
    let tables = body["RequestItems"].as_object();
    tables
        .into_iter()
        .flatten()
        .map(|(name, requests)| {
            Access::new(
                format!("dynamodb:{operation}"),
                table(&Value::from(name.as_str())),
            )
            .with(LEADING_KEYS, leading(keys(requests).into_iter()))
        })
        .collect()
}

/// `PartiQL` names tables in a language of its own; nobody is granted it, so any will do.
fn statement(body: &Value) -> Access {
    let text = body["Statement"].as_str().unwrap_or_default();
    let verb = text.split_whitespace().next().unwrap_or_default();
    let action = match verb.to_ascii_lowercase().as_str() {
        "insert" => "PartiQLInsert",
        "update" => "PartiQLUpdate",
        "delete" => "PartiQLDelete",
        _ => "PartiQLSelect",
    };
    Access::new(format!("dynamodb:{action}"), table(&Value::from("*")))
}

/// The partition that a query reads: the value that the partition key has to be equal to.
fn queried(body: &Value) -> Option<String> {
    let expression = body["KeyConditionExpression"].as_str()?;
    let names = &body["ExpressionAttributeNames"];
    let words: BTreeMap<&str, &str> = expression
        .split(|letter: char| letter.is_whitespace() || "()".contains(letter))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .windows(3)
        .filter(|three| three[1] == "=")
        .map(|three| (three[0], three[2]))
        .collect();
    let value = words.iter().find_map(|(name, value)| {
        let name = names[*name].as_str().unwrap_or(name);
        (name == PARTITION_KEY).then_some(*value)
    })?;
    text(&body["ExpressionAttributeValues"][value])
}

fn leading(keys: impl Iterator<Item = String>) -> ContextValue {
    ContextValue::StringList(keys.collect())
}

fn partition(item: &Value) -> Option<String> {
    text(&item[PARTITION_KEY])
}

fn text(value: &Value) -> Option<String> {
    value["S"].as_str().map(str::to_owned)
}

fn values(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// What a query, a scan or a search reads: a table, or one of its indexes.
fn read(body: &Value) -> String {
    let table = table(&body["TableName"]);
    match body["IndexName"].as_str() {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    }
}

/// What any other call is about.
fn named(body: &Value) -> String {
    let arn = ["StreamArn", "ResourceArn"]
        .iter()
        .find_map(|name| body[*name].as_str());
    match (arn, &body["TableName"]) {
        (Some(arn), _) => arn.to_owned(),
        (None, Value::Null) => "*".to_owned(),
        (None, name) => table(name),
    }
}

/// A table's ARN, by its name or, as the API takes it too, its ARN.
fn table(name: &Value) -> String {
    match name.as_str().unwrap_or_default() {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DATA: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/data";

    /// Action, resource and leading keys of each access.
    fn seen(operation: &str, body: &Value) -> Vec<(String, String, Vec<String>)> {
        let accesses = accesses(operation, body).into_iter();
        accesses
            .map(|access| {
                let keys = match access.context.get(LEADING_KEYS) {
                    Some(ContextValue::StringList(keys)) => keys.clone(),
                    _ => Vec::new(),
                };
                (access.action, access.resource, keys)
            })
            .collect()
    }

    fn access(action: &str, resource: &str, keys: &[&str]) -> (String, String, Vec<String>) {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        (action.to_owned(), resource.to_owned(), keys)
    }

    #[test]
    fn a_transaction_is_its_parts_and_a_batch_its_tables() {
        let key = |pk: &str| json!({ "pk": { "S": pk }, "sk": { "S": "x" } });
        let transaction = json!({ "TransactItems": [
            { "Put": { "TableName": "data", "Item": key("a") } },
            { "Update": { "TableName": "data", "Key": key("b") } },
            { "ConditionCheck": { "TableName": "data", "Key": key("c") } },
        ]});
        assert_eq!(
            seen("TransactWriteItems", &transaction),
            [
                access("dynamodb:PutItem", DATA, &["a"]),
                access("dynamodb:UpdateItem", DATA, &["b"]),
                access("dynamodb:ConditionCheckItem", DATA, &["c"]),
            ]
        );
        let batch = json!({ "RequestItems": { "data": [
            { "PutRequest": { "Item": key("a") } },
            { "DeleteRequest": { "Key": key("b") } },
        ]}});
        assert_eq!(
            seen("BatchWriteItem", &batch),
            [access("dynamodb:BatchWriteItem", DATA, &["a", "b"])]
        );
    }

    #[test]
    fn a_query_names_the_partition_that_it_reads_however_it_spells_it() {
        let query = |condition: &str| {
            let body = json!({
                "TableName": "data",
                "IndexName": "lsi1",
                "KeyConditionExpression": condition,
                "ExpressionAttributeNames": { "#p": "pk", "#s": "sk" },
                "ExpressionAttributeValues": { ":a": { "S": "a" }, ":b": { "S": "b" } },
            });
            seen("Query", &body).remove(0)
        };
        let index = format!("{DATA}/index/lsi1");
        for condition in [
            "pk = :a",
            "#p = :a AND sk > :b",
            "sk > :b and (pk = :a)",
            "#s = :b AND #p = :a",
            "begins_with(sk, :b) AND pk = :a",
        ] {
            let expected = access("dynamodb:Query", &index, &["a"]);
            assert_eq!(query(condition), expected, "{condition}");
        }
        // What can't be read names none, and is granted by no policy that asks for them.
        for condition in ["pk=:a", "pk > :a", ""] {
            let expected = access("dynamodb:Query", &index, &[]);
            assert_eq!(query(condition), expected, "{condition}");
        }
    }
}
