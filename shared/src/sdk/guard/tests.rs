//! Every kind of call, for the request's own tenant and for another.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::execute_statement::ExecuteStatementInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_dynamodb::operation::search_vectors::SearchVectorsInput;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, DeleteRequest, Get, KeysAndAttributes, Put, PutRequest,
    TransactGetItem, TransactWriteItem, Update, WriteRequest,
};
use aws_sdk_s3::operation::delete_object::DeleteObjectInput;
use aws_sdk_s3::operation::get_object::GetObjectInput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Input;
use aws_sdk_s3::operation::put_object::PutObjectInput;
use aws_sdk_sqs::operation::send_message::SendMessageInput;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchInput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::*;
use crate::endpoint::Endpoint;
use crate::sdk::clock::Clock;
use crate::sdk::connections::{Connections, Environment};
use crate::sdk::request::Doors;

type Item = HashMap<String, AttributeValue>;

const BOUND: &str = "01900000-0000-7000-8000-00000000000a";
const OTHER: &str = "01900000-0000-7000-8000-00000000000b";

static ONE: Endpoint = Endpoint::queue("one");
static ALL: Endpoint = Endpoint::schedule("all").unbound();

async fn request_in(endpoint: &Endpoint, bound: Option<&str>) -> Arc<Request> {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("DATA_TABLE", "data"),
        ("IDENTITY_TABLE", "identity"),
        ("EPHEMERAL_TABLE", "ephemeral"),
        ("BUCKET", "files"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = Environment::from_iter(variables);
    let connections = Connections::open(endpoint, &environment, Clock::system()).await;
    let connections = connections.expect("it starts");
    let request = Request::new(connections, None, 10_000, Doors::default());
    if let Some(tenant) = bound {
        let tenant = tenant.parse().expect("it is an id");
        request.bind(tenant).expect("it is bound to none");
    }
    request
}

/// Calls of every kind that name something of `tenant`, and nothing else.
fn calls(tenant: &str) -> Vec<(&'static str, Look, Input)> {
    let key = || item(&format!("T#{tenant}#P#x"), "TASK#x");
    let table = "data";
    let value = AttributeValue::S(format!("T#{tenant}#P#x"));
    let rows: Look = super::rows;
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
    let path = format!("tenants/{tenant}/tasks/x");
    let objects: Look = super::objects::look;
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
    let messages: Look = super::messages::look;
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

#[tokio::test]
async fn a_call_for_another_tenant_is_refused_whatever_its_kind() {
    let (bound, other) = (id(BOUND), id(OTHER));
    let (request, nobody_s) = (
        request_in(&ONE, Some(BOUND)).await,
        request_in(&ONE, None).await,
    );
    let all = request_in(&ALL, None).await;
    for (kind, look, input) in calls(BOUND) {
        let judged = Guard::new(&request, look).judge(&input);
        assert!(judged.is_ok(), "{kind}: {judged:?}");
    }
    let calls = calls(OTHER);
    for (kind, look, input) in &calls {
        let refused = Refused::OtherTenant {
            named: other,
            bound,
        };
        assert_eq!(
            Guard::new(&request, *look).judge(input),
            Err(refused),
            "{kind}"
        );
        let refused = Refused::NoTenant(other);
        assert_eq!(
            Guard::new(&nobody_s, *look).judge(input),
            Err(refused),
            "{kind}"
        );
        assert_eq!(
            Guard::new(&all, *look).judge(input),
            Ok(Signer::Function),
            "{kind}"
        );
    }
    eprintln!("{} kinds of calls for another tenant, 0 sent", calls.len());
}

#[tokio::test]
async fn one_key_of_another_tenant_spoils_a_call() {
    let request = request_in(&ONE, Some(BOUND)).await;
    let [mine, theirs] = [BOUND, OTHER].map(|tenant| item(&format!("T#{tenant}#P#x"), "PROJECT"));
    let mut vector = mine.clone();
    vector.insert(
        "vector_tenant".to_owned(),
        AttributeValue::S(OTHER.to_owned()),
    );
    let nobody_s = |pk: &str| parts(&item(pk, "x")).remove(0).1;
    let [own, other] = [&mine, &theirs].map(|key| parts(key).remove(0).1);
    let refused = Err(Refused::OtherTenant {
        named: id(OTHER),
        bound: id(BOUND),
    });
    for (what, input) in [
        (
            "a batch",
            erased(
                BatchGetItemInput::builder()
                    .request_items("data", keys(vec![mine.clone(), theirs.clone()]))
                    .build(),
            ),
        ),
        (
            "a transaction",
            erased(
                TransactWriteItemsInput::builder()
                    .transact_items(own.clone())
                    .transact_items(other)
                    .build(),
            ),
        ),
        (
            "a vector",
            erased(
                PutItemInput::builder()
                    .table_name("data")
                    .set_item(Some(vector))
                    .build(),
            ),
        ),
    ] {
        assert_eq!(judge(&request, &input), refused, "{what}");
    }
    // A partition begun at another's key.
    let query = QueryInput::builder()
        .table_name("data")
        .key_condition_expression("pk = :pk");
    let query = query.expression_attribute_values(":pk", mine["pk"].clone());
    let query = erased(query.set_exclusive_start_key(Some(theirs)).build());
    assert_eq!(judge(&request, &query), Err(Refused::UnknownKey));
    // What is nobody's in `Ephemeral` is no key in `Data`.
    let mixed = TransactWriteItemsInput::builder()
        .transact_items(own)
        .transact_items(nobody_s("CONN#x"));
    assert_eq!(
        judge(&request, &erased(mixed.build())),
        Err(Refused::UnknownKey)
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let request = request_in(&ONE, Some(BOUND)).await;
    let own = || item(&format!("T#{BOUND}#P#x"), "PROJECT");
    let query = |condition: &str| {
        let query = QueryInput::builder()
            .table_name("data")
            .key_condition_expression(condition);
        let query = query.expression_attribute_names("#pk", "pk");
        erased(
            query
                .expression_attribute_values(":pk", own()["pk"].clone())
                .build(),
        )
    };
    let objects = |input: Input| Guard::new(&request, super::objects::look).judge(&input);
    let call = Err(Refused::UnknownCall);
    let (table, key) = (Err(Refused::UnknownTable), Err(Refused::UnknownKey));
    assert_eq!(
        judge(
            &request,
            &erased(ScanInput::builder().table_name("data").build())
        ),
        call
    );
    assert_eq!(
        judge(
            &request,
            &erased(ExecuteStatementInput::builder().statement("SELECT").build())
        ),
        call
    );
    assert_eq!(
        objects(erased(
            ListObjectsV2Input::builder().bucket("files").build()
        )),
        call
    );
    assert_eq!(
        judge(
            &request,
            &erased(
                GetItemInput::builder()
                    .table_name("other")
                    .set_key(Some(own()))
                    .build()
            )
        ),
        table
    );
    assert_eq!(
        objects(erased(
            GetObjectInput::builder()
                .bucket("x")
                .key(format!("tenants/{BOUND}/x"))
                .build()
        )),
        table
    );
    assert_eq!(
        objects(erased(
            GetObjectInput::builder().bucket("files").key("x").build()
        )),
        key
    );
    assert_eq!(
        judge(
            &request,
            &erased(GetItemInput::builder().table_name("data").build())
        ),
        key
    );
    assert_eq!(
        judge(&request, &erased(BatchGetItemInput::builder().build())),
        key
    );
    for condition in [
        "#pk = :pk",
        "sk > :sk AND pk = :pk",
        "pk = :other",
        "pk > :pk",
        "",
    ] {
        assert_eq!(judge(&request, &query(condition)), key, "{condition}");
    }
}

#[tokio::test]
async fn a_request_acts_in_one_tenant() {
    let request = request_in(&ONE, Some(BOUND)).await;
    assert!(request.bind(id(BOUND)).is_ok());
    let refused = request.bind(id(OTHER)).expect_err("it is another");
    assert_eq!(refused.code().status(), 500);
    assert_eq!(request.tenant(), Some(id(BOUND)));
    assert_eq!(request.renewed().tenant(), None);
}

fn judge(request: &Arc<Request>, input: &Input) -> Result<Signer, Refused> {
    Guard::new(request, super::rows).judge(input)
}

fn id(text: &str) -> TenantId {
    text.parse().expect("it is an id")
}

fn item(pk: &str, sk: &str) -> Item {
    [("pk", pk), ("sk", sk)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
        .into()
}

fn keys(keys: Vec<Item>) -> KeysAndAttributes {
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build();
    keys.expect("it has keys")
}

fn removal(key: Item) -> WriteRequest {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    WriteRequest::builder()
        .delete_request(delete.expect("it has a key"))
        .build()
}

fn storage(item: Item) -> WriteRequest {
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
fn parts(key: &Item) -> Vec<(&'static str, TransactWriteItem)> {
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

fn erased<T, E>(input: Result<T, E>) -> Input
where
    T: std::fmt::Debug + Send + Sync + 'static,
    E: std::fmt::Debug,
{
    Input::erase(input.expect("it is whole"))
}
