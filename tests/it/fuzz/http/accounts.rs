//! What is a user's own: accounts, sessions, passwords and links.

use serde_json::json;
use tests::{PASSWORD, tables};

use super::super::arena::Arena;
use super::{by_ada, by_nobody, thrown};

#[test]
fn sign_up_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = || [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    let [identity, data] = rows();
    let accepted = by_nobody(
        &arena,
        "POST",
        "/api/sign-up",
        vec![
            json!({ "email": "eve@example.com", "password": "a long password", "name": "Eve" }),
            json!({ "email": "bob+x@sub.example.com", "password": "ä".repeat(128), "name": "B" }),
            json!({ "email": "müller@exämple.de", "password": "\0\0\0\0\0\0\0\0\0\0", "name": "M" }),
            json!({ "email": "a!#$%&'*+/=?^_`{|}~@b.co", "password": " ".repeat(10), "name": "\u{200b}" }),
            json!({ "email": "İ@example.com", "password": "🙂".repeat(10), "name": "🙂".repeat(200) }),
        ],
    );
    // A user, their account, tenant, membership, session and its token, and the link that verifies the address.
    // The tenant's log, its first event, and the user in its list of members.
    assert_eq!(rows(), [identity + 7 * accepted, data + 3 * accepted]);
    arena.close();
}

#[test]
fn log_in_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "");
    let accepted = by_nobody(
        &arena,
        "POST",
        "/api/log-in",
        vec![
            json!({ "email": "lovelace@example.com", "password": PASSWORD }),
            json!({ "email": "LOVELACE@example.com", "password": "wrong" }),
        ],
    );
    // A session and its token.
    assert_eq!(arena.rows(tables::IDENTITY, ""), before + 2 * accepted);
    arena.close();
}

#[test]
fn refresh_token_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "REFRESH");
    let accepted = by_nobody(
        &arena,
        "POST",
        "/api/refresh-token",
        vec![json!({ "refresh_token": arena.ada.refresh_token })],
    );
    // All get the one successor; after half a minute nobody gets any.
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::IDENTITY, "REFRESH"), before + 1);
    arena.close();
}

#[test]
fn log_out_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let other = arena.wait(arena.app.log_in(&arena.ada));
    let before = arena.rows(tables::IDENTITY, "SESSION");
    let accepted = by_nobody(
        &arena,
        "POST",
        "/api/log-out",
        vec![json!({ "refresh_token": other.refresh_token })],
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::IDENTITY, "SESSION"), before - 1);
    arena.close();
}

#[test]
fn what_changes_a_password_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.wait(arena.app.rows(tables::IDENTITY, "ACCOUNT"));
    let token = "tnl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let wrong = json!({ "current_password": "wrong", "password": PASSWORD });
    let routes = [
        ("/api/change-password", wrong, true),
        (
            "/api/reset-password",
            json!({ "token": token, "password": PASSWORD }),
            false,
        ),
        ("/api/verify-email", json!({ "token": token }), false),
    ];
    for (path, body, authenticated) in routes {
        let token = authenticated.then(|| arena.ada.token.clone());
        assert_eq!(thrown(&arena, token, "POST", path, vec![body]), 0, "{path}");
    }
    assert_eq!(
        arena.wait(arena.app.rows(tables::IDENTITY, "ACCOUNT")),
        before
    );
    arena.close();
}

#[test]
fn what_sends_a_link_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "LINK");
    let accepted = by_ada(&arena, "POST", "/api/send-verification", vec![json!({})]);
    assert_eq!(arena.rows(tables::IDENTITY, "LINK"), before + accepted);
    arena.close();
}

#[test]
fn what_shows_an_account_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "");
    for path in ["/api/me", "/api/sessions"] {
        let accepted = by_ada(&arena, "GET", path, Vec::new());
        assert!(accepted > 0);
    }
    assert_eq!(arena.rows(tables::IDENTITY, ""), before);
    arena.close();
}

#[test]
fn delete_session_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "SESSION");
    let accepted = by_ada(
        &arena,
        "DELETE",
        "/api/sessions/01900000-0000-7000-8000-000000000000",
        vec![json!({})],
    );
    assert_eq!(accepted, 0, "there is no such session");
    assert_eq!(arena.rows(tables::IDENTITY, "SESSION"), before);
    arena.close();
}

#[test]
fn the_key_set_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = by_nobody(&arena, "GET", "/.well-known/jwks.json", Vec::new());
    assert!(accepted > 0);
    arena.close();
}
