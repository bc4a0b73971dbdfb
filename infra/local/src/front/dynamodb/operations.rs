//! The API's operations, by name, on JSON bodies.

use dynoxide::{Database, DynoxideError, actions};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::meter::{Metered, is_asked};
use crate::front::journal::Units;

type Result<T> = std::result::Result<T, DynoxideError>;

/// Whether an operation changes rows, and so may leave records in a stream.
pub(super) fn writes(operation: &str) -> bool {
    matches!(
        operation,
        "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem" | "TransactWriteItems"
    ) || operation.contains("Execute")
}

/// Runs one operation and tells what it consumed, whether or not the caller asked.
pub(super) fn dispatch(
    database: &Database,
    operation: &str,
    body: &[u8],
) -> Result<(String, Units)> {
    macro_rules! plain {
        ($method:ident) => {
            Ok((to_json(&database.$method(read(body)?)?)?, Units::default()))
        };
    }
    macro_rules! metered {
        ($method:ident, $request:ident, $direction:ident) => {{
            let mut request: actions::$method::$request = read(body)?;
            let asked = is_asked(request.return_consumed_capacity.as_deref());
            if !asked {
                request.return_consumed_capacity = Some("TOTAL".to_owned());
            }
            let mut response = database.$method(request)?;
            let units = response.consumed_capacity.$direction();
            if !asked {
                response.consumed_capacity = None;
            }
            Ok((to_json(&response)?, units))
        }};
    }
    match operation {
        "GetItem" => metered!(get_item, GetItemRequest, read),
        "BatchGetItem" => metered!(batch_get_item, BatchGetItemRequest, read),
        "Query" => metered!(query, QueryRequest, read),
        "Scan" => metered!(scan, ScanRequest, read),
        "SearchVectors" => metered!(search_vectors, SearchVectorsRequest, read),
        "TransactGetItems" => metered!(transact_get_items, TransactGetItemsRequest, read),
        "PutItem" => metered!(put_item, PutItemRequest, written),
        "UpdateItem" => metered!(update_item, UpdateItemRequest, written),
        "DeleteItem" => metered!(delete_item, DeleteItemRequest, written),
        "BatchWriteItem" => metered!(batch_write_item, BatchWriteItemRequest, written),
        "TransactWriteItems" => metered!(transact_write_items, TransactWriteItemsRequest, written),
        "ExecuteStatement" => plain!(execute_statement),
        "ExecuteTransaction" => plain!(execute_transaction),
        "BatchExecuteStatement" => plain!(batch_execute_statement),
        "CreateTable" => plain!(create_table),
        "DeleteTable" => plain!(delete_table),
        "DescribeTable" => plain!(describe_table),
        "ListTables" => plain!(list_tables),
        "UpdateTable" => plain!(update_table),
        "UpdateTimeToLive" => plain!(update_time_to_live),
        "DescribeTimeToLive" => plain!(describe_time_to_live),
        "ListStreams" => plain!(list_streams),
        "DescribeStream" => plain!(describe_stream),
        "GetShardIterator" => plain!(get_shard_iterator),
        "GetRecords" => plain!(get_records),
        "TagResource" => plain!(tag_resource),
        "UntagResource" => plain!(untag_resource),
        "ListTagsOfResource" => plain!(list_tags_of_resource),
        _ => Err(DynoxideError::ValidationException(format!(
            "The operation {operation} is not part of the embedded DynamoDB"
        ))),
    }
}

/// Makes a table if it isn't there, and turns on its expiry.
pub(super) fn ensure_table(
    database: &Database,
    create: Value,
    ttl_attribute: Option<&str>,
) -> Result<()> {
    let name = create["TableName"].clone();
    if is_half_made(database, &create)? {
        database.delete_table(from_value(json!({ "TableName": name }))?)?;
    }
    if database
        .get_table_metadata(name.as_str().unwrap_or_default())?
        .is_none()
    {
        database.create_table(from_value(create)?)?;
    }
    let Some(attribute) = ttl_attribute else {
        return Ok(());
    };
    let state = database.describe_time_to_live(from_value(json!({ "TableName": name }))?)?;
    let state = serde_json::to_value(state).unwrap_or_default();
    if state["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED" {
        return Ok(());
    }
    database.update_time_to_live(from_value(json!({
        "TableName": name,
        "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
    }))?)?;
    Ok(())
}

/// Whether a start was killed while it made the table, to which then nobody has written: the engine first
/// notes it, then makes room for its rows, and turns the stream on last.
fn is_half_made(database: &Database, create: &Value) -> Result<bool> {
    let name = &create["TableName"];
    let noted = database.get_table_metadata(name.as_str().unwrap_or_default())?;
    if noted.is_none() {
        return Ok(false);
    }
    let rows = match database.scan(from_value(json!({ "TableName": name, "Limit": 1 }))?) {
        Ok(rows) => serde_json::to_value(rows).unwrap_or_default(),
        Err(error) if error.to_string().contains("no such table") => return Ok(true),
        Err(error) => return Err(error),
    };
    if rows["Count"] != 0 || create["StreamSpecification"]["StreamEnabled"] != true {
        return Ok(false);
    }
    let described = database.describe_table(from_value(json!({ "TableName": name }))?)?;
    let described = serde_json::to_value(described).unwrap_or_default();
    Ok(described["Table"]["LatestStreamArn"].is_null())
}

/// Reads a request; what the engine's readers say of a bad one is marked with the error's class.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))
}

pub(super) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| refused(&error.to_string()))
}

fn to_json(response: &impl Serialize) -> Result<String> {
    serde_json::to_string(response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn refused(message: &str) -> DynoxideError {
    let (class, text) = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"]
        .iter()
        .find_map(|mark| Some((true, message.strip_prefix(mark)?)))
        .or_else(|| {
            ["SERIALIZATION_AS_READ:", "SERIALIZATION:"]
                .iter()
                .find_map(|mark| Some((false, message.strip_prefix(mark)?)))
        })
        .unwrap_or((is_validation(message), message));
    let text = text
        .rsplit_once(" at line ")
        .map_or(text, |(text, _)| text)
        .to_owned();
    if class {
        DynoxideError::ValidationException(text)
    } else {
        DynoxideError::SerializationException(text)
    }
}

/// A field that is missing, null or unknown is invalid; one of another type can't be read at all.
fn is_validation(message: &str) -> bool {
    [
        "missing field",
        "unknown variant",
        "invalid type: null",
        "AttributeValue",
    ]
    .iter()
    .any(|part| message.contains(part))
}
