//! Whatever is sent over a WebSocket is answered in the realtime protocol's own words, or ends that
//! connection alone.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use tests::tables;
use tokio_tungstenite::tungstenite::Message;

use super::arena::Arena;
use super::bodies::bodies;
use super::requests::queries;
use super::values::texts;
use super::wire::Request;

/// The most bytes of a frame: a larger one ends the connection.
const LARGEST_FRAME: usize = 32 * 1024;

#[test]
fn every_text_frame_is_answered() {
    let arena = Arena::open();
    let (apollo, socket) = arena.wait(async {
        let apollo = arena.ada.project("Apollo").await;
        (apollo, arena.ada.connect().await)
    });
    let room = format!("project/{apollo}");
    let valid = vec![
        json!({ "action": "subscribe", "room": room }),
        json!({ "action": "unsubscribe", "room": room }),
        json!({ "action": "ping" }),
        json!({ "action": "$connect" }),
        json!({ "action": "$disconnect" }),
        json!({ "action": "$default" }),
    ];
    let frames = bodies(valid)
        .prop_map(|body| String::from_utf8_lossy(&body).into_owned())
        .prop_filter("it is too large", |frame| frame.len() <= LARGEST_FRAME);
    let socket = tokio::sync::Mutex::new(socket);
    arena.throw(400, &frames, async |frame| {
        let mut socket = socket.lock().await;
        socket.send_text(&frame).await;
        let answer = socket.expect_next().await;
        match answer["type"].as_str() {
            Some("subscribed" | "unsubscribed") => {
                prop_assert_eq!(answer["room"].as_str(), Some(&*room));
            }
            Some("pong") => {}
            Some("error") => {
                let error = &answer["error"];
                let code = error["code"].as_str().unwrap_or_default();
                prop_assert!(
                    ["BAD_REQUEST", "VALIDATION_ERROR", "NOT_FOUND"].contains(&code),
                    "{}",
                    answer
                );
                let is_text =
                    |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
                prop_assert!(is_text("message") && is_text("request_id"), "{}", answer);
                let details = error["details"].as_array().map(Vec::len);
                prop_assert_eq!(code == "VALIDATION_ERROR", details != Some(0), "{}", answer);
            }
            _ => return Err(TestCaseError::fail(format!("{answer}"))),
        }
        Ok(())
    });
    assert_eq!(arena.rows(tables::EPHEMERAL, "CONNECTION"), 1);
    arena.wait(socket.into_inner().close());
    arena.close();
}

#[test]
fn what_is_no_text_frame_ends_its_connection_and_no_other() {
    let arena = Arena::open();
    let mut bystander = arena.wait(arena.ada.connect());
    let frames = prop_oneof![
        vec(any::<u8>(), 0..300).prop_map(Message::binary),
        (LARGEST_FRAME + 1..200_000).prop_map(|length| Message::text("a".repeat(length))),
    ];
    arena.throw(40, &frames, async |frame| {
        let mut socket = arena.ada.connect().await;
        socket.send_message(frame).await;
        prop_assert_eq!(socket.next().await, None);
        Ok(())
    });
    let pong = arena.wait(bystander.ask(json!({ "action": "ping" })));
    assert_eq!(pong, json!({ "type": "pong" }));
    arena.wait(bystander.close());
    arena.close();
}

#[test]
fn who_has_no_ticket_does_not_connect_whatever_they_ask() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    let tickets = texts().prop_map(|text| {
        let mut query = b"?ticket=".to_vec();
        for byte in text.bytes() {
            query.extend(format!("%{byte:02x}").into_bytes());
        }
        query
    });
    let origins = prop::option::of(prop_oneof![
        Just(b"null".to_vec()),
        Just(b"http://localhost:3000".to_vec()),
        vec(0x80..=0xff_u8, 1..20),
        "[ -~]{0,40}".prop_map(String::into_bytes),
    ]);
    let handshakes = (prop_oneof![queries(), tickets], origins);
    arena.throw(300, &handshakes, async |(query, origin)| {
        let answer = upgrade(query, origin).send(&api).await;
        let status = answer.map(|answer| answer.status);
        prop_assert!(matches!(status, Some(400..500)), "{:?}", status);
        Ok(())
    });
    // Neither connections nor what they know of rooms. Signing up has left notes of other kinds.
    for rows in ["CONN", "ROOM#"] {
        assert_eq!(arena.rows(tables::EPHEMERAL, rows), 0, "{rows}");
    }
    arena.close();
}

fn upgrade(query: Vec<u8>, origin: Option<Vec<u8>>) -> Request {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    let origin = origin.map(|origin| ("origin".to_owned(), origin));
    Request {
        method: "GET".to_owned(),
        target: [b"/ws".to_vec(), query].concat(),
        headers: headers.into_iter().chain(origin).collect(),
        body: Vec::new(),
    }
}
