use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as Name, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue,
};

use crate::harness::{Queues, START, attribute};

/// What the service returns for the three attributes below.
const MD5_OF_ATTRIBUTES: &str = "c932db14a896c663f83c260297d594ff";
/// And for the first of them alone.
const MD5_OF_FIRST_ATTRIBUTE: &str = "19e27d4e946b072f3f58da80d94fd778";

fn attribute_value(kind: &str, text: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder().data_type(kind);
    value.string_value(text).build().unwrap()
}

async fn send_with_attributes(queues: &Queues, url: &str) {
    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new("Hello binary world!"))
        .build()
        .unwrap();
    let number = attribute_value("Number.float", "4563442423554324324264524243.32543234");
    let sent = queues
        .client
        .send_message()
        .queue_url(url)
        .message_body("hello world")
        .message_attributes("attribName1", attribute_value("String", "attribValue 1"))
        .message_attributes("customNumberTypeAttrib", number)
        .message_attributes("binaryAttribute", bytes)
        .message_system_attributes(
            MessageSystemAttributeNameForSends::AwsTraceHeader,
            MessageSystemAttributeValue::builder()
                .data_type("String")
                .string_value("Root=1-5759e988-bd862e3fe1be46a994272793")
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.md5_of_message_body().unwrap(),
        "5eb63bbbe01eeed093cb22bb8f5acdc3"
    );
    assert_eq!(sent.md5_of_message_attributes().unwrap(), MD5_OF_ATTRIBUTES);
    assert!(sent.md5_of_message_system_attributes().is_some());
    assert_eq!(sent.sequence_number(), None);
}

#[tokio::test]
async fn a_message_arrives_with_its_attributes_and_digests() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    send_with_attributes(&queues, &url).await;
    queues.pass(2);

    let received = queues.receive(&url).await;
    let [message] = received.as_slice() else {
        panic!("{received:?}");
    };
    assert_eq!(message.body(), Some("hello world"));
    assert_eq!(
        message.md5_of_body().unwrap(),
        "5eb63bbbe01eeed093cb22bb8f5acdc3"
    );
    assert_eq!(
        message.md5_of_message_attributes().unwrap(),
        MD5_OF_ATTRIBUTES
    );
    let attributes = message.message_attributes().unwrap();
    assert_eq!(
        attributes["attribName1"].string_value(),
        Some("attribValue 1")
    );
    assert_eq!(
        attributes["customNumberTypeAttrib"].data_type(),
        "Number.float"
    );
    let bytes = attributes["binaryAttribute"].binary_value().unwrap();
    assert_eq!(bytes.as_ref(), b"Hello binary world!");
    assert_eq!(attribute(message, Name::SentTimestamp), START.to_string());
    assert_eq!(
        attribute(message, Name::ApproximateFirstReceiveTimestamp),
        (START + 2000).to_string()
    );
    assert_eq!(attribute(message, Name::ApproximateReceiveCount), "1");
    assert_eq!(
        attribute(message, Name::AwsTraceHeader),
        "Root=1-5759e988-bd862e3fe1be46a994272793"
    );
}

#[tokio::test]
async fn a_receiver_gets_only_the_attributes_it_asks_for() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[("VisibilityTimeout", "0")]).await;
    send_with_attributes(&queues, &url).await;

    let bare = queues
        .client
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    let bare = &bare.messages()[0];
    assert!(bare.attributes().is_none() && bare.message_attributes().is_none());
    assert!(bare.md5_of_message_attributes().is_none());

    let some = queues
        .client
        .receive_message()
        .queue_url(&url)
        .message_attribute_names("attrib.*")
        .message_system_attribute_names(Name::ApproximateReceiveCount)
        .send()
        .await
        .unwrap();
    let some = &some.messages()[0];
    assert_eq!(some.attributes().unwrap().len(), 1);
    assert_eq!(some.message_attributes().unwrap().len(), 1);
    assert_eq!(
        some.md5_of_message_attributes().unwrap(),
        MD5_OF_FIRST_ATTRIBUTE
    );
}

#[tokio::test]
async fn a_received_message_is_hidden_until_its_timeout_ends_and_keeps_its_id() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[("VisibilityTimeout", "30")]).await;
    let id = queues.send(&url, "job").await;

    let first = queues.receive(&url).await.remove(0);
    queues.pass(29);
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(1);
    let second = queues.receive(&url).await.remove(0);
    assert_eq!(second.message_id(), Some(id.as_str()));
    assert_ne!(second.receipt_handle(), first.receipt_handle());
    assert_eq!(attribute(&second, Name::ApproximateReceiveCount), "2");
    assert_eq!(
        attribute(&second, Name::ApproximateFirstReceiveTimestamp),
        START.to_string()
    );
}

#[tokio::test]
async fn a_message_can_be_given_back_or_kept_longer() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    queues.send(&url, "job").await;

    let message = queues.receive(&url).await.remove(0);
    queues.hide(&url, &message, 0).await;
    let message = queues.receive(&url).await.remove(0);
    queues.hide(&url, &message, 100).await;
    queues.pass(99);
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(1);
    assert_eq!(queues.receive_bodies(&url).await, ["job"]);
}

#[tokio::test]
async fn a_deleted_message_is_gone_and_an_old_receipt_deletes_nothing() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    queues.send(&url, "job").await;

    let first = queues.receive(&url).await.remove(0);
    queues.pass(30);
    let second = queues.receive(&url).await.remove(0);
    queues.delete(&url, &first).await;
    assert_eq!(queues.sqs.counts("work").unwrap().in_flight, 1);
    queues.delete(&url, &second).await;
    queues.delete(&url, &second).await;
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 0);
}

#[tokio::test]
async fn a_delayed_message_is_not_seen_before_its_time() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[("DelaySeconds", "5")]).await;
    let request = queues.client.send_message().queue_url(&url);
    request
        .message_body("later")
        .delay_seconds(900)
        .send()
        .await
        .unwrap();
    queues.send(&url, "soon").await;
    let counts = queues.sqs.counts("work").unwrap();
    assert_eq!(
        (counts.visible, counts.in_flight, counts.delayed),
        (0, 0, 2)
    );

    queues.pass(4);
    assert!(queues.receive(&url).await.is_empty());
    queues.pass(1);
    assert_eq!(queues.receive_bodies(&url).await, ["soon"]);
    queues.pass(895);
    let counts = queues.sqs.counts("work").unwrap();
    assert_eq!(
        (counts.visible, counts.in_flight, counts.delayed),
        (2, 0, 0)
    );
}

#[tokio::test]
async fn messages_come_in_about_the_order_they_were_sent_in() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    for body in ["a", "b", "c"] {
        queues.send(&url, body).await;
    }
    assert_eq!(queues.receive_bodies(&url).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_message_is_dropped_when_its_retention_is_over() {
    let queues = Queues::start().await;
    let url = queues
        .queue("work", &[("MessageRetentionPeriod", "60")])
        .await;
    queues.send(&url, "old").await;
    queues.pass(59);
    queues.send(&url, "young").await;
    queues.pass(1);
    assert_eq!(queues.receive_bodies(&url).await, ["young"]);
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 1);
}
