//! Whatever is sent over HTTP is answered with less than 500, in the common shape, and what is refused
//! writes nothing.

mod accounts;
mod projects;
mod tenants;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use tests::Answer;

use super::answers::{is_the_gateways, judge};
use super::arena::Arena;
use super::requests::{Route, Thrown, anywhere};
use super::tokens;
use super::wire::{self, Request};

/// How many requests each function is sent.
const REQUESTS: u32 = 300;

#[test]
fn every_method_and_path_has_an_answer() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    arena.throw(600, &anywhere(), async |request| {
        judge(&request, request.send(&api).await).map(drop)
    });
    arena.close();
}

#[test]
fn what_is_no_token_of_ours_opens_nothing() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    arena.app.forget_calls();
    arena.throw(
        500,
        &tokens::wrong(&arena.ada.token),
        async |(header, _)| {
            let headers = header.map(|value| ("authorization".to_owned(), value));
            let request = Request {
                method: "GET".to_owned(),
                target: b"/api/list-projects".to_vec(),
                headers: headers.into_iter().collect(),
                body: Vec::new(),
            };
            let answer = judge(&request, request.send(&api).await)?;
            let refused = answer.status == 401 || is_the_gateways(&answer);
            prop_assert!(refused, "{}", answer.status);
            Ok(())
        },
    );
    let calls = arena.app.calls_of("list-projects");
    assert!(
        calls.is_empty(),
        "nothing is asked of the tables: {calls:?}"
    );
    arena.close();
}

#[test]
fn what_is_no_http_is_refused_and_the_next_request_is_served() {
    let arena = Arena::open();
    let api = arena.app.stack().api_url();
    let line =
        "(GET|POST|\\PC{0,9}) (/[ -~]{0,20}|\\PC{0,9}) (HTTP/1\\.[01]|HTTP/[29]|\\PC{0,9})\r?\n";
    let heads = (line, "([ -~]{0,20}(:[ -~]{0,20})?\r?\n){0,4}\r\n\r\n");
    let garbage = prop_oneof![
        heads.prop_map(|(line, headers)| [line, headers].concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 1..200)
            .prop_map(|bytes| [bytes, b"\r\n\r\n".to_vec()].concat()),
    ];
    arena.throw(150, &garbage, async |bytes| {
        if let Some(answer) = without_waiting(&api, &bytes).await {
            prop_assert!(answer.status < 500, "{}", answer.status);
        }
        let keys = arena.app.get("/.well-known/jwks.json").await;
        prop_assert_eq!(keys.status, 200);
        Ok(())
    });
    arena.close();
}

/// Throws requests at routes; each takes some.
fn each_is_taken(
    arena: &Arena,
    routes: impl IntoIterator<Item = (&'static str, impl AsRef<str>, Vec<Value>)>,
) {
    for (method, path, valid) in routes {
        let path = path.as_ref();
        assert!(by_ada(arena, method, path, valid) > 0, "{method} {path}");
    }
}

/// Throws requests at a route that is for ada. Returns how many were accepted.
fn by_ada(arena: &Arena, method: &'static str, path: &str, valid: Vec<Value>) -> usize {
    let token = Some(arena.ada.token.clone());
    thrown(arena, token, method, path, valid)
}

/// The same, at one that asks for no token.
fn by_nobody(arena: &Arena, method: &'static str, path: &str, valid: Vec<Value>) -> usize {
    thrown(arena, None, method, path, valid)
}

fn thrown(
    arena: &Arena,
    token: Option<String>,
    method: &'static str,
    path: &str,
    valid: Vec<Value>,
) -> usize {
    let route = Route {
        method,
        path: path.to_owned(),
        valid,
        token,
    };
    let api = arena.app.stack().api_url();
    let tally = RefCell::new(BTreeMap::new());
    arena.throw(REQUESTS, &route.requests(), async |thrown: Thrown| {
        let Thrown { request, authentic } = thrown;
        let answer = judge(&request, request.send(&api).await)?;
        let status = answer.status;
        *tally.borrow_mut().entry(status).or_default() += 1;
        let known = authentic || status == 401 || is_the_gateways(&answer);
        prop_assert!(known, "{} for no token", status);
        Ok(())
    });
    let tally: BTreeMap<u16, usize> = tally.into_inner();
    println!("{path}: {tally:?}");
    tally.range(..300).map(|(_, count)| count).sum()
}

/// Sends what may never be a whole request, and so never be answered.
async fn without_waiting(api: &str, bytes: &[u8]) -> Option<Answer> {
    let patience = std::time::Duration::from_millis(200);
    tokio::time::timeout(patience, wire::send(api, bytes, false))
        .await
        .ok()
        .flatten()
}
