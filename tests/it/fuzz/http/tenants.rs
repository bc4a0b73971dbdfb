//! What is a tenant's: its members, invitations, settings, API keys, exports and audit log.

use proptest::prelude::*;
use serde_json::json;
use tests::{PASSWORD, tables};

use super::super::arena::Arena;
use super::{by_ada, by_nobody};

#[test]
fn what_invites_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = || {
        let invitations = arena.rows(tables::DATA, "INVITE#");
        [invitations, arena.rows(tables::IDENTITY, "INVITE")]
    };
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/invitations",
        vec![
            json!({ "email": "eve@example.com" }),
            json!({ "email": "müller@exämple.de", "role": "viewer" }),
            json!({ "email": "a!#$%&'*+/=?^_`{|}~@b.co", "role": "admin" }),
        ],
    );
    assert!((3..=100).contains(&accepted), "{accepted}");
    assert_eq!(rows(), [accepted; 2]);
    let listed = by_ada(&arena, "GET", "/api/invitations", Vec::new());
    assert!(listed > 0);
    for (method, path) in [
        (
            "POST",
            "/api/invitations/01900000-0000-7000-8000-000000000000/resend",
        ),
        (
            "DELETE",
            "/api/invitations/01900000-0000-7000-8000-000000000000",
        ),
    ] {
        assert_eq!(
            by_ada(&arena, method, path, vec![json!({})]),
            0,
            "there is no such invitation"
        );
    }
    assert_eq!(rows(), [accepted; 2]);
    arena.close();
}

#[test]
fn accept_invitation_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    let token = "tnl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let accepted = by_nobody(
        &arena,
        "POST",
        "/api/accept-invitation",
        vec![
            json!({ "token": token }),
            json!({ "token": token, "name": "Eve", "password": PASSWORD }),
        ],
    );
    assert_eq!(accepted, 0, "nobody was invited");
    let after = [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    assert_eq!(after, before);
    arena.close();
}

#[test]
fn create_tenant_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = |table, prefix| arena.rows(table, prefix);
    let (data, tenants) = (rows(tables::DATA, ""), rows(tables::IDENTITY, "TENANT"));
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/tenants",
        vec![
            json!({ "name": "Acme", "slug": "acme" }),
            json!({ "name": "Acme", "slug": "admin" }),
            json!({ "name": "\u{200b}" }),
        ],
    );
    assert!((1..=50).contains(&accepted));
    // The log, its first event, and the founder in the list of members.
    assert_eq!(rows(tables::DATA, ""), data + 3 * accepted);
    assert_eq!(rows(tables::IDENTITY, "TENANT"), tenants + accepted);
    assert!(rows(tables::IDENTITY, "SLUG") <= accepted);
    arena.close();
}

#[test]
fn what_is_of_one_tenant_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let ada = &arena.ada;
    let before = arena.rows(tables::DATA, "");
    let settings = json!({
        "name": "Acme",
        "default_role": "viewer",
        "attachment_limit_bytes": 0,
        "rate_limits": { "requests_per_minute": 100_000 },
        "digest": { "hour": 0, "time_zone": "America/Argentina/Buenos_Aires" },
        "sign_up_domains": ["example.com", "EXAMPLE.com"],
        "audit_retention_days": 30,
        "statuses": ["in_review", "0"],
    });
    let tenant = format!("/api/tenants/{}", ada.tenant_id);
    let member = format!("/api/members/{}", ada.user_id);
    let mut changes = 0;
    for (method, path, valid, succeeds) in [
        ("GET", tenant.clone(), vec![], true),
        ("GET", format!("{tenant}/usage"), vec![], true),
        ("GET", "/api/members".to_owned(), vec![], true),
        (
            "PATCH",
            member.clone(),
            vec![json!({ "role": "admin" })],
            true,
        ),
        // The last admin stays.
        ("DELETE", member, vec![json!({})], false),
        // The last, for it may say how often the others are asked.
        (
            "PUT",
            format!("{tenant}/settings"),
            vec![settings, json!({ "name": "B" })],
            true,
        ),
    ] {
        let accepted = by_ada(&arena, method, &path, valid);
        assert_eq!(accepted > 0, succeeds, "{method} {path}");
        changes += if method == "PUT" { accepted } else { 0 };
    }
    // An event for each change; what changes nothing is none.
    let events = arena.rows(tables::DATA, "") - before;
    assert!((2..=changes).contains(&events), "{events} of {changes}");
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn exports_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let exports = format!("/api/tenants/{}/exports", arena.ada.tenant_id);
    let one = format!("{exports}/01900000-0000-7000-8000-000000000000");
    for (method, path, valid, succeeds) in [
        ("POST", exports, vec![json!({})], true),
        // There is no such export.
        ("GET", one, vec![], false),
    ] {
        let accepted = by_ada(&arena, method, &path, valid);
        assert_eq!(accepted > 0, succeeds, "{method} {path}");
    }
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn create_api_key_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let tomorrow = arena.app.stack().clock().now() + 24 * 3_600_000;
    let accepted = by_ada(
        &arena,
        "POST",
        "/api/api-keys",
        vec![
            json!({ "name": "Robot", "role": "editor", "expires_at": tomorrow }),
            json!({ "name": "🤖", "role": "viewer", "expires_at": null }),
        ],
    );
    // There is room for twenty.
    assert!((1..=20).contains(&accepted), "{accepted}");
    // The key and its owner, and its place in the list.
    assert_eq!(arena.rows(tables::IDENTITY, "KEY"), 2 * accepted);
    assert_eq!(arena.rows(tables::DATA, "KEY#"), accepted);
    arena.close();
}

#[test]
fn what_looks_after_api_keys_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    arena.wait(arena.ada.api_key("viewer"));
    let before = arena.rows(tables::IDENTITY, "");
    for (method, path, valid) in [
        ("GET", "/api/api-keys", Vec::new()),
        (
            "DELETE",
            "/api/api-keys/01900000-0000-7000-8000-000000000000",
            vec![json!({})],
        ),
    ] {
        let accepted = by_ada(&arena, method, path, valid);
        assert_eq!(accepted > 0, method == "GET", "there is no such key");
    }
    assert_eq!(arena.rows(tables::IDENTITY, ""), before);
    arena.close();
}

#[test]
fn audit_log_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = by_ada(&arena, "GET", "/api/audit-log", Vec::new());
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.throw(200, &audit_queries(), async |query| {
        let answer = arena.ada.get(&format!("/api/audit-log?{query}")).await;
        prop_assert!(matches!(answer.status, 200 | 400), "{}", answer.body);
        Ok(())
    });
    arena.close();
}

/// Queries for the audit log, right and wrong.
fn audit_queries() -> impl Strategy<Value = String> {
    let names = [
        "actor", "action", "object", "from", "to", "limit", "cursor", "x",
    ];
    let value = prop_oneof![
        4 => "[0-9]{1,15}",
        2 => "[a-z:/_-]{0,20}",
        2 => "AQ[A-Za-z0-9_-]{10,60}",
        1 => "[!-~&&[^&#%+]]{0,30}",
    ];
    let pair = (prop::sample::select(names.to_vec()), value)
        .prop_map(|(name, value)| format!("{name}={value}"));
    prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

#[test]
fn realtime_ticket_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = by_ada(&arena, "POST", "/api/realtime-ticket", vec![json!({})]);
    // The first may have expired by now.
    assert!((1..=accepted).contains(&arena.rows(tables::EPHEMERAL, "TICKET")));
    arena.close();
}
