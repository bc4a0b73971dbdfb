use std::future::{Future, ready};
use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use sqs::{Code, QueueSettings, Redrive, SqsError};

use crate::harness::Queues;

/// Less than a wait of 20 seconds takes by itself: the clock of the tests stands still, so within
/// this time only what happens to the queue can end it.
const SOON: Duration = Duration::from_secs(10);

/// Lets the future begin, and makes sure that it has not ended.
async fn begin<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    tokio::select! {
        biased;
        _ = future => panic!("there is nothing to wait for"),
        () = ready(()) => {}
    }
}

async fn end<T>(future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(SOON, future).await;
    outcome.expect("the wait ends")
}

/// A receive that waits for up to 20 seconds of the clock.
async fn long_poll(queues: &Queues, url: &str) -> Result<Value, SqsError> {
    let request = json!({ "QueueUrl": url, "WaitTimeSeconds": 20 });
    queues.sqs.handle("ReceiveMessage", &request).await
}

fn body(reply: &Result<Value, SqsError>) -> Option<&str> {
    reply.as_ref().unwrap()["Messages"][0]["Body"].as_str()
}

#[tokio::test]
async fn a_long_poll_ends_at_once_when_a_message_is_sent() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let mut poll = pin!(long_poll(&queues, &url));
    begin(&mut poll).await;
    queues.send(&url, "here").await;
    assert_eq!(body(&end(poll).await), Some("here"));
}

#[tokio::test]
async fn a_long_poll_ends_empty_when_the_clock_says_so() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let mut poll = pin!(long_poll(&queues, &url));
    begin(&mut poll).await;
    queues.pass(19);
    begin(&mut poll).await;
    queues.pass(1);
    assert_eq!(end(poll).await.unwrap(), json!({}));
}

#[tokio::test]
async fn a_queue_can_have_its_receivers_wait() {
    let queues = Queues::start().await;
    let url = queues
        .queue("work", &[("ReceiveMessageWaitTimeSeconds", "5")])
        .await;
    let request = json!({ "QueueUrl": url });
    let mut poll = pin!(queues.sqs.handle("ReceiveMessage", &request));
    begin(&mut poll).await;
    queues.pass(5);
    assert_eq!(end(poll).await.unwrap(), json!({}));
}

#[tokio::test]
async fn a_moved_clock_ends_delays_and_timeouts_for_those_who_wait() {
    let queues = Queues::start().await;
    let url = queues
        .queue(
            "work",
            &[("DelaySeconds", "10"), ("VisibilityTimeout", "15")],
        )
        .await;
    queues.send(&url, "job").await;
    for seconds in [10, 15] {
        let mut poll = pin!(long_poll(&queues, &url));
        begin(&mut poll).await;
        queues.pass(seconds);
        assert_eq!(body(&end(poll).await), Some("job"));
    }
}

#[tokio::test]
async fn a_message_given_back_ends_a_wait() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    queues.send(&url, "again").await;
    let message = queues.receive(&url).await.remove(0);
    let mut poll = pin!(long_poll(&queues, &url));
    begin(&mut poll).await;
    queues.hide(&url, &message, 0).await;
    assert_eq!(body(&end(poll).await), Some("again"));
}

#[tokio::test]
async fn a_deleted_message_ends_the_wait_for_the_next_of_its_group() {
    let queues = Queues::start().await;
    let url = queues.queue("work.fifo", &[]).await;
    queues.send_to(&url, "g", "1").await;
    let first = queues.receive(&url).await.remove(0);
    queues.send_to(&url, "g", "2").await;
    let mut poll = pin!(long_poll(&queues, &url));
    begin(&mut poll).await;
    queues.delete(&url, &first).await;
    assert_eq!(body(&end(poll).await), Some("2"));
}

#[tokio::test]
async fn a_dead_letter_ends_the_wait_at_its_queue() {
    let queues = Queues::start().await;
    let dead = queues.queue("dead", &[]).await;
    let url = queues.queue("work", &[]).await;
    let redrive = Redrive {
        dead_letter_queue: "dead".into(),
        max_receive_count: 1,
    };
    let settings = QueueSettings {
        redrive: Some(redrive),
        ..QueueSettings::new("work")
    };
    queues.sqs.create_queue(&settings).unwrap();
    queues.send(&url, "poison").await;
    queues.receive(&url).await;
    queues.pass(30);

    let mut poll = pin!(long_poll(&queues, &dead));
    begin(&mut poll).await;
    assert!(queues.receive(&url).await.is_empty());
    assert_eq!(body(&end(poll).await), Some("poison"));
}

#[tokio::test]
async fn one_of_two_who_wait_gets_the_message_and_the_other_waits_on() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let mut first = pin!(long_poll(&queues, &url));
    let mut second = pin!(long_poll(&queues, &url));
    begin(&mut first).await;
    begin(&mut second).await;
    queues.send(&url, "one").await;
    assert_eq!(body(&end(first).await), Some("one"));
    begin(&mut second).await;
    queues.send(&url, "two").await;
    assert_eq!(body(&end(second).await), Some("two"));
}

#[tokio::test]
async fn one_in_the_same_process_can_wait_for_a_message() {
    let queues = Queues::start().await;
    let url = queues.queue("work", &[]).await;
    let mut wait = pin!(queues.sqs.wait_for_message("work"));
    begin(&mut wait).await;
    queues.send(&url, "here").await;
    end(wait).await.unwrap();
    assert_eq!(queues.sqs.receive("work", 100, None).unwrap().len(), 1);
}

#[tokio::test]
async fn a_queue_that_is_removed_ends_the_wait_for_it() {
    let queues = Queues::start().await;
    queues.queue("work", &[]).await;
    let mut wait = pin!(queues.sqs.wait_for_message("work"));
    begin(&mut wait).await;
    queues.sqs.delete_queue("work").unwrap();
    let gone = end(wait).await.unwrap_err();
    assert_eq!(gone.code(), Code::QueueDoesNotExist);
}
