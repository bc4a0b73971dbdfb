//! Whatever is sent over HTTP is answered with less than 500, in the common shape, and what is refused
//! writes nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tests::{Answer, PASSWORD, PNG, attachment, tables};

use super::answers::{is_the_gateways, judge};
use super::arena::Arena;
use super::requests::{Route, Thrown, anywhere};
use super::tokens;
use super::wire::{self, Request};

/// How many requests each function is sent.
const REQUESTS: u32 = 300;

#[test]
fn sign_up_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = || [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    let [identity, data] = rows();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/sign-up",
            valid: vec![
                json!({ "email": "eve@example.com", "password": "a long password", "name": "Eve" }),
                json!({ "email": "bob+x@sub.example.com", "password": "ä".repeat(128), "name": "B" }),
                json!({ "email": "müller@exämple.de", "password": "\0\0\0\0\0\0\0\0\0\0", "name": "M" }),
                json!({ "email": "a!#$%&'*+/=?^_`{|}~@b.co", "password": " ".repeat(10), "name": "\u{200b}" }),
                json!({ "email": "İ@example.com", "password": "🙂".repeat(10), "name": "🙂".repeat(200) }),
            ],
            token: None,
        },
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
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/log-in",
            valid: vec![
                json!({ "email": "lovelace@example.com", "password": PASSWORD }),
                json!({ "email": "LOVELACE@example.com", "password": "wrong" }),
            ],
            token: None,
        },
    );
    // A session and its token.
    assert_eq!(arena.rows(tables::IDENTITY, ""), before + 2 * accepted);
    arena.close();
}

#[test]
fn refresh_token_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "REFRESH");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/refresh-token",
            valid: vec![json!({ "refresh_token": arena.ada.refresh_token })],
            token: None,
        },
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
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/log-out",
            valid: vec![json!({ "refresh_token": other.refresh_token })],
            token: None,
        },
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
        let route = Route {
            method: "POST",
            path,
            valid: vec![body],
            token,
        };
        assert_eq!(throw_at(&arena, &route), 0, "{path}");
    }
    assert_eq!(
        arena.wait(arena.app.rows(tables::IDENTITY, "ACCOUNT")),
        before
    );
    arena.close();
}

#[test]
fn what_invites_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = || {
        let invitations = arena.rows(tables::DATA, "INVITE#");
        [invitations, arena.rows(tables::IDENTITY, "INVITE")]
    };
    let token = || Some(arena.ada.token.clone());
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/invitations",
            valid: vec![
                json!({ "email": "eve@example.com" }),
                json!({ "email": "müller@exämple.de", "role": "viewer" }),
                json!({ "email": "a!#$%&'*+/=?^_`{|}~@b.co", "role": "admin" }),
            ],
            token: token(),
        },
    );
    assert!((3..=100).contains(&accepted), "{accepted}");
    assert_eq!(rows(), [accepted; 2]);
    let listed = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/api/invitations",
            valid: Vec::new(),
            token: token(),
        },
    );
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
        let route = Route {
            method,
            path,
            valid: vec![json!({})],
            token: token(),
        };
        assert_eq!(throw_at(&arena, &route), 0, "there is no such invitation");
    }
    assert_eq!(rows(), [accepted; 2]);
    arena.close();
}

#[test]
fn accept_invitation_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    let token = "tnl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/accept-invitation",
            valid: vec![
                json!({ "token": token }),
                json!({ "token": token, "name": "Eve", "password": PASSWORD }),
            ],
            token: None,
        },
    );
    assert_eq!(accepted, 0, "nobody was invited");
    let after = [tables::IDENTITY, tables::DATA].map(|table| arena.rows(table, ""));
    assert_eq!(after, before);
    arena.close();
}

#[test]
fn what_sends_a_link_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "LINK");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/send-verification",
            valid: vec![json!({})],
            token: Some(arena.ada.token.clone()),
        },
    );
    assert_eq!(arena.rows(tables::IDENTITY, "LINK"), before + accepted);
    arena.close();
}

#[test]
fn what_shows_an_account_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "");
    for path in ["/api/me", "/api/sessions"] {
        let accepted = throw_at(
            &arena,
            &Route {
                method: "GET",
                path,
                valid: Vec::new(),
                token: Some(arena.ada.token.clone()),
            },
        );
        assert!(accepted > 0);
    }
    assert_eq!(arena.rows(tables::IDENTITY, ""), before);
    arena.close();
}

#[test]
fn delete_session_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::IDENTITY, "SESSION");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "DELETE",
            path: "/api/sessions/01900000-0000-7000-8000-000000000000",
            valid: vec![json!({})],
            token: Some(arena.ada.token.clone()),
        },
    );
    assert_eq!(accepted, 0, "there is no such session");
    assert_eq!(arena.rows(tables::IDENTITY, "SESSION"), before);
    arena.close();
}

#[test]
fn create_tenant_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let rows = |table, prefix| arena.rows(table, prefix);
    let (data, tenants) = (rows(tables::DATA, ""), rows(tables::IDENTITY, "TENANT"));
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/tenants",
            valid: vec![
                json!({ "name": "Acme", "slug": "acme" }),
                json!({ "name": "Acme", "slug": "admin" }),
                json!({ "name": "\u{200b}" }),
            ],
            token: Some(arena.ada.token.clone()),
        },
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
        let route = Route {
            method,
            path: path.leak(),
            valid,
            token: Some(ada.token.clone()),
        };
        let accepted = throw_at(&arena, &route);
        assert_eq!(accepted > 0, succeeds, "{method} {}", route.path);
        changes += if method == "PUT" { accepted } else { 0 };
    }
    // An event for each change; what changes nothing is none.
    let events = arena.rows(tables::DATA, "") - before;
    assert!((2..=changes).contains(&events), "{events} of {changes}");
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn what_reads_and_changes_a_project_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let project = arena.wait(arena.ada.project("Apollo"));
    let rows = || ["", "EVENT#"].map(|sk| arena.rows(tables::DATA, sk));
    let before = rows();
    let path: &'static str = format!("/api/projects/{project}").leak();
    for (method, valid) in [
        ("GET", Vec::new()),
        (
            "PUT",
            vec![
                json!({ "name": "Gemini", "description": "🚀".repeat(10_000) }),
                json!({ "name": "🚀🚀🚀" }),
            ],
        ),
        (
            "PATCH",
            vec![
                json!({ "name": "Mercury" }),
                json!({ "description": null }),
                json!({ "description": "" }),
            ],
        ),
    ] {
        let route = Route {
            method,
            path,
            valid,
            token: Some(arena.ada.token.clone()),
        };
        assert!(throw_at(&arena, &route) > 0, "{method}");
    }
    // There are more events, and no more of anything else.
    let after = rows();
    assert_eq!(after[0] - before[0], after[1] - before[1]);
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn what_reads_changes_deletes_and_restores_a_task_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let (task, beside, ada) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = arena.ada.task(&project, "Count down").await;
        (
            task,
            arena.ada.task(&project, "Beside").await,
            arena.ada.user_id.clone(),
        )
    });
    let one: &'static str = format!("/api/tasks/{task}").leak();
    let restore: &'static str = format!("{one}/restore").leak();
    for (method, path, valid) in [
        ("GET", one, Vec::new()),
        (
            "PUT",
            one,
            vec![
                json!({ "title": "🚀", "status": "done", "description": "🚀".repeat(10_000) }),
                json!({
                    "title": "Up", "status": "todo", "priority": "low", "assigned_to": ada,
                    "start_date": 0, "due_date": 253_402_300_799_999_i64,
                }),
            ],
        ),
        (
            "PATCH",
            one,
            vec![
                json!({ "status": "todo", "position": { "after": beside } }),
                json!({ "parent_id": beside }),
                json!({ "parent_id": null }),
                json!({ "position": { "before": beside }, "due_date": null }),
                json!({ "position": { "end": "first" }, "priority": "urgent" }),
            ],
        ),
        ("DELETE", one, vec![json!({})]),
        ("POST", restore, vec![json!({})]),
    ] {
        let route = Route {
            method,
            path,
            valid,
            token: Some(arena.ada.token.clone()),
        };
        assert!(throw_at(&arena, &route) > 0, "{method} {path}");
    }
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn comments_and_events_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let (project, task, comment) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let task = arena.ada.task(&project, "Count down").await;
        let comments = format!("/api/tasks/{task}/comments");
        let said = arena.ada.post(&comments, json!({ "text": "Ten" })).await;
        let id = said.expect(201)["data"]["id"].clone();
        (project, task, id.as_str().expect("it has an id").to_owned())
    });
    let comments: &'static str = format!("/api/tasks/{task}/comments").leak();
    let one: &'static str = format!("{comments}/{comment}").leak();
    let mentions = format!("<@{}>", arena.ada.user_id);
    let texts = || {
        let texts = [mentions.as_str(), "<@", "<@x> @ >", "🚀\n🚀"].map(str::to_owned);
        let texts = texts
            .into_iter()
            .chain([mentions.repeat(30), "🚀".repeat(10_000)]);
        texts.map(|text| json!({ "text": text })).collect()
    };
    for (method, path, valid) in [
        (
            "GET",
            format!("/api/projects/{project}/events").leak(),
            Vec::new(),
        ),
        (
            "GET",
            format!("/api/tasks/{task}/events").leak(),
            Vec::new(),
        ),
        ("GET", comments, Vec::new()),
        ("GET", one, Vec::new()),
        ("POST", comments, texts()),
        ("PUT", one, texts()),
        ("PATCH", one, texts()),
        ("DELETE", one, vec![json!({})]),
    ] as [(&str, &'static str, Vec<Value>); 8]
    {
        let route = Route {
            method,
            path,
            valid,
            token: Some(arena.ada.token.clone()),
        };
        assert!(throw_at(&arena, &route) > 0, "{method} {path}");
    }
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn labels_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let (labels, one) = arena.wait(async {
        let project = arena.ada.project("Apollo").await;
        let labels = format!("/api/projects/{project}/labels");
        let made = arena.ada.post(&labels, json!({ "name": "Fuel" })).await;
        let one = made.header("location").expect("it says where").to_owned();
        (labels, one)
    });
    let (labels, one): (&'static str, &'static str) = (labels.leak(), one.leak());
    let valid = |name: &str| {
        vec![
            json!({ "name": name }),
            json!({ "name": name.repeat(50), "color": "#FFFFFF" }),
        ]
    };
    for (method, path, valid) in [
        ("GET", labels, Vec::new()),
        ("GET", one, Vec::new()),
        ("POST", labels, valid("🚀")),
        ("PUT", one, valid("🛰")),
        ("PATCH", one, vec![json!({ "color": "#000000" }), json!({})]),
        ("DELETE", one, vec![json!({})]),
    ] {
        let route = Route {
            method,
            path,
            valid,
            token: Some(arena.ada.token.clone()),
        };
        assert!(throw_at(&arena, &route) > 0, "{method} {path}");
    }
    arena.wait(arena.app.settled());
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn notifications_answer_whatever_they_are_sent() {
    let arena = Arena::open();
    let id = "01900000-0000-7000-8000-000000000001";
    let (list, read) = ("/api/notifications", "/api/notifications/read");
    let choice = "/api/me/notifications";
    for (method, path, valid) in [
        ("GET", list, Vec::new()),
        ("GET", choice, Vec::new()),
        (
            "POST",
            read,
            vec![json!({ "ids": [id, id] }), json!({ "until": id })],
        ),
        (
            "PATCH",
            choice,
            vec![
                json!({ "email": { "assigned": false, "mentioned": true } }),
                json!({ "email": { "mentioned": false, "due_soon": true } }),
            ],
        ),
    ] {
        let route = Route {
            method,
            path,
            valid,
            token: Some(arena.ada.token.clone()),
        };
        assert!(throw_at(&arena, &route) > 0, "{method} {path}");
    }
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
        let route = Route {
            method,
            path: path.leak(),
            valid,
            token: Some(arena.ada.token.clone()),
        };
        let accepted = throw_at(&arena, &route);
        assert_eq!(accepted > 0, succeeds, "{method} {}", route.path);
    }
    arena.wait(arena.app.ledger()).assert_consistent();
    arena.close();
}

#[test]
fn create_api_key_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let tomorrow = arena.app.stack().clock().now() + 24 * 3_600_000;
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/api-keys",
            valid: vec![
                json!({ "name": "Robot", "role": "editor", "expires_at": tomorrow }),
                json!({ "name": "🤖", "role": "viewer", "expires_at": null }),
            ],
            token: Some(arena.ada.token.clone()),
        },
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
        let accepted = throw_at(
            &arena,
            &Route {
                method,
                path,
                valid,
                token: Some(arena.ada.token.clone()),
            },
        );
        assert_eq!(accepted > 0, method == "GET", "there is no such key");
    }
    assert_eq!(arena.rows(tables::IDENTITY, ""), before);
    arena.close();
}

#[test]
fn create_project_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/create-project",
            valid: vec![
                json!({ "name": "Apollo", "description": "To the moon." }),
                json!({ "name": "Gemini" }),
            ],
            token: Some(arena.ada.token.clone()),
        },
    );
    // The project, its places in two lists, and an event.
    assert_eq!(arena.rows(tables::DATA, ""), before + 4 * accepted);
    let (projects, _) = arena.wait(arena.ada.projects());
    assert_eq!(projects.len(), accepted.min(100));
    arena.close();
}

#[test]
fn list_projects_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/api/list-projects",
            valid: Vec::new(),
            token: Some(arena.ada.token.clone()),
        },
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.close();
}

#[test]
fn create_task_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let ada = &arena.ada;
    let apollo = arena.wait(ada.project("Apollo"));
    let full = json!({
        "projectId": apollo,
        "title": "Count down",
        "description": "From ten.\nAloud.",
        "assignedTo": ada.user_id,
        "dueDate": 1_800_000_000_000_i64,
        "attachment": attachment(PNG, "pixel.png", "image/png"),
    });
    let mut without_file = full.clone();
    without_file["attachment"] = Value::Null;
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/create-task",
            valid: vec![
                full,
                without_file,
                json!({ "projectId": apollo, "title": "Count down" }),
            ],
            token: Some(ada.token.clone()),
        },
    );
    arena.wait(arena.app.settled());
    let tasks = arena.wait(arena.app.rows(tables::DATA, "TASK#"));
    let given = tasks.iter().filter(|task| task["assigned_to"].is_string());
    // The task and where it is found, in whose list it stands, an event, and the vector that follows.
    let rows = before + 4 * accepted + given.count();
    assert_eq!(arena.rows(tables::DATA, ""), rows);
    let with_file = tasks.iter().filter(|task| task["attachment"].is_string());
    assert_eq!(arena.wait(arena.app.objects()).len(), with_file.count());
    assert_eq!(
        arena.rows(tables::EPHEMERAL, "tenants/"),
        0,
        "no file is on its way"
    );
    arena.close();
}

#[test]
fn search_tasks_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let apollo = arena.wait(async {
        let apollo = arena.ada.project("Apollo").await;
        for title in ["Count down", "ERR-4711", "…", "😀"] {
            arena.ada.task(&apollo, title).await;
        }
        arena.app.settled().await;
        apollo
    });
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/search-tasks",
            valid: vec![
                json!({ "query": "what fails with err-4711?", "projectId": apollo }),
                json!({ "query": "\u{200b}", "projectId": apollo }),
            ],
            token: Some(arena.ada.token.clone()),
        },
    );
    assert!(accepted > 0);
    assert_eq!(arena.rows(tables::DATA, ""), before);
    arena.close();
}

#[test]
fn audit_log_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let before = arena.rows(tables::DATA, "");
    let accepted = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/api/audit-log",
            valid: Vec::new(),
            token: Some(arena.ada.token.clone()),
        },
    );
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
    let accepted = throw_at(
        &arena,
        &Route {
            method: "POST",
            path: "/api/realtime-ticket",
            valid: vec![json!({})],
            token: Some(arena.ada.token.clone()),
        },
    );
    // The first may have expired by now.
    assert!((1..=accepted).contains(&arena.rows(tables::EPHEMERAL, "TICKET")));
    arena.close();
}

#[test]
fn the_key_set_answers_whatever_it_is_sent() {
    let arena = Arena::open();
    let accepted = throw_at(
        &arena,
        &Route {
            method: "GET",
            path: "/.well-known/jwks.json",
            valid: Vec::new(),
            token: None,
        },
    );
    assert!(accepted > 0);
    arena.close();
}

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

/// Throws requests at a route. Returns how many were accepted.
fn throw_at(arena: &Arena, route: &Route) -> usize {
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
    println!("{}: {tally:?}", route.path);
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
