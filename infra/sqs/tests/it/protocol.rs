use std::collections::BTreeMap;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Change, DeleteMessageBatchRequestEntry as Delete,
    QueueAttributeName as Name, SendMessageBatchRequestEntry as Entry,
    SendMessageBatchResultEntry as Sent,
};
use serde_json::json;

use crate::harness::Queues;

fn entry(id: impl Into<String>, body: impl Into<String>) -> Entry {
    Entry::builder().id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn a_queue_that_does_not_exist_is_said_to_in_the_sdks_own_type() {
    let queues = Queues::start().await;
    let request = queues.client.send_message().message_body("lost");
    let error = request
        .queue_url("http://127.0.0.1:1/000000000000/nowhere")
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");

    let request = queues.client.get_queue_url().queue_name("nowhere");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
}

#[tokio::test]
async fn receipts_are_refused_with_the_reason() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let delete = queues.client.delete_message().queue_url(&url);
    let error = delete.receipt_handle("nonsense").send().await.unwrap_err();
    assert!(error.into_service_error().is_receipt_handle_is_invalid());

    queues.send(&url, "job").await;
    let message = queues.receive(&url).await.remove(0);
    let change = |seconds| {
        queues
            .client
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(message.receipt_handle().unwrap())
            .visibility_timeout(seconds)
            .send()
    };
    let error = change(43_201).await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    queues.pass(10);
    let error = change(43_195).await.unwrap_err().into_service_error();
    assert_eq!(
        error.code(),
        Some("InvalidParameterValue"),
        "12 hours in all"
    );
    change(0).await.unwrap();
    let error = change(10).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
}

#[tokio::test]
async fn a_batch_does_what_it_can_and_says_what_failed() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let late = Entry::builder()
        .id("late")
        .message_body("x")
        .delay_seconds(901);
    let sent = queues
        .client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("one", "1"))
        .entries(late.build().unwrap())
        .entries(entry("odd", "\u{1}"))
        .entries(entry("two", "2"))
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = sent.successful().iter().map(Sent::id).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(
        sent.successful()[0].md5_of_message_body(),
        "c4ca4238a0b923820dcc509a6f75849b"
    );
    let failed: BTreeMap<_, _> = sent.failed().iter().map(|f| (f.id(), f.code())).collect();
    assert_eq!(failed["late"], "InvalidParameterValue");
    assert_eq!(failed["odd"], "InvalidMessageContents");

    let received = queues.receive(&url).await;
    let receipt = |index: usize| received[index].receipt_handle().unwrap();
    let change = |id: &str, receipt: &str| {
        let change = Change::builder().id(id).receipt_handle(receipt);
        change.visibility_timeout(0).build().unwrap()
    };
    let changed = queues
        .client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(change("a", receipt(0)))
        .entries(change("b", "nonsense"))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful()[0].id(), "a");
    assert_eq!(changed.failed()[0].code(), "ReceiptHandleIsInvalid");

    let delete = |id: &str, receipt: &str| {
        Delete::builder()
            .id(id)
            .receipt_handle(receipt)
            .build()
            .unwrap()
    };
    let deleted = queues
        .client
        .delete_message_batch()
        .queue_url(&url)
        .entries(delete("a", receipt(0)))
        .entries(delete("b", receipt(1)))
        .entries(delete("c", "nonsense"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(deleted.failed()[0].id(), "c");
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 0);
}

#[tokio::test]
async fn a_batch_that_is_no_proper_batch_is_refused_as_a_whole() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let send = |entries: Vec<Entry>| {
        let request = queues.client.send_message_batch().queue_url(&url);
        request.set_entries(Some(entries)).send()
    };
    let refused = async |entries| send(entries).await.unwrap_err().into_service_error();

    assert!(refused(vec![]).await.is_empty_batch_request());
    let eleven = (0..11).map(|i| entry(i.to_string(), "x")).collect();
    assert!(refused(eleven).await.is_too_many_entries_in_batch_request());
    let same = vec![entry("a", "x"), entry("a", "y")];
    assert!(refused(same).await.is_batch_entry_ids_not_distinct());
    assert!(
        refused(vec![entry("a b", "x")])
            .await
            .is_invalid_batch_entry_id()
    );
    let half = "x".repeat(512 * 1024 + 1);
    let large = vec![entry("a", &half), entry("b", &half)];
    assert!(refused(large).await.is_batch_request_too_long());
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 0);
}

#[tokio::test]
async fn a_message_may_have_one_mebibyte_and_no_more() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let body = "x".repeat(1024 * 1024);
    queues.send(&url, &body).await;
    let received = queues.receive_bodies(&url).await;
    assert!(received.iter().eq([&body]));
    let request = queues.client.send_message().queue_url(&url);
    let error = request.message_body(body + "x").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn queues_are_made_found_described_changed_and_removed() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[("VisibilityTimeout", "45")]).await;
    assert_eq!(url, "http://127.0.0.1:1/000000000000/work");
    assert_eq!(queues.queue("work", &[]).await, url, "once more is fine");
    let request = queues.client.create_queue().queue_name("work");
    let other = request
        .attributes(Name::VisibilityTimeout, "46")
        .send()
        .await;
    assert!(
        other
            .unwrap_err()
            .into_service_error()
            .is_queue_name_exists()
    );
    queues.queue("other", &[]).await;

    let found = queues
        .client
        .get_queue_url()
        .queue_name("work")
        .send()
        .await
        .unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    let request = queues.client.list_queues().queue_name_prefix("wo");
    let listed = request.send().await.unwrap();
    assert!(listed.queue_urls().iter().eq([&url]));
    let pages: Vec<_> = queues
        .client
        .list_queues()
        .max_results(1)
        .into_paginator()
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .unwrap();
    assert_eq!(pages.len(), 2);

    let request = queues.client.set_queue_attributes().queue_url(&url);
    request
        .attributes(Name::DelaySeconds, "7")
        .send()
        .await
        .unwrap();
    queues.send(&url, "later").await;
    let request = queues.client.get_queue_attributes().queue_url(&url);
    let all = request.attribute_names(Name::All).send().await.unwrap();
    let all = all.attributes().unwrap();
    assert_eq!(all[&Name::VisibilityTimeout], "45");
    assert_eq!(all[&Name::DelaySeconds], "7");
    assert_eq!(all[&Name::MaximumMessageSize], "1048576");
    assert_eq!(all[&Name::ApproximateNumberOfMessagesDelayed], "1");
    assert_eq!(
        all[&Name::QueueArn],
        "arn:aws:sqs:us-east-1:000000000000:work"
    );
    let request = queues.client.get_queue_attributes().queue_url(&url);
    let some = request
        .attribute_names(Name::QueueArn)
        .send()
        .await
        .unwrap();
    assert_eq!(some.attributes().unwrap().len(), 1);

    queues
        .client
        .purge_queue()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 0);
    queues
        .client
        .delete_queue()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(queues.sqs.queues().len(), 1);
}

#[tokio::test]
async fn requests_out_of_shape_are_the_senders_fault() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    for (action, body, code) in [
        ("Nonsense", json!({}), "MalformedInput"),
        (
            "TagQueue",
            json!({}),
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
        ("SendMessage", json!({}), "MissingParameter"),
        (
            "SendMessage",
            json!({ "QueueUrl": url }),
            "MissingParameter",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": 1 }),
            "MalformedInput",
        ),
        ("SendMessage", json!([]), "MissingParameter"),
        (
            "DeleteMessage",
            json!({ "QueueUrl": url }),
            "MissingParameter",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": url, "MessageBody": "x", "DelaySeconds": -1 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "MaxNumberOfMessages": 11 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "WaitTimeSeconds": 21 }),
            "InvalidParameterValue",
        ),
        (
            "ReceiveMessage",
            json!({ "QueueUrl": url, "VisibilityTimeout": i64::MAX }),
            "InvalidParameterValue",
        ),
        (
            "GetQueueAttributes",
            json!({ "QueueUrl": url, "AttributeNames": ["Weight"] }),
            "InvalidAttributeName",
        ),
    ] {
        let error = queues.sqs.handle(action, &body).await.unwrap_err();
        assert_eq!(error.status(), 400, "{action} {body}");
        assert_eq!(
            error.query_error(),
            format!("{code};Sender"),
            "{action} {body}"
        );
    }
}
