//! Calls, as the SDK is asked for them.

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
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest,
    TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadInput;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadInput;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadInput;
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::head_object::HeadObjectInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::list_parts::ListPartsInput;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_sdk_s3::operation::upload_part::UploadPartInput;
use aws_sdk_s3::types::{Delete as DeleteAll, ObjectIdentifier};
use aws_sdk_sqs::operation::send_message::SendMessageInput;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchInput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::super::Look;
use aws_smithy_runtime_api::client::interceptors::context::Input;

type Item = HashMap<String, AttributeValue>;

/// Calls of every kind that name something of `tenant`, and nothing else.
#[expect(
    clippy::too_many_lines,
    reason = "it is a list, one call after the other"
)]
pub(super) fn calls(tenant: &str) -> Vec<(&'static str, Look, Input)> {
    let key = || item(&format!("T#{tenant}#P#x"), "TASK#x");
    let table = "data";
    let value = AttributeValue::S(format!("T#{tenant}#P#x"));
    let rows: Look = crate::sdk::guard::rows;
    let mut calls = vec![
        (
            "GetItem",
            rows,
            erased(
                GetItemInput::builder()
                    .table_name(table)
                    .set_key(Some(key()))
                    .build(),
            ),
        ),
        (
            "PutItem",
            rows,
            erased(
                PutItemInput::builder()
                    .table_name(table)
                    .set_item(Some(key()))
                    .build(),
            ),
        ),
        (
            "UpdateItem",
            rows,
            erased(
                UpdateItemInput::builder()
                    .table_name(table)
                    .set_key(Some(key()))
                    .build(),
            ),
        ),
        (
            "DeleteItem",
            rows,
            erased(
                DeleteItemInput::builder()
                    .table_name(table)
                    .set_key(Some(key()))
                    .build(),
            ),
        ),
        (
            "BatchGetItem",
            rows,
            erased(
                BatchGetItemInput::builder()
                    .request_items(table, keys(vec![key()]))
                    .build(),
            ),
        ),
        (
            "BatchWriteItem Delete",
            rows,
            erased(
                BatchWriteItemInput::builder()
                    .request_items(table, vec![removal(key())])
                    .build(),
            ),
        ),
        (
            "BatchWriteItem Put",
            rows,
            erased(
                BatchWriteItemInput::builder()
                    .request_items(table, vec![storage(key())])
                    .build(),
            ),
        ),
        (
            "TransactGetItems",
            rows,
            erased(
                TransactGetItemsInput::builder()
                    .transact_items(got(key()))
                    .build(),
            ),
        ),
        (
            "Query",
            rows,
            erased(
                QueryInput::builder()
                    .table_name(table)
                    .key_condition_expression("pk = :pk AND sk < :sk")
                    .expression_attribute_values(":pk", value.clone())
                    .build(),
            ),
        ),
        (
            "Query lsi1",
            rows,
            erased(
                QueryInput::builder()
                    .table_name(table)
                    .index_name("lsi1")
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", value)
                    .build(),
            ),
        ),
        (
            "SearchVectors",
            rows,
            erased(
                SearchVectorsInput::builder()
                    .table_name(table)
                    .search_condition_expression("vector_tenant = :t AND vector_project = :p")
                    .expression_attribute_values(":t", AttributeValue::S(tenant.to_owned()))
                    .build(),
            ),
        ),
    ];
    for (kind, part) in parts(&key()) {
        let call = TransactWriteItemsInput::builder().transact_items(part);
        calls.push((kind, rows, erased(call.build())));
    }
    calls.extend(elsewhere(tenant));
    calls.extend(messages_and_objects(tenant));
    calls
}

/// What is a tenant's in the other tables, and in partitions that tenants share.
fn elsewhere(tenant: &str) -> Vec<(&'static str, Look, Input)> {
    let rows: Look = crate::sdk::guard::rows;
    let mut calls = Vec::new();
    for (kind, table, pk, sk) in [
        (
            "a cache",
            "ephemeral",
            format!("T#{tenant}#CACHE#x"),
            "VALUE".to_owned(),
        ),
        (
            "a room",
            "ephemeral",
            format!("T#{tenant}#ROOM#x"),
            "CURSOR".to_owned(),
        ),
        (
            "a note of a change",
            "ephemeral",
            "CHANGES#1".to_owned(),
            format!("1#{tenant}#x#1"),
        ),
        (
            "a note of a deleted project",
            "ephemeral",
            "PURGES#1".to_owned(),
            format!("1#{tenant}#x"),
        ),
        (
            "a note of what is due",
            "ephemeral",
            "DUE#1".to_owned(),
            format!("1#{tenant}#x#y"),
        ),
        (
            "a note of a file",
            "ephemeral",
            "UPLOADS#1".to_owned(),
            format!("tenants/{tenant}/x"),
        ),
        (
            "a profile",
            "identity",
            format!("TENANT#{tenant}"),
            "TENANT".to_owned(),
        ),
    ] {
        let call = PutItemInput::builder()
            .table_name(table)
            .set_item(Some(item(&pk, &sk)));
        calls.push((kind, rows, erased(call.build())));
    }
    calls
}

fn messages_and_objects(tenant: &str) -> Vec<(&'static str, Look, Input)> {
    let mut calls = Vec::new();
    let path = format!("tenants/{tenant}/tasks/x");
    let objects: Look = crate::sdk::guard::objects::look;
    calls.push((
        "PutObject",
        objects,
        erased(PutObjectInput::builder().bucket("files").key(&path).build()),
    ));
    calls.push((
        "GetObject",
        objects,
        erased(GetObjectInput::builder().bucket("files").key(&path).build()),
    ));
    calls.push((
        "DeleteObject",
        objects,
        erased(
            DeleteObjectInput::builder()
                .bucket("files")
                .key(&path)
                .build(),
        ),
    ));
    let object = ObjectIdentifier::builder().key(&path).build();
    let all = DeleteAll::builder().objects(object.expect("it has a key"));
    calls.push((
        "DeleteObjects",
        objects,
        erased(
            DeleteObjectsInput::builder()
                .bucket("files")
                .delete(all.build().expect("it has objects"))
                .build(),
        ),
    ));
    calls.push((
        "ListObjectsV2",
        objects,
        erased(
            ListObjectsV2Input::builder()
                .bucket("files")
                .prefix(format!("tenants/{tenant}/"))
                .build(),
        ),
    ));
    macro_rules! of_an_upload {
        ($($kind:literal: $input:ident),+ $(,)?) => {
            $(calls.push((
                $kind,
                objects,
                erased($input::builder().bucket("files").key(&path).build()),
            ));)+
        };
    }
    of_an_upload! {
        "HeadObject": HeadObjectInput,
        "CreateMultipartUpload": CreateMultipartUploadInput,
        "UploadPart": UploadPartInput,
        "ListParts": ListPartsInput,
        "CompleteMultipartUpload": CompleteMultipartUploadInput,
        "AbortMultipartUpload": AbortMultipartUploadInput,
    }
    let messages: Look = crate::sdk::guard::messages::look;
    let group = format!("{tenant}/project/x");
    let entry = SendMessageBatchRequestEntry::builder()
        .id("1")
        .message_group_id(&group)
        .message_body("x")
        .build();
    let entry = entry.expect("it is whole");
    calls.push((
        "SendMessage",
        messages,
        erased(SendMessageInput::builder().message_group_id(&group).build()),
    ));
    calls.push((
        "SendMessageBatch",
        messages,
        erased(SendMessageBatchInput::builder().entries(entry).build()),
    ));
    calls
}

pub(super) fn item(pk: &str, sk: &str) -> Item {
    [("pk", pk), ("sk", sk)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
        .into()
}

pub(super) fn keys(keys: Vec<Item>) -> KeysAndAttributes {
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build();
    keys.expect("it has keys")
}

pub(super) fn removal(key: Item) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    WriteRequest::builder()
        .delete_request(delete.expect("it has a key"))
        .build()
}

pub(super) fn storage(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build();
    WriteRequest::builder()
        .put_request(put.expect("it has an item"))
        .build()
}

fn got(key: Item) -> TransactGetItem {
    let get = Get::builder().table_name("data").set_key(Some(key)).build();
    TransactGetItem::builder()
        .get(get.expect("it is whole"))
        .build()
}

/// Each kind of part that a transaction can have.
pub(super) fn parts(key: &Item) -> Vec<(&'static str, TransactWriteItem)> {
    let (table, key) = ("data", Some(key.clone()));
    let put = Put::builder()
        .table_name(table)
        .set_item(key.clone())
        .build();
    let update = Update::builder().table_name(table).set_key(key.clone());
    let update = update.update_expression("REMOVE x").build();
    let delete = Delete::builder()
        .table_name(table)
        .set_key(key.clone())
        .build();
    let check = ConditionCheck::builder().table_name(table).set_key(key);
    let check = check.condition_expression("x").build();
    let part = TransactWriteItem::builder;
    vec![
        (
            "TransactWriteItems Put",
            part().put(put.expect("it is whole")).build(),
        ),
        (
            "TransactWriteItems Update",
            part().update(update.expect("it is whole")).build(),
        ),
        (
            "TransactWriteItems Delete",
            part().delete(delete.expect("it is whole")).build(),
        ),
        (
            "TransactWriteItems ConditionCheck",
            part().condition_check(check.expect("it is whole")).build(),
        ),
    ]
}

pub(super) fn erased<T, E>(input: Result<T, E>) -> Input
where
    T: std::fmt::Debug + Send + Sync + 'static,
    E: std::fmt::Debug,
{
    Input::erase(input.expect("it is whole"))
}
