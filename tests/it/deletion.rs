//! Deleting a tenant: who can, what goes, what stays, and that the report is exact whatever dies.

mod estate;
mod mishaps;
mod size;

use serde_json::{Value, json};
use tests::{Answer, App, Member, tables};

use self::estate::{Estate, SETTLED, all_rows, delete, report_of};

/// Nobody's.
const NOBODYS: &str = "01900000-0000-7000-8000-000000000000";

#[track_caller]
fn is_a_404(answer: &Answer) {
    let gone = ("NOT_FOUND".to_owned(), "Tenant not found".to_owned());
    assert_eq!(answer.clone().refused(404), gone);
}

#[tokio::test]
async fn all_that_a_tenant_has_is_removed_and_counted_and_no_other_tenant_is_touched() {
    let app = estate::start().await;
    let acme = Estate::of(&app, "ada", "acme").await;
    let other = Estate::of(&app, "eve", "other").await;
    app.settled().await;
    let kept = other.everything(&app).await;
    let held = acme.held(&app).await;
    held.assert_full();
    let mut socket = acme.owner.connect().await;
    socket.subscribe(&acme.projects[0]).await;

    let answer = delete(&acme.owner, "Acme").await;
    assert_eq!(
        answer.header("location"),
        Some(&*format!("/api/tenant-deletions/{}", acme.id))
    );
    let begun = answer.expect(202)["data"].clone();
    assert_eq!(begun["id"], acme.id);
    assert_eq!(begun["status"], "deleting");
    is_a_404(&acme.owner.get(&format!("/api/tenants/{}", acme.id)).await);
    is_a_404(&delete(&acme.owner, "Acme").await);
    app.settled().await;
    while socket.next().await.is_some() {}

    let so_far = report_of(&acme.founder, &acme.id).await;
    assert_eq!(so_far["status"], "deleting");
    assert_eq!(so_far["finished_at"], Value::Null);
    app.advance(SETTLED);
    app.settled().await;
    let founder = app.log_in(&acme.founder).await;
    let report = report_of(&founder, &acme.id).await;
    assert_eq!(report["status"], "deleted");
    assert_eq!(report["name"], "Acme");
    assert_eq!(report["requested_at"], begun["requested_at"]);
    assert!(report["finished_at"].as_i64() > report["requested_at"].as_i64());
    held.assert_removed(&report["removed"]);

    acme.assert_nothing_left(&app).await;
    assert_eq!(other.everything(&app).await, kept);
    app.ledger().await.assert_consistent();
    app.stop().await;
}

/// Nothing but the tenant's log tells any more that they ever were there.
#[tokio::test]
async fn what_somebody_had_there_who_had_left_before_is_removed_as_well() {
    let app = estate::start().await;
    let acme = app.member("ada").await.found("Acme", "acme").await;
    let bob = estate::guest(&app, &acme, "bob@example.com").await;
    let secret = json!({ "name": "Rockets", "visibility": "private" });
    let secret = acme.post("/api/projects", secret).await.expect(201);
    let secret = secret["data"]["id"].as_str().expect("it has an id");
    let shared = format!("/api/projects/{secret}/members/{}", bob.user_id);
    let role = json!({ "role": "editor" });
    acme.put(&shared, role).await.expect(200);
    let given = json!({ "projectId": secret, "title": "Buy", "assignedTo": bob.user_id });
    acme.post("/api/create-task", given).await.expect(201);
    app.settled().await;
    let member = format!("/api/members/{}", bob.user_id);
    acme.delete(&member).await.expect(204);
    app.settled().await;

    let own = format!("T#{}#U#{}", acme.tenant_id, bob.user_id);
    for (partition, kind) in [
        (own.clone(), "ASSIGNED#"),
        (own.clone(), "SHARED#"),
        (format!("{own}#N"), "NOTE#"),
        (format!("{own}#N"), "INBOX"),
    ] {
        let left = app.rows_in(tables::DATA, &partition, kind).await;
        assert_eq!(left.len(), 1, "{kind}: it has to be found when all goes");
    }
    delete(&acme, "Acme").await.expect(202);
    estate::finish(&app).await;
    estate::assert_gone(&app, &acme.tenant_id).await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

#[tokio::test]
async fn what_was_deleted_is_found_by_no_search_and_its_slug_and_place_are_free_again() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let project = acme.project("Rockets").await;
    acme.task(&project, "Buy anvils").await;
    app.settled().await;
    assert_eq!(acme.search(&project, "anvils").await.0.len(), 1);
    let founded = async || {
        let users = app.rows(tables::IDENTITY, "USER").await;
        let user = users.iter().find(|user| user["id"] == *ada.user_id);
        user.expect("she is a user")["founded"].as_i64()
    };
    assert_eq!(founded().await, Some(1));

    delete(&acme, "Acme").await.expect(202);
    let taken = json!({ "name": "Acme again", "slug": "acme" });
    let early = ada.post("/api/tenants", taken.clone()).await;
    assert_eq!(early.status, 409);
    estate::finish(&app).await;
    assert_eq!(founded().await, Some(0));
    let ada = app.log_in(&ada).await;
    let again = ada.found("Acme again", "acme").await;
    let query = json!({ "projectId": project, "query": "anvils" });
    for member in [&ada, &again] {
        let answer = member.post("/api/search-tasks", query.clone()).await;
        assert_eq!(answer.status, 404);
    }
    assert!(again.projects().await.0.is_empty());
    assert_eq!(founded().await, Some(1));
    app.stop().await;
}

#[tokio::test]
async fn only_an_admin_in_person_who_knows_its_name_deletes_a_tenant() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let eve = app.member("eve").await;
    let editor = app.enrol(&acme, &app.member("bob").await, "editor").await;
    app.settled().await;
    let before = all_rows(&app).await;

    let wrong = delete(&acme, "acme").await;
    let expected = "Must be the name of this tenant".to_owned();
    assert_eq!(wrong.body["error"]["details"][0]["field"], "name");
    assert_eq!(
        wrong.refused(422),
        ("VALIDATION_ERROR".to_owned(), expected)
    );
    assert_eq!(
        acme.delete(&format!("/api/tenants/{}", acme.tenant_id))
            .await
            .status,
        422
    );
    assert_eq!(delete(&editor, "Acme").await.status, 403);
    let path = format!("/api/tenants/{}", acme.tenant_id);
    let body = json!({ "name": "Acme" });
    is_a_404(&eve.send("DELETE", &path, body.clone()).await);
    let nobodys = format!("/api/tenants/{NOBODYS}");
    is_a_404(&acme.acting_in(NOBODYS).send("DELETE", &nobodys, body).await);
    assert_eq!(
        app.request("DELETE", &path)
            .send()
            .await
            .expect("it answers")
            .status(),
        401
    );
    // The refusals are in the audit log, and what was refused for its body was a call.
    let but_for_what_was_noted = |mut rows: Vec<Value>| {
        let noted = |pk: &str| pk.contains("#AUDIT#") || pk.ends_with("#USAGE");
        rows.retain(|row| !row["pk"].as_str().is_some_and(noted));
        rows
    };
    let after = but_for_what_was_noted(all_rows(&app).await);
    assert_eq!(after, but_for_what_was_noted(before));

    let key = acme.key("Build", "admin").await;
    let by_key = key.send("DELETE", &path, json!({ "name": "Acme" })).await;
    assert_eq!(by_key.status, 403);
    acme.get(&path).await.expect(200);
    app.stop().await;
}

#[tokio::test]
async fn only_who_asked_for_a_deletion_sees_how_far_it_is() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let other_admin = app.member("eve").await;
    app.enrol(&acme, &other_admin, "admin").await;
    let key = ada.key("Build", "admin").await;
    let path = format!("/api/tenant-deletions/{}", acme.tenant_id);
    let missing = (
        "NOT_FOUND".to_owned(),
        "Tenant deletion not found".to_owned(),
    );
    assert_eq!(ada.get(&path).await.refused(404), missing);

    delete(&acme, "Acme").await.expect(202);
    for _ in 0..2 {
        ada.get(&path).await.expect(200);
        assert_eq!(other_admin.get(&path).await.refused(404), missing);
        assert_eq!(key.get(&path).await.status, 403);
        app.settled().await;
    }
    app.stop().await;
}

#[tokio::test]
async fn members_keep_their_other_tenants_and_who_has_none_left_gets_one() {
    let app = estate::start().await;
    let ada = app.member("ada").await;
    let acme = ada.found("Acme", "acme").await;
    let bob = app.member("bob").await;
    app.enrol(&acme, &bob, "editor").await;
    let project = bob.project("Bob's own").await;
    // Ada was logged in to her workspace, and Bob to his: neither goes out.
    delete(&acme, "Acme").await.expect(202);
    estate::finish(&app).await;
    let (ada, bob) = (app.log_in(&ada).await, app.log_in(&bob).await);
    let tenants = |me: Answer| me.expect(200)["data"]["tenants"].as_array().map(Vec::len);
    assert_eq!(tenants(ada.get("/api/me").await), Some(1));
    assert_eq!(tenants(bob.get("/api/me").await), Some(1));
    assert_eq!(bob.projects().await.0[0]["id"], project);

    // Bob's only one: he is logged out at once, can have his password sent all the same, and begins anew.
    let home = bob.tenant_id.clone();
    delete(&bob, "bob's workspace").await.expect(202);
    app.settled().await;
    assert_eq!(bob.get("/api/me").await.status, 401);
    let forgot = json!({ "email": bob.email });
    app.post("/api/forgot-password", forgot).await.expect(204);
    let token = app.emailed(&bob.email, "reset-password").await;
    estate::finish(&app).await;
    let out = json!({ "refresh_token": bob.refresh_token });
    app.post("/api/log-out", out).await.expect(204);
    let verified = json!({ "token": token, "password": tests::PASSWORD });
    app.post("/api/reset-password", verified).await.expect(204);
    let bob = app.log_in(&bob).await;
    assert_ne!(bob.tenant_id, home);
    app.settled().await;
    estate::assert_gone(&app, &home).await;
    app.ledger().await.assert_consistent();
    app.stop().await;
}

impl Estate {
    /// Everything that names another tenant than the deleted one, for a comparison byte for byte.
    async fn everything(&self, app: &App) -> Vec<Value> {
        let mut rows = all_rows(app).await;
        rows.retain(|row| row.to_string().contains(&self.id));
        let objects = app.objects().await.into_iter();
        let mine = objects.filter(|path| path.contains(&self.id));
        rows.extend(mine.map(Value::from));
        rows
    }
}

/// What a member does that is no plain request.
trait Sends {
    /// A request with a body.
    async fn send(&self, method: &str, path: &str, body: Value) -> Answer;
    /// A new key of theirs.
    async fn key(&self, name: &str, role: &str) -> tests::ApiKey;
}

impl Sends for Member {
    async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let sent = self.request(method, path).json(&body).send().await;
        Answer::of(sent.expect("the API answers")).await
    }

    async fn key(&self, name: &str, role: &str) -> tests::ApiKey {
        let made = self.post("/api/api-keys", json!({ "name": name, "role": role }));
        tests::ApiKey::made(self, made.await)
    }
}
