//! `@connections`, and what ends a connection.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures::SinkExt;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{
    Served, answering,
    client::{closed_with, next},
    eventually, ok,
};
use crate::gateway::{Settings, SocketLimits};

#[tokio::test]
async fn messages_are_pushed_at_once_and_whole() {
    let served = Served::with(ok).await;
    let mut client = served.connect().await;
    let id = served.connection_id().await;
    for size in [0, 5, 32 * 1024, 32 * 1024 + 1, 128 * 1024] {
        let text = "ä".repeat(size / 2) + &"x".repeat(size % 2);
        let (status, _) = served.at_connections(Method::POST, &id, text.clone()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(next(&mut client).await, Some(Message::text(text)));
    }
    let began = std::time::Instant::now();
    for n in 0..50 {
        served
            .at_connections(Method::POST, &id, n.to_string())
            .await;
        assert_eq!(next(&mut client).await, Some(Message::text(n.to_string())));
    }
    // Without TCP_NODELAY each of these would take some 40 ms.
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn connections_can_be_asked_about_and_deleted() {
    let served = Served::with(ok).await;
    let mut client = served.connect().await;
    let id = served.connection_id().await;
    served.clock.advance(Duration::from_mins(1));
    served.at_connections(Method::POST, &id, "last").await;
    let (status, info) = served.at_connections(Method::GET, &id, "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(info["identity"]["sourceIp"], "127.0.0.1");
    let times = ["connectedAt", "lastActiveAt"].map(|name| {
        let time = info[name].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(time)
            .expect("RFC 3339")
            .timestamp_millis()
    });
    assert!(times[1] - times[0] >= 60_000, "{info}");

    let (status, _) = served.at_connections(Method::DELETE, &id, "").await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(next(&mut client).await, Some(Message::text("last")));
    assert_eq!(closed_with(&mut client).await, 1000);
    for method in [Method::GET, Method::POST, Method::DELETE] {
        let (status, body) = served.at_connections(method, &id, "x").await;
        assert_eq!(status, StatusCode::GONE, "{body}");
    }
    let event = served.event("disconnect").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1000);
}

#[tokio::test]
async fn connections_refuse_what_is_too_large_or_no_id() {
    let served = Served::with(ok).await;
    let _client = served.connect().await;
    let id = served.connection_id().await;
    let (status, _) = served
        .at_connections(Method::POST, &id, "x".repeat(128 * 1024 + 1))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (status, _) = served.at_connections(Method::POST, "nonsense", "x").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = served
        .at_connections(Method::POST, &crate::gateway::id::new_id(), "x")
        .await;
    assert_eq!(status, StatusCode::GONE);
}

#[tokio::test]
async fn frames_and_messages_have_their_limits() {
    let served = Served::with(ok).await;
    let piece = |kind, last| {
        Message::Frame(Frame::message(
            "x".repeat(32 * 1024),
            OpCode::Data(kind),
            last,
        ))
    };
    let mut client = served.connect().await;
    for (n, kind) in [Data::Text, Data::Continue, Data::Continue, Data::Continue]
        .into_iter()
        .enumerate()
    {
        client.send(piece(kind, n == 3)).await.expect("sent");
    }
    let event = served.event("default").await;
    assert_eq!(event["body"].as_str().map(str::len), Some(128 * 1024));

    for n in 0..5 {
        let kind = if n == 0 { Data::Text } else { Data::Continue };
        client.send(piece(kind, n == 4)).await.expect("sent");
    }
    assert_eq!(closed_with(&mut client).await, 1009);

    let mut client = served.connect().await;
    client
        .send(Message::text("x".repeat(200 * 1024)))
        .await
        .expect("sent");
    assert_eq!(closed_with(&mut client).await, 1009);
}

#[tokio::test]
async fn a_binary_frame_ends_the_connection() {
    let served = Served::with(ok).await;
    let mut client = served.connect().await;
    client
        .send(Message::binary(vec![1, 2, 3]))
        .await
        .expect("sent");
    assert_eq!(closed_with(&mut client).await, 1003);
    assert!(served.events("default").is_empty());
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_the_clock_says_so() {
    let served = Served::with(ok).await;
    let mut client = served.connect().await;
    let id = served.connection_id().await;
    served.clock.advance(Duration::from_mins(9));
    served.at_connections(Method::POST, &id, "still here").await;
    served.clock.advance(Duration::from_mins(9));
    served.at_connections(Method::POST, &id, "and here").await;
    assert_eq!(next(&mut client).await, Some(Message::text("still here")));
    assert_eq!(next(&mut client).await, Some(Message::text("and here")));
    served.clock.advance(Duration::from_mins(10));
    assert_eq!(closed_with(&mut client).await, 1001);
    let event = served.event("disconnect").await;
    assert_eq!(event["requestContext"]["disconnectReason"], "Going away");
}

#[tokio::test]
async fn no_connection_outlives_its_lifetime() {
    let settings = Settings {
        socket: SocketLimits {
            idle: Duration::from_secs(100_000),
            ..SocketLimits::default()
        },
        ..Settings::default()
    };
    let served = Served::start(settings, answering(ok)).await;
    let mut client = served.connect().await;
    served.connection_id().await;
    served.clock.advance(Duration::from_hours(2));
    assert_eq!(closed_with(&mut client).await, 1001);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let served = Served::with(ok).await;
    let client = served.connect().await;
    let id = served.connection_id().await;
    let mut posts = 0;
    while served
        .at_connections(Method::POST, &id, "x".repeat(128 * 1024))
        .await
        .0
        == StatusCode::OK
    {
        posts += 1;
        assert!(posts < 10_000, "the queue has no bound");
        tokio::task::yield_now().await;
    }
    assert_eq!(served.gateway.connections.count(), 0);
    let event = served.event("disconnect").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1008);
    drop(client);
}

#[tokio::test]
async fn stopping_closes_every_connection_and_tells_the_functions() {
    let served = Served::with(ok).await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(served.connect().await);
    }
    eventually("five connections", || {
        (served.gateway.connections.count() == 5).then_some(())
    })
    .await;
    let gateway = served.gateway.clone();
    let stopping = tokio::spawn(async move { gateway.shut_down(Duration::from_secs(10)).await });
    for client in &mut clients {
        assert_eq!(closed_with(client).await, 1001);
    }
    drop(clients);
    stopping.await.expect("no panic");
    assert_eq!(served.refused().await, StatusCode::SERVICE_UNAVAILABLE);
    // The five, and the one that came too late.
    let told = || (served.events("disconnect").len() == 6).then_some(());
    eventually("six disconnects", told).await;
}
