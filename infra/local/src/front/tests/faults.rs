use std::time::Duration;

use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    operation::put_item::{PutItemError, PutItemOutput},
    types::AttributeValue,
};
use serde_json::json;

use super::*;
use crate::front::{Fault, FaultKind, Moment, Service};

async fn with_table() -> Local {
    let local = Local::start().await;
    let create = json!({
        "TableName": "data",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    local
        .front
        .services()
        .dynamodb
        .create_table(create, None)
        .await
        .unwrap();
    local
}

async fn put(local: &Local, trace: Option<&str>) -> Result<PutItemOutput, Option<PutItemError>> {
    let trace = trace.map(|trace| format!("Root={trace}"));
    let request = local
        .dynamodb()
        .put_item()
        .table_name("data")
        .item("pk", AttributeValue::S("a".to_owned()))
        .customize()
        .mutate_request(move |request| {
            if let Some(trace) = trace.clone() {
                request.headers_mut().insert("x-amzn-trace-id", trace);
            }
        })
        .send();
    match tokio::time::timeout(Duration::from_millis(500), request).await {
        Ok(answer) => answer.map_err(|error| Some(error.into_service_error())),
        Err(_) => Err(None),
    }
}

async fn rows(local: &Local) -> i32 {
    local
        .dynamodb()
        .scan()
        .table_name("data")
        .send()
        .await
        .unwrap()
        .count
}

#[tokio::test]
async fn a_throttled_call_has_had_no_effect() {
    let local = with_table().await;
    let armed = local.front.fault(
        Fault::new(FaultKind::Throttle)
            .service(Service::DynamoDb)
            .operation("PutItem"),
    );
    let error = put(&local, None).await.unwrap_err().unwrap();
    assert!(
        error.is_provisioned_throughput_exceeded_exception(),
        "{error:?}"
    );
    assert_eq!((rows(&local).await, armed.fired()), (0, 1));
    put(&local, None).await.unwrap();
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_effect() {
    for kind in [
        FaultKind::InternalError(Moment::AfterEffect),
        FaultKind::Timeout(Moment::AfterEffect),
    ] {
        let local = with_table().await;
        local.front.fault(Fault::new(kind));
        let error = put(&local, None).await.unwrap_err();
        let is_internal = error
            .as_ref()
            .is_some_and(PutItemError::is_internal_server_error);
        assert_eq!(
            is_internal,
            kind == FaultKind::InternalError(Moment::AfterEffect),
            "{error:?}"
        );
        assert_eq!(rows(&local).await, 1);
    }
}

#[tokio::test]
async fn or_before_it() {
    let local = with_table().await;
    local
        .front
        .fault(Fault::new(FaultKind::InternalError(Moment::BeforeEffect)));
    local
        .front
        .fault(Fault::new(FaultKind::Timeout(Moment::BeforeEffect)));
    local
        .front
        .fault(Fault::new(FaultKind::TransactionConflict));
    assert!(
        put(&local, None)
            .await
            .unwrap_err()
            .unwrap()
            .is_internal_server_error()
    );
    assert!(put(&local, None).await.unwrap_err().is_none());
    let error = put(&local, None).await.unwrap_err().unwrap();
    assert_eq!(error.code(), Some("TransactionConflictException"));
    assert_eq!(rows(&local).await, 0);
}

#[tokio::test]
async fn an_invocation_dies_when_its_kth_call_has_been_answered() {
    let local = with_table().await;
    let armed = local.front.fault(
        Fault::new(FaultKind::DieAfterReply)
            .function("create-task")
            .nth(2),
    );
    let other = local.front.journal().enter("1-other", "list-projects");
    let entry = local.front.journal().enter("1-mine", "create-task");
    put(&local, Some("1-other")).await.unwrap();
    put(&local, Some("1-other")).await.unwrap();
    put(&local, Some("1-mine")).await.unwrap();
    assert_eq!(armed.fired(), 0);
    assert!(put(&local, Some("1-mine")).await.unwrap_err().is_none());
    assert_eq!(armed.fired(), 1);
    tokio::time::timeout(Duration::from_secs(5), entry.invocation.died())
        .await
        .unwrap();
    assert_eq!(local.front.journal().calls_of("1-mine").len(), 2);
    drop(other);
}
