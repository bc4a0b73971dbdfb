//! Invitations: who is asked to join a tenant, and what becomes of it.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, App, Logged, Member, PASSWORD, tables};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// The page that an invitation's link leads to.
const PAGE: &str = "accept-invitation";

/// Invites an address; returns what is said of the invitation.
async fn invite(admin: &Member, email: &str, role: &str) -> Value {
    let body = json!({ "email": email, "role": role });
    let answer = admin.post("/api/invitations", body).await;
    answer.expect(201)["data"].clone()
}

/// Invites an address; returns the token of the link that was emailed there.
async fn invited(app: &App, admin: &Member, email: &str, role: &str) -> String {
    invite(admin, email, role).await;
    app.emailed(email, PAGE).await
}

async fn accept(app: &App, token: &str) -> Answer {
    let body = json!({ "token": token });
    app.post("/api/accept-invitation", body).await
}

/// Accepts as somebody whose address has no account.
async fn accept_as(app: &App, token: &str, name: &str) -> Answer {
    let body = json!({ "token": token, "name": name, "password": PASSWORD });
    app.post("/api/accept-invitation", body).await
}

/// Somebody who has joined a tenant by an invitation, in it.
async fn joined(app: &App, admin: &Member, name: &str, role: &str) -> Member {
    let token = invited(app, admin, &format!("{name}@example.com"), role).await;
    let answer = accept_as(app, &token, name).await;
    app.signed_in(&answer.expect(200)["data"])
}

/// A user who has followed the link that was sent to them when they signed up.
async fn verified(app: &App, name: &str) -> Member {
    let member = app.member(name).await;
    let token = app.emailed(&member.email, "verify-email").await;
    let body = json!({ "token": token });
    app.post("/api/verify-email", body).await.expect(204);
    member
}

async fn me(member: &Member) -> Value {
    member.get("/api/me").await.expect(200)["data"].clone()
}

async fn open(admin: &Member) -> Vec<Value> {
    let body = admin.get("/api/invitations").await.expect(200);
    assert_eq!(body["meta"]["next_cursor"], Value::Null);
    body["data"].as_array().expect("it is a list").clone()
}

/// The rows of a tenant's members, and how many its log counts: as members, as admins.
async fn members(app: &App, tenant_id: &str) -> (Vec<Value>, u64, u64) {
    let of_it = |row: &Value| {
        let pk = row["pk"].as_str().expect("it has a key");
        pk.starts_with(&format!("T#{tenant_id}"))
    };
    let mut members = app.rows(tables::DATA, "MEMBER#").await;
    members.retain(of_it);
    let logs = app.rows(tables::DATA, "LOG").await;
    let mut logs = logs.iter().filter(|log| of_it(log));
    let log = logs.find(|log| log["members"].is_number());
    let log = log.expect("the tenant has a log");
    let number = |name: &str| log[name].as_u64().expect("it is a number");
    (members, number("members"), number("admins"))
}

/// Changes a tenant's row.
async fn change_tenant(app: &App, tenant_id: &str, change: impl Fn(&mut Value)) {
    let mut rows = app.rows(tables::IDENTITY, "TENANT").await;
    let row = rows.iter_mut().find(|row| row["id"] == tenant_id);
    let row = row.expect("the tenant is there");
    change(row);
    app.put(tables::IDENTITY, row).await;
}

#[tokio::test]
async fn an_address_without_an_account_becomes_a_user_and_a_member_by_the_emailed_link() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = json!({ "email": "Bob@Example.com" });
    let made = ada.post("/api/invitations", body).await.expect(201)["data"].clone();
    assert_eq!(made["email"], "bob@example.com");
    assert_eq!(made["role"], "editor", "the tenant's default");
    assert_eq!(made["invited_by"], ada.user_id);
    let lifetime = made["expires_at"].as_i64().zip(made["created_at"].as_i64());
    let lifetime = lifetime.map(|(until, since)| u128::try_from(until - since).ok());
    assert_eq!(lifetime, Some(Some(WEEK.as_millis())));
    assert_eq!(
        made.as_object().map(serde_json::Map::len),
        Some(6),
        "{made}"
    );
    assert_eq!(open(&ada).await, [made]);

    let token = app.emailed("bob@example.com", PAGE).await;
    let email = &app.emails("ada invites you to join ada's workspace").await[0];
    let html = email.html.as_deref().expect("it has HTML");
    assert!(html.contains("<strong>ada's workspace</strong>"));
    assert!(html.contains(&format!("/accept-invitation?token={token}\"")));

    assert_eq!(
        accept(&app, &token).await.bad_fields(),
        ["name", "password"]
    );
    let answer = accept_as(&app, &token, "Bob").await.expect(200);
    let data = &answer["data"];
    assert_eq!(data["user"]["email"], "bob@example.com");
    assert_eq!(
        data["tenant"],
        json!({ "id": ada.tenant_id, "name": "ada's workspace" })
    );
    assert_eq!(data["token_type"], "Bearer");
    let bob = app.signed_in(data);
    let profile = me(&bob).await;
    assert_eq!(profile["email_verified"], true);
    assert_eq!(profile["role"], "editor");
    assert_eq!(profile["tenants"].as_array().map(Vec::len), Some(1));
    bob.project("Apollo").await;
    assert_eq!(app.log_in(&bob).await.tenant_id, ada.tenant_id);
    let (rows, counted, admins) = members(&app, &ada.tenant_id).await;
    assert_eq!((rows.len(), counted, admins), (2, 2, 1));

    assert!(open(&ada).await.is_empty());
    assert_eq!(accept_as(&app, &token, "Bob").await.bad_fields(), ["token"]);
    assert!(app.rows(tables::DATA, "INVITE#").await.is_empty());
    assert!(app.rows(tables::DATA, "EMAIL#").await.is_empty());
    assert!(app.rows(tables::IDENTITY, "INVITE").await.is_empty());
}

#[tokio::test]
async fn who_has_an_account_joins_by_the_link_alone_and_keeps_their_own_tenant() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, verified(&app, "bob").await);
    let token = invited(&app, &ada, &bob.email, "admin").await;
    let other = accept_as(&app, &token, "Robert").await;
    assert_eq!(
        other.bad_fields(),
        ["name", "password"],
        "neither is asked for"
    );

    let data = accept(&app, &token).await.expect(200)["data"].clone();
    assert_eq!(data["user"]["id"], bob.user_id);
    assert_eq!(data["user"]["name"], "bob");
    let in_hers = app.signed_in(&data);
    let profile = me(&in_hers).await;
    assert_eq!(profile["tenant_id"], ada.tenant_id);
    assert_eq!(profile["role"], "admin");
    assert_eq!(profile["tenants"].as_array().map(Vec::len), Some(1));
    let bob = app.log_in(&bob).await;
    assert_eq!(me(&bob).await["tenants"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        me(&bob).await["tenant_id"],
        bob.tenant_id,
        "nothing has ended"
    );
    assert_eq!(app.log_in(&bob).await.tenant_id, bob.tenant_id);
    let (rows, counted, admins) = members(&app, &ada.tenant_id).await;
    assert_eq!((rows.len(), counted, admins), (2, 2, 2));
    open(&in_hers).await;
}

/// The link is longer on its way than others, and somebody else has sent it.
#[tokio::test]
async fn who_has_an_account_and_follows_the_link_is_let_into_that_tenant_alone() {
    let app = App::start().await;
    let (eve, bob) = (app.member("eve").await, verified(&app, "bob").await);
    let project = bob.project("Apollo").await;
    let token = invited(&app, &eve, &bob.email, "admin").await;
    let found = app.signed_in(&accept(&app, &token).await.expect(200)["data"]);
    assert_eq!(found.projects().await.0, Vec::<Value>::new());

    let elsewhere = found.acting_in(&bob.tenant_id);
    let nowhere = found.acting_in("01900000-0000-7000-8000-000000000000");
    let path = format!("/api/projects/{project}");
    let key = json!({ "name": "Key", "role": "viewer" });
    for (theirs, none) in [
        (elsewhere.get(&path).await, nowhere.get(&path).await),
        (
            elsewhere.post("/api/api-keys", key.clone()).await,
            nowhere.post("/api/api-keys", key).await,
        ),
    ] {
        assert_eq!(theirs.refused(404), none.refused(404));
    }
    let tenant = format!("/api/tenants/{}", bob.tenant_id);
    found.get(&tenant).await.refused(404);
    // What is theirs and no tenant's is not for that session either, and is as it was.
    found.get("/api/sessions").await.refused(403);
    let everywhere = found.post("/api/log-out-everywhere", json!({})).await;
    everywhere.refused(403);
    let body = json!({ "current_password": PASSWORD, "password": "another long one" });
    found.post("/api/change-password", body).await.refused(403);
    found
        .post("/api/tenants", json!({ "name": "Another" }))
        .await
        .refused(403);
    assert_eq!(me(&bob).await["user"]["id"], bob.user_id);

    let refresh = json!({ "refresh_token": found.refresh_token });
    let carried_on = app.post("/api/refresh-token", refresh).await.expect(200);
    let carried_on = app.signed_in(&json!({
        "access_token": carried_on["data"]["access_token"],
        "refresh_token": carried_on["data"]["refresh_token"],
        "user": { "id": bob.user_id, "email": bob.email, "name": "bob" },
        "tenant": { "id": eve.tenant_id, "name": "", "slug": null },
    }));
    let carried_on = carried_on.acting_in(&bob.tenant_id);
    carried_on.get(&path).await.refused(404);
}

/// Theirs is the tenant that they signed up with, and no longer.
#[tokio::test]
async fn a_tenant_that_somebody_has_left_hears_nothing_of_their_account() {
    let app = App::start().await;
    let (ada, vic) = (app.member("ada").await, app.member("vic").await);
    let heir = verified(&app, "heir").await;
    let heir = app.enrol(&vic, &heir, "admin").await;
    heir.delete(&format!("/api/members/{}", vic.user_id))
        .await
        .expect(204);
    let query = "/api/audit-log?action=account:password_changed";
    let heard = async || heir.get(query).await.expect(200)["data"].clone();

    let token = invited(&app, &ada, &vic.email, "viewer").await;
    let body = json!({ "token": token, "password": "another long enough one" });
    app.post("/api/accept-invitation", body).await.expect(200);
    app.settled().await;
    assert_eq!(heard().await, json!([]));

    let body = json!({ "email": vic.email });
    app.post("/api/forgot-password", body).await.expect(204);
    let token = app.emailed(&vic.email, "reset-password").await;
    let body = json!({ "token": token, "password": PASSWORD });
    app.post("/api/reset-password", body).await.expect(204);
    let vic = app.log_in(&vic).await;
    let body = json!({ "current_password": PASSWORD, "password": "yet another long one" });
    vic.post("/api/change-password", body).await.expect(204);
    app.settled().await;
    assert_eq!(heard().await, json!([]));
    let told = ada.get(query).await.expect(200)["data"].clone();
    assert_eq!(told.as_array().map(Vec::len), Some(2), "{told}");
}

#[tokio::test]
async fn who_has_ended_all_of_their_log_ins_has_ended_the_links_of_invitations_too() {
    let app = App::start().await;
    let (eve, bob) = (app.member("eve").await, verified(&app, "bob").await);
    let before = invited(&app, &eve, &bob.email, "viewer").await;
    bob.post("/api/log-out-everywhere", json!({}))
        .await
        .expect(204);
    assert_eq!(accept(&app, &before).await.bad_fields(), ["token"]);
    app.advance(Duration::from_secs(1));
    let open = open(&eve).await;
    let id = open[0]["id"].as_str().expect("it has an id");
    let resend = format!("/api/invitations/{id}/resend");
    eve.post(&resend, json!({})).await.expect(200);
    let after = app.emailed(&bob.email, "accept-invitation").await;
    accept(&app, &after).await.expect(200);
}

/// Whoever has signed up with another's address before must not be in the tenant that invites that other.
#[tokio::test]
async fn who_made_an_account_for_another_s_address_is_out_when_that_other_accepts() {
    let app = App::start().await;
    let (ada, thief) = (app.member("ada").await, app.member("bob").await);
    let mut socket = thief.connect().await;
    let key = thief.api_key("admin").await;
    let mut socket_by_key = key.connect().await;
    key.get("/api/list-projects").await.expect(200);
    let token = invited(&app, &ada, &thief.email, "editor").await;
    assert_eq!(accept(&app, &token).await.bad_fields(), ["password"]);
    let named = accept_as(&app, &token, "Bob").await;
    assert_eq!(named.bad_fields(), ["name"]);
    assert_eq!(
        me(&thief).await["email_verified"],
        false,
        "nothing has happened"
    );

    let new = "another long enough one";
    let body = json!({ "token": token, "password": new });
    let answer = app.post("/api/accept-invitation", body).await.expect(200);
    let bob = app.signed_in(&answer["data"]);
    assert_eq!(bob.user_id, thief.user_id);
    assert_eq!(me(&bob).await["email_verified"], true);
    let elsewhere = bob.acting_in(&thief.tenant_id);
    elsewhere.get("/api/list-projects").await.refused(404);

    for way_in in [&thief, &*key] {
        way_in.get("/api/me").await.refused(401);
    }
    let refresh = json!({ "refresh_token": thief.refresh_token });
    app.post("/api/refresh-token", refresh).await.refused(401);
    let log_in = |password: &str| json!({ "email": thief.email, "password": password });
    app.post("/api/log-in", log_in(PASSWORD)).await.refused(401);
    let home = app.post("/api/log-in", log_in(new)).await.expect(200);
    app.settled().await;
    let home = app.signed_in(&home["data"]);
    let query = "/api/audit-log?action=account:password_changed";
    let told = home.get(query).await.expect(200);
    assert_eq!(told["data"][0]["actor"], json!(bob.user_id), "{told}");
    for socket in [&mut socket, &mut socket_by_key] {
        assert_eq!(socket.next().await, None, "connections have ended, too");
    }
}

#[tokio::test]
async fn who_belongs_to_the_tenant_is_not_invited_and_nobody_is_twice() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let again = async |email: &str| {
        let body = json!({ "email": email });
        ada.post("/api/invitations", body).await.refused(409).1
    };
    assert!(again(&ada.email).await.contains("member"));
    invite(&ada, "bob@example.com", "viewer").await;
    assert!(again("BOB@example.com").await.contains("again"));

    // Another tenant's invitation is its own.
    let eve = app.member("eve").await;
    invite(&eve, "bob@example.com", "viewer").await;
    invite(&eve, &ada.email, "viewer").await;
    // What has expired is in nobody's way.
    app.advance(WEEK);
    let ada = app.log_in(&ada).await;
    invite(&ada, "bob@example.com", "viewer").await;
    assert_eq!(open(&ada).await.len(), 1);
}

#[tokio::test]
async fn of_two_who_invite_the_same_address_at_once_one_does() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let body = json!({ "email": "bob@example.com" });
    let at_once = (0..4).map(|_| ada.post("/api/invitations", body.clone()));
    let mut statuses: Vec<_> = join_all(at_once).await.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
    assert_eq!(open(&ada).await.len(), 1);
    app.settled().await;
    assert_eq!(app.emails("ada invites").await.len(), 1);
}

#[tokio::test]
async fn who_has_become_a_member_meanwhile_is_logged_in_and_their_role_stays() {
    let app = App::start().await;
    let (ada, bob) = (app.member("ada").await, verified(&app, "bob").await);
    let token = invited(&app, &ada, &bob.email, "admin").await;
    let mut rows = app.rows(tables::IDENTITY, "MEMBER#").await;
    let row = rows
        .iter_mut()
        .find(|row| row["tenant_id"] == ada.tenant_id);
    let row = row.expect("ada is a member");
    row["pk"] = json!(format!("USER#{}", bob.user_id));
    row["role"] = json!("viewer");
    app.put(tables::IDENTITY, row).await;
    let (_, counted, admins) = members(&app, &ada.tenant_id).await;

    let data = accept(&app, &token).await.expect(200)["data"].clone();
    let in_hers = app.signed_in(&data);
    assert_eq!(me(&in_hers).await["role"], "viewer");
    let (_, counted_now, admins_now) = members(&app, &ada.tenant_id).await;
    assert_eq!((counted_now, admins_now), (counted, admins));
    assert_eq!(accept(&app, &token).await.bad_fields(), ["token"]);
}

#[tokio::test]
async fn a_link_works_until_another_is_sent_it_is_revoked_or_a_week_has_passed() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let made = invite(&ada, "bob@example.com", "viewer").await;
    let id = made["id"].as_str().expect("it has an id");
    let first = app.emailed("bob@example.com", PAGE).await;

    app.advance(Duration::from_secs(6 * 24 * 3600));
    let ada = app.log_in(&ada).await;
    let path = format!("/api/invitations/{id}/resend");
    let again = ada.post(&path, json!({})).await.expect(200)["data"].clone();
    assert_eq!(
        (&again["id"], &again["created_at"]),
        (&made["id"], &made["created_at"])
    );
    assert!(again["expires_at"].as_i64() > made["expires_at"].as_i64());
    assert_eq!(open(&ada).await, [again]);
    let second = app.emailed("bob@example.com", PAGE).await;
    assert_ne!(first, second);
    assert_eq!(accept_as(&app, &first, "Bob").await.bad_fields(), ["token"]);

    app.advance(Duration::from_secs(6 * 24 * 3600));
    let ada = app.log_in(&ada).await;
    let path = format!("/api/invitations/{id}");
    assert_eq!(ada.delete(&path).await.status, 204);
    assert_eq!(
        accept_as(&app, &second, "Bob").await.bad_fields(),
        ["token"]
    );
    assert!(open(&ada).await.is_empty());
    ada.delete(&path).await.refused(404);
    ada.post(&format!("{path}/resend"), json!({}))
        .await
        .refused(404);

    let third = invited(&app, &ada, "bob@example.com", "viewer").await;
    app.advance(WEEK);
    assert_eq!(accept_as(&app, &third, "Bob").await.bad_fields(), ["token"]);
    let ada = app.log_in(&ada).await;
    assert!(open(&ada).await.is_empty());
    let accounts = app.rows(tables::IDENTITY, "ACCOUNT").await;
    assert_eq!(accounts.len(), 1, "nobody has joined");
}

/// Revoked before it was sent, it is not sent.
#[tokio::test]
async fn of_an_invitation_that_is_gone_no_email_is_sent() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    app.settled().await;
    let service = &app.stack().gateway().outbox;
    service.script(
        local::gateway::Fault::TooManyRequests { retry_after: 60 },
        1,
    );
    let made = invite(&ada, "bob@example.com", "viewer").await;
    app.settled().await;
    let path = format!("/api/invitations/{}", made["id"].as_str().expect("an id"));
    assert_eq!(ada.delete(&path).await.status, 204);
    app.advance(Duration::from_secs(120));
    app.settled().await;
    assert!(app.emails("ada invites").await.is_empty());
}

#[tokio::test]
async fn what_is_no_link_of_ours_opens_nothing_and_uses_nothing_up() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let token = invited(&app, &ada, "bob@example.com", "viewer").await;
    app.post("/api/forgot-password", json!({ "email": ada.email }))
        .await
        .expect(204);
    let reset = app.emailed(&ada.email, "reset-password").await;
    let mut others = vec![
        String::new(),
        "tnl_".to_owned(),
        reset.clone(),
        format!("{token} "),
        format!(" {token}"),
        token.to_uppercase(),
        token["tnl_".len()..].to_owned(),
    ];
    for at in (0..token.len()).step_by(5) {
        let other = if token[at..].starts_with('A') {
            "B"
        } else {
            "A"
        };
        let mut mistyped = token.clone();
        mistyped.replace_range(at..=at, other);
        others.push(mistyped);
        others.push(token[..at].to_owned());
    }
    for other in &others {
        let answer = accept_as(&app, other, "Eve").await;
        assert_eq!(answer.bad_fields(), ["token"], "{other}");
    }
    // Nor is it a link of another kind.
    let body = json!({ "token": token, "password": PASSWORD });
    let answer = app.post("/api/reset-password", body).await;
    assert_eq!(answer.bad_fields(), ["token"]);
    accept_as(&app, &token, "Bob").await.expect(200);
}

#[tokio::test]
async fn only_admins_see_and_change_invitations_and_only_their_own_tenant_s() {
    let app = App::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let theirs = invite(&eve, "bob@example.com", "viewer").await;
    let theirs = theirs["id"].as_str().expect("it has an id");
    let nowhere = "01900000-0000-7000-8000-000000000000";
    let refusals = async |member: &Member, id: &str| {
        let path = format!("/api/invitations/{id}");
        [
            member.post(&format!("{path}/resend"), json!({})).await,
            member.delete(&path).await,
        ]
    };
    let hers = refusals(&ada, theirs).await;
    for (other, none) in hers.into_iter().zip(refusals(&ada, nowhere).await) {
        assert_eq!(other.refused(404), none.refused(404));
    }
    assert!(open(&ada).await.is_empty());
    assert_eq!(open(&eve).await.len(), 1);

    for role in ["editor", "viewer"] {
        let member = joined(&app, &eve, role, role).await;
        member.get("/api/invitations").await.refused(403);
        let body = json!({ "email": "x@example.com" });
        member.post("/api/invitations", body).await.refused(403);
        for refusal in refusals(&member, theirs).await {
            refusal.refused(403);
        }
    }
}

#[tokio::test]
async fn invitations_are_listed_page_by_page_the_newest_first() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for name in ["one", "two", "three"] {
        invite(&ada, &format!("{name}@example.com"), "viewer").await;
    }
    let page = async |query: &str| {
        let path = format!("/api/invitations{query}");
        let body = ada.get(&path).await.expect(200);
        let emails: Vec<_> = body["data"]
            .as_array()
            .expect("it is a list")
            .iter()
            .map(|invitation| invitation["email"].as_str().expect("a text").to_owned())
            .collect();
        (emails, body["meta"]["next_cursor"].clone())
    };
    let (first, cursor) = page("?limit=2").await;
    assert_eq!(first, ["three@example.com", "two@example.com"]);
    let cursor = cursor.as_str().expect("there is more").to_owned();
    let (rest, none) = page(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(
        (rest, none),
        (vec!["one@example.com".to_owned()], Value::Null)
    );
    for bad in ["?limit=0", "?limit=101", "?cursor=x", "?page=1"] {
        ada.get(&format!("/api/invitations{bad}"))
            .await
            .refused(400);
    }
}

#[tokio::test]
async fn nobody_is_flooded_with_invitations() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let made = invite(&ada, "bob@example.com", "viewer").await;
    let path = format!("/api/invitations/{}", made["id"].as_str().expect("an id"));
    let resend = format!("{path}/resend");
    for _ in 0..4 {
        ada.post(&resend, json!({})).await.expect(200);
    }
    let answer = ada.post(&resend, json!({})).await;
    let wait = answer
        .header("retry-after")
        .and_then(|wait| wait.parse().ok());
    let wait: u64 = wait.expect("it says when");
    assert!((1..=24 * 3600).contains(&wait), "{wait}");
    assert_eq!(answer.refused(429).0, "RATE_LIMITED");
    // To revoke it and begin anew is no way around.
    assert_eq!(ada.delete(&path).await.status, 204);
    let body = json!({ "email": "bob@example.com" });
    ada.post("/api/invitations", body.clone())
        .await
        .refused(429);
    invite(&ada, "cleo@example.com", "viewer").await;
    // However long one tenant goes on, others may invite them.
    for _ in 0..20 {
        let body = json!({ "email": "bob@example.com" });
        ada.post("/api/invitations", body).await.refused(429);
    }
    let eve = app.member("eve").await;
    invite(&eve, "bob@example.com", "viewer").await;

    app.settled().await;
    let sent = app.emails("ada invites").await;
    let to_bob = sent.iter().filter(|email| email.to == ["bob@example.com"]);
    assert!(to_bob.count() <= 5);
    app.advance(Duration::from_secs(wait));
    let ada = app.log_in(&ada).await;
    ada.post("/api/invitations", body).await.expect(201);
}

#[tokio::test]
async fn a_tenant_has_a_hundred_open_invitations_and_no_more() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let made = invite(&ada, "bob@example.com", "viewer").await;
    let rows = app.rows(tables::DATA, "INVITE#").await;
    for number in 1..100 {
        let id = format!("01900000-0000-7000-8000-{number:012}");
        let mut row = rows[0].clone();
        row["sk"] = json!(format!("INVITE#{id}"));
        row["email"] = json!(format!("{number}@example.com"));
        row["id"] = json!(id);
        app.put(tables::DATA, &row).await;
    }
    let body = json!({ "email": "cleo@example.com" });
    ada.post("/api/invitations", body.clone())
        .await
        .refused(409);
    let path = format!("/api/invitations/{}", made["id"].as_str().expect("an id"));
    assert_eq!(ada.delete(&path).await.status, 204);
    ada.post("/api/invitations", body).await.expect(201);
}

#[tokio::test]
async fn who_is_invited_and_joins_has_an_address_of_the_tenant_s_domains() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let made = invite(&ada, "bob@example.com", "viewer").await;
    let token = app.emailed("bob@example.com", PAGE).await;
    change_tenant(&app, &ada.tenant_id, |tenant| {
        tenant["settings"]["sign_up_domains"] = json!(["example.org"]);
    })
    .await;

    let body = json!({ "email": "cleo@example.com" });
    let answer = ada.post("/api/invitations", body).await;
    assert_eq!(answer.bad_fields(), ["email"]);
    let path = format!(
        "/api/invitations/{}/resend",
        made["id"].as_str().expect("an id")
    );
    ada.post(&path, json!({})).await.refused(409);
    assert_eq!(accept_as(&app, &token, "Bob").await.bad_fields(), ["token"]);

    let token = invited(&app, &ada, "cleo@example.org", "viewer").await;
    accept_as(&app, &token, "Cleo").await.expect(200);
    change_tenant(&app, &ada.tenant_id, |tenant| {
        tenant["settings"]["sign_up_domains"] = json!([]);
    })
    .await;
    let token = app.emailed("bob@example.com", PAGE).await;
    accept_as(&app, &token, "Bob").await.expect(200);
}

#[tokio::test]
async fn nobody_joins_a_tenant_that_is_being_deleted() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let token = invited(&app, &ada, "bob@example.com", "viewer").await;
    change_tenant(&app, &ada.tenant_id, |tenant| {
        tenant["deleting_at"] = json!(1);
    })
    .await;
    assert_eq!(accept_as(&app, &token, "Bob").await.bad_fields(), ["token"]);
    assert_eq!(app.rows(tables::IDENTITY, "ACCOUNT").await.len(), 1);
}

/// The tenant has invited: what becomes of the admin who did it for the tenant does not matter.
#[tokio::test]
async fn an_invitation_outlives_its_maker_s_role() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = joined(&app, &ada, "bob", "admin").await;
    let token = invited(&app, &bob, "cleo@example.com", "editor").await;
    let mut rows = app.rows(tables::IDENTITY, "MEMBER#").await;
    let row = rows
        .iter_mut()
        .find(|row| row["role"] == "admin" && row["pk"] == format!("USER#{}", bob.user_id));
    let row = row.expect("bob is a member");
    row["role"] = json!("viewer");
    app.put(tables::IDENTITY, row).await;
    bob.get("/api/invitations").await.refused(403);
    let data = accept_as(&app, &token, "Cleo").await.expect(200)["data"].clone();
    assert_eq!(me(&app.signed_in(&data)).await["role"], "editor");
}

#[tokio::test]
async fn of_many_who_accept_at_once_one_joins() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = verified(&app, "bob").await;
    for (email, known) in [("cleo@example.com", false), (bob.email.as_str(), true)] {
        let token = invited(&app, &ada, email, "editor").await;
        let at_once = (0..6).map(|_| async {
            if known {
                accept(&app, &token).await
            } else {
                accept_as(&app, &token, "Cleo").await
            }
        });
        let answers = join_all(at_once).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422, 422, 422, 422, 422]);
    }
    let (rows, counted, admins) = members(&app, &ada.tenant_id).await;
    assert_eq!((rows.len(), counted, admins), (3, 3, 1));
    assert_eq!(app.rows(tables::IDENTITY, "ACCOUNT").await.len(), 3);
}

#[tokio::test]
async fn accepting_may_die_after_any_call_and_leaves_all_or_nothing() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    for known in [false, true] {
        let mut deaths = app.deaths_of("accept-invitation");
        let mut lost = 0;
        while deaths.go_on() {
            let who = if known { "thief" } else { "bob" };
            let name = format!("{who}-{}", deaths.count());
            let email = format!("{name}@example.com");
            if known {
                app.member(&name).await;
            }
            let token = invited(&app, &ada, &email, "editor").await;
            let new = format!("the new password of {name}");
            let mut body = json!({ "token": token, "password": new });
            if !known {
                body["name"] = json!(name);
            }
            let (before, _, _) = members(&app, &ada.tenant_id).await;
            let accepting = app.post("/api/accept-invitation", body.clone());
            deaths.befall_request(accepting).await;

            let (rows, counted, admins) = members(&app, &ada.tenant_id).await;
            assert_eq!((rows.len() as u64, admins), (counted, 1));
            let log_in = json!({ "email": email, "password": new });
            let is_in = app.post("/api/log-in", log_in.clone()).await.status == 200;
            let is_open = !app.rows(tables::IDENTITY, "INVITE").await.is_empty();
            assert_eq!(rows.len() - before.len(), usize::from(is_in));
            assert_eq!(is_open, !is_in, "all, or nothing");
            let again = app.post("/api/accept-invitation", body).await;
            if is_in {
                assert_eq!(again.bad_fields(), ["token"]);
            } else {
                again.expect(200);
            }
            app.post("/api/log-in", log_in).await.expect(200);
            lost += u32::from(is_in && deaths.go_on());
        }
        tests::report(&format!("{lost} answers of accept-invitation were lost"));
        deaths.assert_at_least(7);
        assert!(lost >= 1);
    }
    let (rows, counted, _) = members(&app, &ada.tenant_id).await;
    assert_eq!(rows.len() as u64, counted);
}

#[tokio::test]
async fn the_log_and_the_room_of_the_tenant_tell_of_it_but_not_who_is_invited() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let mut socket = ada.connect().await;
    let subscribe = json!({ "action": "subscribe", "room": "tenant" });
    assert_eq!(socket.ask(subscribe).await["type"], "subscribed");
    let made = invite(&ada, "bob@example.com", "editor").await;
    let heard = socket.expect_next().await;
    assert_eq!(heard["type"], "member:invited");
    assert_eq!(heard["data"], json!({ "id": made["id"], "role": "editor" }));
    let token = app.emailed("bob@example.com", PAGE).await;
    let data = accept_as(&app, &token, "Bob").await.expect(200)["data"].clone();
    let heard = socket.expect_next().await;
    assert_eq!(heard["type"], "member:joined");
    assert_eq!(
        heard["data"],
        json!({ "user_id": data["user"]["id"], "role": "editor" })
    );
}

#[tokio::test]
async fn the_token_of_an_invitation_stands_nowhere_but_in_the_email() {
    let (logged, _here) = Logged::from_here();
    let app = App::start().await;
    let ada = app.member("ada").await;
    // While it is busy the message stays in the queue.
    app.settled().await;
    let service = &app.stack().gateway().outbox;
    service.script(
        local::gateway::Fault::TooManyRequests { retry_after: 30 },
        1,
    );
    invite(&ada, "bob@example.com", "viewer").await;
    app.settled().await;
    let queue = std::fs::read_dir(app.folder()).expect("the folder can be read");
    let files: Vec<_> = queue
        .map(|entry| entry.expect("it has entries").path())
        .filter(|path| path.is_file() && !path.to_string_lossy().contains("outbox"))
        .map(|path| (std::fs::read(&path).expect("it can be read"), path))
        .collect();
    assert!(
        files
            .iter()
            .any(|(_, path)| path.to_string_lossy().contains("sqs")),
        "{files:?}"
    );

    app.advance(Duration::from_secs(60));
    let token = app.emailed("bob@example.com", PAGE).await;
    let secret = token.strip_prefix("tnl_").expect("it is recognised");
    let holds = |bytes: &[u8]| {
        let mut windows = bytes.windows(secret.len());
        windows.any(|window| window == secret.as_bytes())
    };
    for (bytes, path) in &files {
        assert!(!holds(bytes), "{} holds it", path.display());
    }
    for table in [tables::DATA, tables::IDENTITY, tables::EPHEMERAL] {
        let rows = serde_json::to_vec(&app.rows(table, "").await).expect("they are rows");
        assert!(!holds(&rows), "{table} holds it");
    }
    accept_as(&app, &token, "Bob").await.expect(200);
    accept_as(&app, &token, "Bob").await.refused(422);
    let lines = logged.bytes();
    assert!(!lines.is_empty(), "something is logged");
    assert!(!holds(&lines), "a log line holds it");
}
