//! Realtime: what happens in a project reaches those who listen, in order.

use std::time::Duration;

use serde_json::json;
use tests::{App, Socket};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[tokio::test]
async fn who_listens_to_a_project_hears_of_each_task_in_order() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let mut socket = ada.connect().await;
    let since = socket.subscribe(&apollo).await;
    assert_eq!(since, 1);

    let first = ada.task(&apollo, "One").await;
    ada.task(&apollo, "Two").await;
    let events = socket.events_until(since, 3).await;
    assert_eq!(
        events[0],
        json!({
            "type": "task:created",
            "room": format!("project/{apollo}"),
            "seq": 2,
            "data": { "id": first, "projectId": apollo, "title": "One" },
        })
    );
    assert_eq!(events[1]["seq"], 3);
    assert_eq!(events[1]["data"]["title"], "Two");
}

#[tokio::test]
async fn many_listeners_and_many_writers_hear_every_event_without_a_gap() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        let mut socket = ada.connect().await;
        socket.subscribe(&apollo).await;
        sockets.push(socket);
    }
    futures::future::join_all((0..20).map(|_| ada.task(&apollo, "Count down"))).await;
    for socket in &mut sockets {
        let seqs: Vec<_> = socket
            .events_until(1, 21)
            .await
            .iter()
            .map(|event| event["seq"].as_u64().expect("it is a number"))
            .collect();
        assert_eq!(seqs, (2..=21).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_ticket_opens_one_connection_and_only_for_thirty_seconds() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let connect = async |ticket: &str| {
        let request = ada.socket_url(ticket).into_client_request();
        Socket::refused(request.expect("it is a URL")).await
    };
    let ticket = ada.ticket().await;
    let _open = Socket::connect(&ada.socket_url(&ticket)).await;
    assert_eq!(connect(&ticket).await, 401);

    let late = ada.ticket().await;
    app.advance(Duration::from_secs(31));
    assert_eq!(connect(&late).await, 401);
    assert_eq!(connect("nonsense").await, 401);
    assert_eq!(connect("").await, 401);
}

#[tokio::test]
async fn a_page_of_another_origin_can_not_connect() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let ticket = ada.ticket().await;
    let mut request = ada
        .socket_url(&ticket)
        .into_client_request()
        .expect("it is a URL");
    request.headers_mut().insert(
        "origin",
        "https://evil.example".parse().expect("it is a header"),
    );
    assert_eq!(Socket::refused(request).await, 403);
    // The ticket was not spent on it.
    Socket::connect(&ada.socket_url(&ticket)).await;
}

#[tokio::test]
async fn the_room_of_anothers_project_answers_as_one_that_does_not_exist() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let apollo = ada.project("Apollo").await;
    let mut socket = eve.connect().await;
    let mut enter = async |project: &str| {
        let room = format!("project/{project}");
        let mut answer = socket
            .ask(json!({ "action": "subscribe", "room": room }))
            .await;
        answer["error"]["request_id"] = json!(null);
        answer
    };
    let anothers = enter(&apollo).await;
    assert_eq!(anothers["type"], "error");
    assert_eq!(anothers["error"]["code"], "NOT_FOUND");
    assert_eq!(
        anothers,
        enter("01900000-0000-7000-8000-000000000000").await
    );
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_its_messages() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut socket = ada.connect().await;
    assert_eq!(
        socket.ask(json!({ "action": "ping" })).await,
        json!({ "type": "pong" })
    );

    let code = async |socket: &mut Socket, message: &str| {
        socket.send_text(message).await;
        let answer = socket.expect_next().await;
        assert_eq!(answer["type"], "error", "{answer}");
        answer["error"]["code"]
            .as_str()
            .expect("it has a code")
            .to_owned()
    };
    assert_eq!(code(&mut socket, "{").await, "BAD_REQUEST");
    assert_eq!(code(&mut socket, "[1]").await, "BAD_REQUEST");
    assert_eq!(
        code(&mut socket, r#"{"action":"dance"}"#).await,
        "BAD_REQUEST"
    );
    assert_eq!(code(&mut socket, "{}").await, "VALIDATION_ERROR");
    let unknown = r#"{"action":"subscribe","room":"kitchen","loud":true}"#;
    assert_eq!(code(&mut socket, unknown).await, "VALIDATION_ERROR");
}

#[tokio::test]
async fn who_leaves_a_room_hears_no_more_of_it() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (apollo, gemini) = (ada.project("Apollo").await, ada.project("Gemini").await);
    let mut socket = ada.connect().await;
    socket.subscribe(&apollo).await;
    socket.subscribe(&gemini).await;
    let room = format!("project/{apollo}");
    let left = socket
        .ask(json!({ "action": "unsubscribe", "room": room }))
        .await;
    assert_eq!(left, json!({ "type": "unsubscribed", "room": room }));
    ada.task(&apollo, "Unheard").await;
    app.settled().await;
    ada.task(&gemini, "Heard").await;
    assert_eq!(socket.expect_next().await["data"]["title"], "Heard");
}

#[tokio::test]
async fn a_connection_that_has_gone_is_forgotten_and_holds_up_nobody() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let apollo = ada.project("Apollo").await;
    let (mut stays, mut goes) = (ada.connect().await, ada.connect().await);
    stays.subscribe(&apollo).await;
    goes.subscribe(&apollo).await;
    goes.close().await;
    ada.task(&apollo, "Count down").await;
    assert_eq!(stays.events_until(1, 2).await.len(), 1);
    app.settled().await;
    assert_eq!(app.rows(tests::tables::EPHEMERAL, "CONN").await.len(), 3);
}
