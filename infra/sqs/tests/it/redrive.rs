use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName as Name};

use crate::harness::{FIFO_SUFFIX, Queues, START, attribute};

fn policy(dead_letters: &str) -> String {
    format!(
        r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:{dead_letters}","maxReceiveCount":"2"}}"#
    )
}

#[tokio::test]
async fn a_message_received_in_vain_too_often_moves_to_the_dead_letter_queue_as_it_is() {
    let queues = Queues::start().await;
    let dead = queues.queue("dead", &[]).await;
    let url = queues
        .queue("work", &[("RedrivePolicy", &policy("dead"))])
        .await;
    let color = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("red");
    let sent = queues
        .client
        .send_message()
        .queue_url(&url)
        .message_body("poison")
        .message_attributes("color", color.build().unwrap())
        .send()
        .await
        .unwrap();

    for _ in 0..2 {
        assert_eq!(queues.receive_bodies(&url).await, ["poison"]);
        assert!(queues.receive(&dead).await.is_empty());
        queues.pass(30);
    }
    assert!(queues.receive(&url).await.is_empty());
    assert_eq!(queues.sqs.counts("work").unwrap().total(), 0);

    let letter = queues.receive(&dead).await.remove(0);
    assert_eq!(letter.message_id(), sent.message_id());
    assert_eq!(letter.body(), Some("poison"));
    assert_eq!(
        letter.message_attributes().unwrap()["color"].string_value(),
        Some("red")
    );
    assert_eq!(attribute(&letter, Name::SentTimestamp), START.to_string());
    assert_eq!(attribute(&letter, Name::ApproximateReceiveCount), "3");
    assert_eq!(
        attribute(&letter, Name::DeadLetterQueueSourceArn),
        "arn:aws:sqs:us-east-1:000000000000:work"
    );
    queues.delete(&dead, &letter).await;
    assert_eq!(queues.sqs.counts("dead").unwrap().total(), 0);
}

#[tokio::test]
async fn a_receive_passes_over_poison_to_the_messages_behind_it() {
    let queues = Queues::start().await;
    queues.queue("dead.fifo", &[]).await;
    let url = queues
        .queue("work.fifo", &[("RedrivePolicy", &policy("dead.fifo"))])
        .await;
    queues.send_to(&url, "g", "poison").await;
    for _ in 0..2 {
        assert_eq!(queues.receive_bodies(&url).await, ["poison"]);
        queues.pass(30);
    }
    queues.send_to(&url, "g", "fine").await;
    assert_eq!(queues.receive_bodies(&url).await, ["fine"]);
    assert_eq!(queues.sqs.counts("dead.fifo").unwrap().visible, 1);
}

#[tokio::test]
async fn a_fifo_dead_letter_queue_keeps_group_and_order_of_arrival() {
    let queues = Queues::start().await;
    let dead = queues.queue("dead.fifo", &[]).await;
    let url = queues
        .queue("work.fifo", &[("RedrivePolicy", &policy("dead.fifo"))])
        .await;
    for body in ["1", "2"] {
        queues.send_to(&url, "g", body).await;
    }
    for _ in 0..3 {
        queues.receive(&url).await;
        queues.pass(30);
    }
    let letters = queues.receive(&dead).await;
    assert_eq!(crate::harness::bodies(&letters), ["1", "2"]);
    assert_eq!(attribute(&letters[0], Name::MessageGroupId), "g");
    queues.send_to(&url, "g", "3").await;
    assert_eq!(
        queues.receive_bodies(&url).await,
        ["3"],
        "the group is free"
    );
}

#[tokio::test]
async fn age_goes_on_in_a_standard_dead_letter_queue_and_begins_anew_in_a_fifo_one() {
    let queues = Queues::start().await;
    for (dead, work, left) in [("dead", "work", 0), ("dead.fifo", "work.fifo", 1)] {
        queues
            .queue(dead, &[("MessageRetentionPeriod", "120")])
            .await;
        let url = queues
            .queue(work, &[("RedrivePolicy", &policy(dead))])
            .await;
        if left == 0 {
            queues.send(&url, "poison").await;
        } else {
            queues.send_to(&url, "g", "poison").await;
        }
        for _ in 0..3 {
            queues.receive(&url).await;
            queues.pass(30);
        }
        assert_eq!(queues.sqs.counts(dead).unwrap().total(), 1);
        queues.pass(60);
        assert_eq!(queues.sqs.counts(dead).unwrap().total(), left, "{dead}");
    }
}

#[tokio::test]
async fn a_dead_letter_queue_must_exist_and_be_of_the_same_type() {
    let queues = Queues::start().await;
    queues.queue("dead", &[]).await;
    for (name, dead) in [("work", "nowhere"), ("work.fifo", "dead"), ("dead", "dead")] {
        let request = queues
            .client
            .create_queue()
            .queue_name(name)
            .attributes("RedrivePolicy".into(), policy(dead))
            .attributes("FifoQueue".into(), name.ends_with(FIFO_SUFFIX).to_string());
        assert!(request.send().await.is_err(), "{name} to {dead}");
    }
}
