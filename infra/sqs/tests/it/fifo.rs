use aws_sdk_sqs::types::MessageSystemAttributeName as Name;

use crate::harness::{Queues, attribute, bodies};

#[tokio::test]
async fn messages_of_a_group_come_in_order_and_in_one_batch() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    for body in ["a1", "b1", "a2", "b2", "a3"] {
        queues.send_to(&url, &body[..1], body).await;
        queues.pass(1);
    }
    let received = queues.receive(&url).await;
    assert_eq!(bodies(&received), ["a1", "a2", "a3", "b1", "b2"]);
    let numbers: Vec<_> = received
        .iter()
        .map(|message| attribute(message, Name::SequenceNumber))
        .collect();
    assert!(numbers[..3].is_sorted() && numbers[3..].is_sorted());
    assert_eq!(attribute(&received[3], Name::MessageGroupId), "b");
    assert_eq!(attribute(&received[3], Name::MessageDeduplicationId), "b1");
}

#[tokio::test]
async fn a_group_is_locked_while_one_of_its_messages_is_in_flight() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    queues.send_to(&url, "a", "a1").await;
    let first = queues.receive(&url).await.remove(0);
    queues.send_to(&url, "a", "a2").await;
    queues.send_to(&url, "b", "b1").await;
    assert_eq!(queues.receive_bodies(&url).await, ["b1"]);
    queues.delete(&url, &first).await;
    assert_eq!(queues.receive_bodies(&url).await, ["a2"]);
}

#[tokio::test]
async fn a_group_waits_for_its_first_message_however_long_that_is_hidden() {
    let queues = Queues::start().await;
    let url = queues
        .queue("work.fifo", &[("VisibilityTimeout", "10")])
        .await;
    for body in ["1", "2", "3"] {
        queues.send_to(&url, "g", body).await;
    }
    let received = queues.receive(&url).await;
    queues.hide(&url, &received[0], 15).await;
    queues.pass(12);
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(3);
    assert_eq!(queues.receive_bodies(&url).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_failed_message_comes_back_before_those_behind_it() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    for body in ["1", "2", "3"] {
        queues.send_to(&url, "g", body).await;
    }
    let received = queues.receive(&url).await;
    queues.delete(&url, &received[0]).await;
    queues.hide(&url, &received[1], 0).await;
    assert!(
        queues.receive(&url).await.is_empty(),
        "the third is in flight"
    );
    queues.hide(&url, &received[2], 0).await;
    assert_eq!(queues.receive_bodies(&url).await, ["2", "3"]);
}

#[tokio::test]
async fn a_duplicate_within_five_minutes_is_answered_as_the_first_and_not_delivered() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    let send = |group| {
        queues
            .client
            .send_message()
            .queue_url(&url)
            .message_body("again")
            .message_group_id(group)
            .message_deduplication_id("same")
            .send()
    };
    let first = send("a").await.unwrap();
    let received = queues.receive(&url).await.remove(0);
    queues.delete(&url, &received).await;
    queues.pass(299);
    let second = send("b").await.unwrap();
    assert_eq!(second.message_id(), first.message_id());
    assert_eq!(second.sequence_number(), first.sequence_number());
    assert!(queues.receive(&url).await.is_empty());

    queues.pass(1);
    let third = send("a").await.unwrap();
    assert_ne!(third.message_id(), first.message_id());
    assert!(third.sequence_number() > first.sequence_number());
    assert_eq!(queues.receive_bodies(&url).await, ["again"]);
}

#[tokio::test]
async fn content_makes_a_duplicate_where_the_queue_says_so() {
    let queues = Queues::start().await;
    let url = queues
        .queue("work.fifo", &[("ContentBasedDeduplication", "true")])
        .await;
    for body in ["x", "x", "y"] {
        let request = queues.client.send_message().queue_url(&url);
        let request = request.message_body(body).message_group_id("g");
        request.send().await.unwrap();
    }
    let received = queues.receive(&url).await;
    assert_eq!(bodies(&received), ["x", "y"]);
    assert_eq!(
        attribute(&received[0], Name::MessageDeduplicationId),
        "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    );
}

#[tokio::test]
async fn duplicates_can_be_looked_for_within_each_group() {
    let queues = Queues::start().await;
    let attributes = [
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "messageGroup"),
    ];
    let url = queues.queue("work.fifo", &attributes).await;
    for group in ["a", "b", "a"] {
        let request = queues.client.send_message().queue_url(&url);
        let request = request.message_body("x").message_group_id(group);
        request.send().await.unwrap();
    }
    assert_eq!(queues.receive(&url).await.len(), 2);
}

#[tokio::test]
async fn an_expired_receipt_deletes_nothing() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    queues.send_to(&url, "g", "1").await;
    let received = queues.receive(&url).await.remove(0);
    queues.pass(30);
    let request = queues.client.delete_message().queue_url(&url);
    let refused = request
        .receipt_handle(received.receipt_handle().unwrap())
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(refused.meta().code(), Some("InvalidParameterValue"));
    assert_eq!(queues.receive_bodies(&url).await, ["1"]);
}

#[tokio::test]
async fn a_delayed_message_holds_up_those_behind_it_and_not_those_before_it() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[("DelaySeconds", "10")]).await;
    queues.send_to(&url, "g", "1").await;
    queues.pass(5);
    queues.send_to(&url, "g", "2").await;
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(5);
    assert_eq!(queues.receive_bodies(&url).await, ["1"]);
}

#[tokio::test]
async fn a_message_dropped_by_age_unlocks_its_group() {
    let queues = Queues::start().await;
    let attributes = [
        ("MessageRetentionPeriod", "60"),
        ("VisibilityTimeout", "600"),
    ];
    let url = queues.queue("work.fifo", &attributes).await;
    queues.send_to(&url, "g", "1").await;
    queues.receive(&url).await;
    queues.pass(30);
    queues.send_to(&url, "g", "2").await;
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(30);
    assert_eq!(queues.receive_bodies(&url).await, ["2"]);
}
