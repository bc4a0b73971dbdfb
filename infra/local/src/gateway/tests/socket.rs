//! The WebSocket API.

use axum::http::StatusCode;
use futures::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::{
    Routes, Served, Settings, answering,
    client::{next, next_json},
    eventually, ok, routes,
};
use crate::template::RouteSelection;

#[tokio::test]
async fn connect_is_asked_before_the_upgrade() {
    let served = Served::with(ok).await;
    let mut request = served
        .socket_url("?ticket=a%20b&x=1&x=2")
        .into_client_request()
        .expect("a request");
    request
        .headers_mut()
        .insert("origin", "https://tenon.example".parse().expect("a value"));
    request
        .headers_mut()
        .insert("user-agent", "test".parse().expect("a value"));
    let _client = connect_async(request).await.expect("a connection");

    let mut event = served.event("connect").await;
    assert_eq!(event["headers"]["Origin"], "https://tenon.example");
    assert_eq!(event["headers"]["Sec-WebSocket-Version"], "13");
    assert_eq!(
        event["multiValueHeaders"]["Host"],
        json!([served.address.to_string()])
    );
    assert_eq!(
        event["queryStringParameters"],
        json!({"ticket": "a b", "x": "2"})
    );
    assert_eq!(
        event["multiValueQueryStringParameters"]["x"],
        json!(["1", "2"])
    );
    let context = event["requestContext"].take();
    assert_eq!(context["routeKey"], "$connect");
    assert_eq!(context["eventType"], "CONNECT");
    assert_eq!(context["messageDirection"], "IN");
    assert_eq!(context["connectionId"], served.connection_id().await);
    assert_eq!(context["connectedAt"], context["requestTimeEpoch"]);
    assert_eq!(
        context["identity"],
        json!({"userAgent": "test", "sourceIp": "127.0.0.1"})
    );
    assert_eq!(
        (&context["stage"], &context["domainName"]),
        (&json!("ws"), &json!("127.0.0.1"))
    );
    assert!(event.get("body").is_none());
}

#[tokio::test]
async fn a_refused_connect_answers_with_its_status_and_leaves_nothing() {
    for status in [401, 403, 410, 500] {
        let served = Served::with(move |_, _| json!({"statusCode": status})).await;
        assert_eq!(served.refused().await.as_u16(), status);
        assert_eq!(served.gateway.connections.count(), 0);
        assert!(served.events("disconnect").is_empty());
    }
}

#[tokio::test]
async fn a_failed_or_malformed_connect_is_a_502() {
    for answer in [
        json!({"fails": "on purpose"}),
        json!({"no": "status"}),
        Value::Null,
    ] {
        let served = Served::with(move |_, _| answer.clone()).await;
        assert_eq!(served.refused().await, StatusCode::BAD_GATEWAY);
    }
}

#[tokio::test]
async fn a_request_without_an_upgrade_is_told_to_upgrade() {
    let served = Served::with(ok).await;
    let response = reqwest::get(served.url("/ws")).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn the_subprotocol_is_the_functions_choice() {
    let served = Served::with(
        |_, _| json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "tenon"}}),
    )
    .await;
    let mut request = served
        .socket_url("")
        .into_client_request()
        .expect("a request");
    request.headers_mut().insert(
        "sec-websocket-protocol",
        "other, tenon".parse().expect("a value"),
    );
    let (_client, response) = connect_async(request).await.expect("a connection");
    assert_eq!(response.headers()["sec-websocket-protocol"], "tenon");
}

#[tokio::test]
async fn what_a_message_names_chooses_its_route() {
    let served = Served::with(|function, event| {
        let body = json!({"from": function, "body": event["body"]}).to_string();
        json!({"statusCode": 200, "body": body})
    })
    .await;
    let mut client = served.connect().await;
    // The route `ping` has a route response, `$default` has none.
    client
        .send(Message::text(r#"{"action":"ping"}"#))
        .await
        .expect("sent");
    assert_eq!(
        next_json(&mut client).await,
        json!({"from": "ping", "body": r#"{"action":"ping"}"#})
    );
    let event = served.event("ping").await;
    let context = &event["requestContext"];
    assert_eq!(
        (&context["routeKey"], &context["eventType"]),
        (&json!("ping"), &json!("MESSAGE"))
    );
    assert!(context["messageId"].is_string());
    assert_eq!(event["isBase64Encoded"], false);

    for text in [
        "no json",
        r#"{"action":"unknown"}"#,
        r#"{"action":7}"#,
        "[]",
        r#"{"action":"$disconnect"}"#,
    ] {
        client.send(Message::text(text)).await.expect("sent");
    }
    let count = || (served.events("default").len() == 5).then_some(());
    eventually("five messages", count).await;
    assert!(served.events("disconnect").is_empty());
    client
        .send(Message::text(r#"{"action":"ping"}"#))
        .await
        .expect("sent");
    assert_eq!(next_json(&mut client).await["from"], "ping");
}

#[tokio::test]
async fn a_route_is_named_where_the_selection_says() {
    let routes = Routes {
        selection: RouteSelection::parse("$request.body.do.what"),
        ..routes()
    };
    let served = Served::start_on(&routes, Settings::default(), answering(ok)).await;
    let mut client = served.connect().await;
    for text in [r#"{"action":"ping"}"#, r#"{"do":{"what":"ping"}}"#] {
        client.send(Message::text(text)).await.expect("sent");
    }
    assert_eq!(
        served.event("default").await["body"],
        r#"{"action":"ping"}"#
    );
    assert_eq!(
        served.event("ping").await["body"],
        r#"{"do":{"what":"ping"}}"#
    );
}

#[tokio::test]
async fn a_failing_route_sends_the_gateways_error_frame() {
    let served = Served::with(|function, _| match function {
        "default" => json!({"fails": "on purpose"}),
        "ping" => json!({"no": "status"}),
        _ => json!({"statusCode": 200}),
    })
    .await;
    let mut client = served.connect().await;
    let id = served.connection_id().await;
    for text in ["x", r#"{"action":"ping"}"#] {
        client.send(Message::text(text)).await.expect("sent");
        let frame = next_json(&mut client).await;
        assert_eq!(frame["message"], "Internal server error");
        assert_eq!(frame["connectionId"], id);
        assert!(frame["requestId"].is_string());
    }
}

#[tokio::test]
async fn disconnect_is_told_how_the_client_left() {
    for (frame, status, reason) in [
        (
            Some(CloseFrame {
                code: CloseCode::Library(4001),
                reason: "bye".into(),
            }),
            4001,
            "bye",
        ),
        (None, 1005, "Client-side close frame status not set"),
    ] {
        let served = Served::with(ok).await;
        let mut client = served.connect().await;
        client.close(frame).await.expect("closed");
        let event = served.event("disconnect").await;
        let context = &event["requestContext"];
        assert_eq!(context["eventType"], "DISCONNECT");
        assert_eq!(context["disconnectStatusCode"], status);
        assert_eq!(context["disconnectReason"], reason);
        assert_eq!(served.gateway.connections.count(), 0);
    }
    let served = Served::with(ok).await;
    drop(served.connect().await);
    let event = served.event("disconnect").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 1006);
}

#[tokio::test]
async fn pings_are_answered() {
    let served = Served::with(ok).await;
    let mut client = served.connect().await;
    client.send(Message::Ping("hi".into())).await.expect("sent");
    assert_eq!(next(&mut client).await, Some(Message::Pong("hi".into())));
}
