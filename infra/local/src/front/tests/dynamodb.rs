use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Put, ReturnConsumedCapacity, TransactWriteItem,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::front::dynamodb::Expiry;

/// A table as Tenon's are.
async fn create_table(local: &Local, name: &str) {
    let create = json!({
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "vector_tenant", "AttributeType": "S" },
            { "AttributeName": "vector_project", "AttributeType": "S" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" },
        "VectorIndexes": [{
            "IndexName": "vectors",
            "VectorAttribute": { "AttributeName": "embedding" },
            "Dimensions": 3,
            "DistanceFunction": "COSINE",
            "SearchSchema": [
                { "AttributeName": "vector_tenant", "SearchSchemaElementType": "HASH" },
                { "AttributeName": "vector_project", "SearchSchemaElementType": "INLINE_FILTER" },
            ],
            "Projection": { "ProjectionType": "KEYS_ONLY" },
        }],
    });
    let dynamodb = &local.front.services().dynamodb;
    dynamodb
        .create_table(create.clone(), Some("ttl".to_owned()))
        .await
        .unwrap();
    dynamodb
        .create_table(create, Some("ttl".to_owned()))
        .await
        .unwrap();
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn put(table: &str, pk: &str, sk: &str) -> Put {
    Put::builder()
        .table_name(table)
        .item("pk", text(pk))
        .item("sk", text(sk))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_item_that_was_put_is_read_and_the_capacity_is_counted_but_not_told() {
    let local = Local::start().await;
    create_table(&local, "data").await;
    let client = local.dynamodb();
    let output = client
        .put_item()
        .table_name("data")
        .item("pk", text("a"))
        .item("sk", text("1"))
        .item("note", text(&"x".repeat(1500)))
        .send()
        .await
        .unwrap();
    assert!(output.consumed_capacity.is_none());
    let output = client
        .get_item()
        .table_name("data")
        .key("pk", text("a"))
        .key("sk", text("1"))
        .consistent_read(true)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(output.item.unwrap()["sk"], text("1"));
    assert_eq!(output.consumed_capacity.unwrap().capacity_units, Some(1.0));

    let calls = local.front.journal().calls();
    let seen: Vec<_> = calls
        .iter()
        .map(|call| {
            (
                call.operation.as_str(),
                call.units.read,
                call.units.write,
                call.status,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("PutItem", 0.0, 2.0, Some(200)),
            ("GetItem", 1.0, 0.0, Some(200))
        ]
    );
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_says_why_it_was_cancelled() {
    let local = Local::start().await;
    create_table(&local, "data").await;
    let client = local.dynamodb();
    let transact = |puts: Vec<Put>| {
        puts.into_iter()
            .fold(client.transact_write_items(), |request, put| {
                request.transact_items(TransactWriteItem::builder().put(put).build())
            })
    };
    transact(vec![put("data", "a", "1"), put("data", "a", "2")])
        .send()
        .await
        .unwrap();
    let error = transact(vec![put("data", "a", "3"), put("data", "a", "2")])
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}");
    };
    let codes: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap())
        .collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);

    let missing = ConditionCheck::builder()
        .table_name("data")
        .key("pk", text("a"))
        .key("sk", text("3"))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap();
    client
        .transact_write_items()
        .transact_items(
            TransactWriteItem::builder()
                .condition_check(missing)
                .build(),
        )
        .send()
        .await
        .unwrap();
    let transaction = &local.front.journal().calls()[0];
    assert!(
        (transaction.units.write - 4.0).abs() < f64::EPSILON,
        "{:?}",
        transaction.units
    );
}

#[tokio::test]
async fn the_nearest_vectors_of_a_tenant_and_project_are_found() {
    let local = Local::start().await;
    create_table(&local, "data").await;
    let client = local.dynamodb();
    let vector = |values: [f32; 3]| {
        values
            .iter()
            .map(|value| AttributeValue::N(value.to_string()))
            .collect::<Vec<_>>()
    };
    for (sk, tenant, values) in [
        ("near", "one", [1.0, 0.1, 0.0]),
        ("far", "one", [0.0, 1.0, 0.0]),
        ("other", "two", [1.0, 0.0, 0.0]),
    ] {
        client
            .put_item()
            .table_name("data")
            .item("pk", text("a"))
            .item("sk", text(sk))
            .item("vector_tenant", text(tenant))
            .item("vector_project", text("p"))
            .item("embedding", AttributeValue::L(vector(values)))
            .send()
            .await
            .unwrap();
    }
    let found = client
        .search_vectors()
        .table_name("data")
        .index_name("vectors")
        .set_search_vector(Some(vector([1.0, 0.0, 0.0])))
        .top_k(2)
        .search_condition_expression("vector_tenant = :tenant AND vector_project = :project")
        .expression_attribute_values(":tenant", text("one"))
        .expression_attribute_values(":project", text("p"))
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = found
        .search_results()
        .iter()
        .map(|item| format!("{item:?}"))
        .collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(
        keys[0].contains("near") && keys[1].contains("far"),
        "{keys:?}"
    );
    let call = local.front.journal().calls().pop().unwrap();
    assert!(call.units.search_bytes > 0.0);
}

#[tokio::test]
async fn expired_rows_go_when_the_clock_reaches_their_time() {
    let local = Local::start().await;
    create_table(&local, "ephemeral").await;
    let client = local.dynamodb();
    let now = local.clock.now() / 1000;
    for (sk, ttl) in [("soon", now + 60), ("later", now + 7200)] {
        client
            .put_item()
            .table_name("ephemeral")
            .item("pk", text("a"))
            .item("sk", text(sk))
            .item("ttl", AttributeValue::N(ttl.to_string()))
            .send()
            .await
            .unwrap();
    }
    let expiry = Expiry {
        table: "ephemeral".to_owned(),
        attribute: "ttl".to_owned(),
        keys: vec!["pk".to_owned(), "sk".to_owned()],
    };
    let dynamodb = local.front.services().dynamodb.clone();
    let (clock, shutdown) = (local.clock.clone(), CancellationToken::new());
    let upkeep = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { dynamodb.keep_up(vec![expiry], clock, shutdown).await }
    });
    local.clock.advance(Duration::from_secs(3600));
    let deadline = Instant::now() + Duration::from_secs(20);
    let left = loop {
        let rows = client
            .scan()
            .table_name("ephemeral")
            .send()
            .await
            .unwrap()
            .count;
        if rows == 1 || Instant::now() > deadline {
            break rows;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(left, 1);
    shutdown.cancel();
    upkeep.await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_on_the_same_folder() {
    let local = Local::start().await;
    create_table(&local, "data").await;
    let client = local.dynamodb();
    client
        .put_item()
        .table_name("data")
        .item("pk", text("a"))
        .item("sk", text("1"))
        .send()
        .await
        .unwrap();
    let again = DynamoDb::open(&local.folder.path().join("data/dynamodb.sqlite")).unwrap();
    let scan = json!({ "TableName": "data" }).to_string();
    let answer = again.call("Scan", scan.into()).await;
    assert_eq!(
        serde_json::from_str::<Value>(&answer.body).unwrap()["Count"],
        1
    );
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_secret_are_refused() {
    let local = Local::start().await;
    let code = |error: aws_sdk_dynamodb::error::SdkError<
        aws_sdk_dynamodb::operation::list_tables::ListTablesError,
    >| {
        use aws_sdk_dynamodb::error::ProvideErrorMetadata;
        error
            .into_service_error()
            .code()
            .unwrap_or_default()
            .to_owned()
    };
    local.dynamodb().list_tables().send().await.unwrap();
    let error = local
        .dynamodb_as("someone", SECRET_KEY)
        .list_tables()
        .send()
        .await;
    assert_eq!(code(error.unwrap_err()), "UnrecognizedClientException");
    let error = local
        .dynamodb_as(ACCESS_KEY, "guess")
        .list_tables()
        .send()
        .await;
    assert_eq!(code(error.unwrap_err()), "InvalidSignatureException");
    let unsigned = reqwest::Client::new()
        .post(&local.endpoint)
        .header("x-amz-target", "DynamoDB_20120810.ListTables")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(unsigned.status(), 400);
    assert!(
        unsigned
            .text()
            .await
            .unwrap()
            .contains("MissingAuthenticationTokenException")
    );
}

#[tokio::test]
async fn an_invalid_request_is_refused_as_dynamodb_does() {
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    let local = Local::start().await;
    create_table(&local, "data").await;
    let error = local
        .dynamodb()
        .put_item()
        .table_name("data")
        .item("pk", text(""))
        .item("sk", text("1"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(error.code(), Some("ValidationException"));
    let error = local
        .dynamodb()
        .describe_table()
        .table_name("nowhere")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
}
