//! Members: listed, given other roles, shut out, and gone by themselves.

use futures::future::join;
use serde_json::{Value, json};
use tests::{Answer, App, Member, Socket};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

fn path(member: &Member) -> String {
    format!("/api/members/{}", member.user_id)
}

async fn set_role(admin: &Member, of: &Member, role: &str) -> Answer {
    admin.patch(&path(of), json!({ "role": role })).await
}

async fn enter(socket: &mut Socket, room: &str) -> Value {
    let subscribe = json!({ "action": "subscribe", "room": room });
    socket.ask(subscribe).await
}

/// A page of members: their names, and where the next one begins.
async fn page(member: &Member, query: &str) -> (Vec<String>, Option<String>) {
    let body = member
        .get(&format!("/api/members?{query}"))
        .await
        .expect(200);
    let names = body["data"].as_array().expect("it is a list").iter();
    let names = names.map(|member| member["name"].as_str().expect("it has one").to_owned());
    let next = body["meta"]["next_cursor"].as_str();
    (names.collect(), next.map(str::to_owned))
}

#[tokio::test]
async fn members_are_listed_page_by_page_and_by_role() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut all = vec!["ada".to_owned()];
    let mut viewer = None;
    for (name, role) in [
        ("bob", "editor"),
        ("cleo", "viewer"),
        ("dan", "editor"),
        ("eve", "editor"),
    ] {
        let guest = app.member(name).await;
        let guest = app.enrol(&ada, &guest, role).await;
        viewer = Some(guest).filter(|_| role == "viewer").or(viewer);
        all.push(name.to_owned());
    }
    let cleo = viewer.expect("there is one");
    assert_eq!(page(&cleo, "").await, (all.clone(), None));
    assert_eq!(page(&cleo, "limit=5").await, (all, None));
    assert_eq!(page(&cleo, "role=admin").await.0, ["ada"]);

    for (query, pages) in [
        (
            "limit=2",
            vec![vec!["ada", "bob"], vec!["cleo", "dan"], vec!["eve"]],
        ),
        ("role=editor&limit=2", vec![vec!["bob", "dan"], vec!["eve"]]),
    ] {
        let mut cursor = None;
        for (at, expected) in pages.iter().enumerate() {
            let asked = match &cursor {
                Some(cursor) => format!("{query}&cursor={cursor}"),
                None => query.to_owned(),
            };
            let (names, next) = page(&cleo, &asked).await;
            assert_eq!(names, *expected);
            assert_eq!(next.is_some(), at + 1 < pages.len());
            cursor = next;
        }
    }
    let first = &ada.get("/api/members?limit=1").await.expect(200)["data"][0];
    assert_eq!(
        *first,
        json!({
            "user_id": ada.user_id, "email": "ada@example.com", "name": "ada", "role": "admin",
            "created_at": first["created_at"],
        })
    );

    let (_, of_editors) = page(&cleo, "role=editor&limit=1").await;
    let of_editors = of_editors.expect("there are more");
    for bad in [
        "limit=0".to_owned(),
        "limit=x".to_owned(),
        "role=owner".to_owned(),
        "page=1".to_owned(),
        "cursor=x".to_owned(),
        format!("cursor={of_editors}"),
        format!("role=viewer&cursor={of_editors}"),
    ] {
        let (code, _) = cleo.get(&format!("/api/members?{bad}")).await.refused(400);
        assert_eq!(code, "BAD_REQUEST", "{bad}");
    }
    // A cursor is a place: it holds though who stood there has gone, and opens no other tenant's list.
    let bob = app.member("somebody").await;
    let (names, _) = page(&bob, &format!("role=editor&cursor={of_editors}")).await;
    assert!(names.is_empty());
    let editors = page(&ada, "role=editor&limit=1")
        .await
        .1
        .expect("there are more");
    let listed = ada.get("/api/members?role=editor").await.expect(200)["data"].clone();
    let gone = format!(
        "/api/members/{}",
        listed[0]["user_id"].as_str().expect("it is an id")
    );
    assert_eq!(ada.delete(&gone).await.status, 204);
    let rest = page(&ada, &format!("role=editor&cursor={editors}")).await;
    assert_eq!(rest.0, ["dan", "eve"]);
    app.stop().await;
}

#[tokio::test]
async fn a_demoted_editor_s_next_write_is_refused_and_their_socket_closes() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let project = ada.project("Apollo").await;
    let bobs = app.enrol(&ada, &bob, "editor").await;
    bobs.task(&project, "Written").await;
    let (mut there, mut at_home) = (bobs.connect().await, bob.connect().await);
    there.subscribe(&project).await;

    let answer = set_role(&ada, &bobs, "viewer").await;
    assert_eq!(answer.event_seq(), 2);
    assert_eq!(answer.expect(200)["data"]["role"], "viewer");
    let task = json!({ "projectId": project, "title": "Unwritten" });
    let (code, _) = bobs
        .post("/api/create-task", task.clone())
        .await
        .refused(403);
    assert_eq!(code, "FORBIDDEN");
    assert_eq!(there.next().await, None, "the connection is closed");
    let ping = at_home.ask(json!({ "action": "ping" })).await;
    assert_eq!(
        ping["type"], "pong",
        "in another tenant nothing has changed"
    );
    bobs.connect().await.subscribe(&project).await;

    set_role(&ada, &bobs, "editor").await.expect(200);
    bobs.post("/api/create-task", task).await.expect(201);
    let same = set_role(&ada, &bobs, "editor").await;
    assert!(same.header("x-event-seq").is_none());
    same.expect(200);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn a_removed_member_is_out_at_once_and_what_was_given_to_them_stays() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let project = ada.project("Apollo").await;
    let bobs = app.enrol(&ada, &bob, "admin").await;
    let task = json!({ "projectId": project, "title": "Land", "assignedTo": bob.user_id });
    ada.post("/api/create-task", task.clone()).await.expect(201);
    let ticket = bobs.ticket().await;
    let mut socket = bobs.connect().await;
    socket.subscribe(&project).await;

    let removed = ada.delete(&path(&bobs)).await;
    assert_eq!((removed.status, removed.event_seq()), (204, 2));
    let missing = |answer: Answer| assert_eq!(answer.refused(404).1, "Tenant not found");
    missing(bobs.get("/api/list-projects").await);
    missing(bobs.post("/api/create-task", task.clone()).await);
    missing(bobs.get(&format!("/api/tenants/{}", ada.tenant_id)).await);
    assert_eq!(socket.next().await, None, "the connection is closed");
    let connect = bob.socket_url(&ticket).into_client_request();
    assert_eq!(Socket::refused(connect.expect("it is a URL")).await, 401);
    bob.get("/api/list-projects").await.expect(200);
    assert_eq!(
        bob.get("/api/me").await.expect(200)["data"]["tenants"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );

    let kept = app.ledger().await.tasks;
    assert_eq!(kept[0]["assigned_to"], bob.user_id);
    let answer = ada.post("/api/create-task", task).await;
    assert_eq!(
        answer.bad_fields(),
        ["assignedTo"],
        "nothing new is given to them"
    );
    ada.delete(&path(&bobs)).await.refused(404);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn a_token_of_a_tenant_that_was_left_is_good_for_oneself_alone() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let guest = app.enrol(&ada, &bob, "viewer").await;
    // Their own tenant goes on with another admin.
    app.enrol(&bob, &ada, "admin").await;
    assert_eq!(bob.delete(&path(&bob)).await.status, 204);
    assert_eq!(
        bob.get("/api/list-projects").await.refused(404).1,
        "Tenant not found"
    );
    bob.post("/api/realtime-ticket", json!({}))
        .await
        .refused(404);
    let shown = bob.get("/api/me").await.expect(200)["data"].clone();
    assert_eq!(
        (&shown["tenant_id"], &shown["role"]),
        (&Value::Null, &Value::Null)
    );
    guest.get("/api/list-projects").await.expect(200);
    assert_eq!(app.log_in(&bob).await.tenant_id, ada.tenant_id);

    assert_eq!(guest.delete(&path(&bob)).await.status, 204);
    let anew = app.log_in(&bob).await;
    assert_ne!(anew.tenant_id, bob.tenant_id);
    anew.project("A new beginning").await;
    let acme = bob.found("Acme", "acme").await;
    acme.get("/api/list-projects").await.expect(200);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn only_admins_change_members_and_everybody_may_leave() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let (bob, cleo, eve) = (
        app.member("bob").await,
        app.member("cleo").await,
        app.member("eve").await,
    );
    let bobs = app.enrol(&ada, &bob, "editor").await;
    let cleos = app.enrol(&ada, &cleo, "viewer").await;
    for member in [&bobs, &cleos] {
        for of in [&ada, &eve] {
            set_role(member, of, "viewer").await.refused(403);
            member.delete(&path(of)).await.refused(403);
        }
        set_role(member, member, "admin").await.refused(403);
    }
    let nobody = "/api/members/01900000-0000-7000-8000-000000000000";
    let missing = ada.delete(nobody).await.refused(404);
    assert_eq!(missing.1, "Member not found");
    assert_eq!(ada.delete(&path(&eve)).await.refused(404), missing);
    assert_eq!(
        ada.patch(nobody, json!({ "role": "viewer" }))
            .await
            .refused(404),
        missing
    );
    assert_eq!(set_role(&ada, &eve, "viewer").await.refused(404), missing);
    assert_eq!(
        ada.patch(&path(&bob), json!({ "role": "owner", "name": "x" }))
            .await
            .bad_fields(),
        ["role", "name"]
    );
    assert_eq!(
        ada.patch(&path(&bob), json!({})).await.bad_fields(),
        ["role"]
    );
    ada.delete("/api/members/x").await.refused(404);

    for role in ["viewer", "editor"] {
        let (code, message) = set_role(&ada, &ada, role).await.refused(409);
        assert_eq!(code, "CONFLICT");
        assert_eq!(message, "A tenant needs an admin, and this is its last");
    }
    ada.delete(&path(&ada)).await.refused(409);
    assert_eq!(cleos.delete(&path(&cleo)).await.status, 204);
    cleos.get("/api/members").await.refused(404);
    set_role(&ada, &bobs, "admin").await.expect(200);
    assert_eq!(ada.delete(&path(&ada)).await.status, 204);
    assert_eq!(page(&bobs, "").await.0, ["bob"]);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_admins_who_act_against_each_other_at_once_leave_one() {
    let app = App::start().await;
    for round in 0..6 {
        let (ada, bob) = join(
            app.member(&format!("ada-{round}")),
            app.member(&format!("bob-{round}")),
        )
        .await;
        let bobs = app.enrol(&ada, &bob, "admin").await;
        let (one, other) = match round % 3 {
            0 => {
                join(
                    set_role(&ada, &bobs, "viewer"),
                    set_role(&bobs, &ada, "editor"),
                )
                .await
            }
            1 => join(ada.delete(&path(&ada)), bobs.delete(&path(&bob))).await,
            _ => join(ada.delete(&path(&bob)), set_role(&bobs, &ada, "viewer")).await,
        };
        // Who is slow may be found to be no admin, or no member, before anything else.
        let done = [&one, &other].map(|answer| answer.status < 300);
        assert_eq!(
            done.iter().filter(|done| **done).count(),
            1,
            "{} {}",
            one.status,
            other.status
        );
        for answer in [one, other] {
            assert!(
                [200, 204, 403, 404, 409].contains(&answer.status),
                "{}",
                answer.body
            );
        }
        app.ledger().await.assert_consistent();
    }
    app.stop().await;
}

#[tokio::test]
async fn members_hear_in_the_tenant_s_room_what_becomes_of_it_and_nobody_else_does() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let cleo = app.member("cleo").await;
    let bobs = app.enrol(&ada, &bob, "viewer").await;
    let cleos = app.enrol(&ada, &cleo, "viewer").await;
    let (mut socket, mut elsewhere) = (bobs.connect().await, cleo.connect().await);
    assert_eq!(enter(&mut socket, "tenant").await["seq"], 1);
    // There is no way to name another's: the room is that of whoever asks.
    assert_eq!(enter(&mut elsewhere, "tenant").await["seq"], 1);
    let other = enter(&mut elsewhere, &format!("tenant/{}", ada.tenant_id)).await;
    assert_eq!(other["error"]["code"], "VALIDATION_ERROR");

    set_role(&ada, &cleos, "editor").await.expect(200);
    let settings = format!("/api/tenants/{}/settings", ada.tenant_id);
    ada.put(&settings, json!({ "name": "Ada & Co" }))
        .await
        .expect(200);
    assert_eq!(ada.delete(&path(&cleo)).await.status, 204);
    assert_eq!(bobs.delete(&path(&bob)).await.status, 204);
    let mut heard = Vec::new();
    while heard.len() < 3 {
        let event = socket.expect_next().await;
        assert_eq!(event["room"], "tenant");
        heard.push(json!([event["seq"], event["type"], event["data"]]));
    }
    let expected = json!([
        [2, "member:role-changed", { "user_id": cleo.user_id, "role": "editor" }],
        [3, "tenant:settings-changed", { "fields": ["name"] }],
        [4, "member:removed", { "user_id": cleo.user_id }],
    ]);
    assert_eq!(json!(heard), expected);
    while let Some(last) = socket.next().await {
        assert_eq!(last["type"], "member:left");
    }
    app.settled().await;
    let ping = elsewhere.ask(json!({ "action": "ping" })).await;
    assert_eq!(ping["type"], "pong", "it has heard nothing");
    app.stop().await;
}

#[tokio::test]
async fn what_changes_a_member_may_die_after_any_call() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for function in ["update-member", "remove-member"] {
        let mut deaths = app.deaths_of(function);
        while deaths.go_on() {
            let bob = app.member(&format!("{function}-{}", deaths.count())).await;
            let bobs = app.enrol(&ada, &bob, "editor").await;
            let mut socket = bobs.connect().await;
            let changing = async {
                match function {
                    "update-member" => set_role(&ada, &bob, "admin").await,
                    _ => ada.delete(&path(&bob)).await,
                }
            };
            deaths.befall_request(changing).await;
            app.settled().await;
            let ledger = app.ledger().await;
            ledger.assert_consistent();
            ledger.assert_nothing_left_to_do();
            // All of it or nothing: who is what they were is still connected.
            let is = bobs.get("/api/me").await;
            let changed = is.status == 404 || is.body["data"]["role"] == "admin";
            assert!(changed || deaths.go_on());
            if changed {
                assert_eq!(socket.next().await, None, "the connection is closed");
            } else {
                assert_eq!(
                    socket.ask(json!({ "action": "ping" })).await["type"],
                    "pong"
                );
            }
        }
        deaths.assert_at_least(3);
    }
    app.stop().await;
}
