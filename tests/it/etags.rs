//! What a client has seen: the tag of each resource, and changes of what was seen alone.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use futures::future::join;
use serde_json::{Value, json};
use tests::{Answer, App, Member, tables};

/// How often two change the same at once.
const RACES: usize = 5;

/// What is listed and never shown by itself, so that nobody has its tag.
const LISTED_ALONE: [&str; 1] = ["/api/sessions/{id}"];

/// ada, an admin, and somebody else in her tenant.
async fn two(app: &App, role: &str) -> (Member, Member) {
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let bob = app.enrol(&ada, &bob, role).await;
    (ada, bob)
}

fn tenant(of: &Member) -> String {
    format!("/api/tenants/{}", of.tenant_id)
}

fn member_of_project(project: &str, member: &Member) -> String {
    format!("/api/projects/{project}/members/{}", member.user_id)
}

fn id(answer: Answer, status: u16) -> String {
    let body = answer.expect(status);
    body["data"]["id"].as_str().expect("it has one").to_owned()
}

async fn share(ada: &Member, project: &str, with: &Member, role: &str) {
    let path = member_of_project(project, with);
    let shared = ada.put(&path, json!({ "role": role })).await;
    shared.expect(200);
}

async fn tag(member: &Member, path: &str) -> String {
    let shown = member.get(path).await;
    let tag = shown.etag();
    shown.expect(200);
    tag
}

/// The paths of a task of a project, of a comment on it, and of a label.
async fn within(ada: &Member, project: &str) -> [String; 3] {
    let task = format!("/api/tasks/{}", ada.task(project, "Count down").await);
    let comments = format!("{task}/comments");
    let comment = id(ada.post(&comments, json!({ "text": "Ten" })).await, 201);
    let labels = format!("/api/projects/{project}/labels");
    let label = id(ada.post(&labels, json!({ "name": "Fuel" })).await, 201);
    [
        task,
        format!("{comments}/{comment}"),
        format!("{labels}/{label}"),
    ]
}

/// Takes what counts how often something was written out of a row: as rows were before it was counted.
async fn uncounted(app: &App, ada: &Member) {
    let profiles = app.rows(tables::IDENTITY, "TENANT").await;
    let mut profiles = profiles.into_iter();
    let profile = profiles.find(|profile| profile["id"] == *ada.tenant_id);
    let mut profile = profile.expect("the tenant is there");
    let row = profile.as_object_mut().expect("it is a row");
    assert_eq!(row.remove("version"), Some(json!(1)));
    app.put(tables::IDENTITY, &profile).await;
}

#[test]
fn each_resource_that_is_shown_has_a_tag_and_each_that_is_changed_is_changed_as_it_was_seen() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    let reference = fs::read_to_string(file).expect("it can be read");
    let reference: Value = serde_json::from_str(&reference).expect("it is JSON");
    let paths = reference["paths"].as_object().expect("there are paths");
    let (mut shown, mut changed) = (0, 0);
    for (path, operations) in paths {
        let answer = &operations["get"]["responses"]["200"];
        let data = answer.pointer("/content/application~1json/schema/properties/data");
        if data.is_some_and(|data| data.get("$ref").is_some()) {
            assert!(answer["headers"]["etag"].is_object(), "GET {path}");
            shown += 1;
        }
        for method in ["put", "patch", "delete"] {
            let Some(parameters) = operations[method]["parameters"].as_array() else {
                continue;
            };
            let if_match = json!({ "$ref": "#/components/parameters/IfMatch" });
            let is_listed_alone = LISTED_ALONE.contains(&path.as_str());
            let takes = parameters.contains(&if_match);
            assert_eq!(takes, !is_listed_alone, "{method} {path}");
            changed += 1;
        }
    }
    assert!(shown > 0 && changed > 0);
}

#[tokio::test]
async fn whoever_has_a_resource_by_its_tag_is_not_sent_it_again() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "editor").await;
    let project = ada.project("Apollo").await;
    share(&ada, &project, &bob, "editor").await;
    let [task, comment, label] = within(&ada, &project).await;
    let key = ada.api_key("viewer").await;
    let invited = json!({ "email": "grace@example.com" });
    let invitation = id(ada.post("/api/invitations", invited).await, 201);
    let gone = ada.found("Gone", "gone").await;
    let named = ada.request("DELETE", &tenant(&gone));
    let named = named.json(&json!({ "name": "Gone" })).send().await;
    Answer::of(named.expect("the API answers"))
        .await
        .expect(202);
    app.settled().await;
    for path in [
        "/.well-known/jwks.json".to_owned(),
        "/api/me".to_owned(),
        "/api/me/notifications".to_owned(),
        format!("/api/members/{}", bob.user_id),
        format!("/api/api-keys/{}", key.id),
        format!("/api/invitations/{invitation}"),
        tenant(&ada),
        format!("/api/tenant-deletions/{}", gone.tenant_id),
        format!("/api/projects/{project}"),
        format!("/api/projects/{project}/members"),
        member_of_project(&project, &bob),
        task,
        comment,
        label,
    ] {
        let tag = tag(&ada, &path).await;
        let known = ada.if_none_match(&path, &tag).await;
        assert_eq!((known.status, &known.body), (304, &Value::Null), "{path}");
        ada.if_none_match(&path, "\"0-x\"").await.expect(200);
    }
    // They tell of the very request, or hold a link.
    ada.get(&format!("{}/usage", tenant(&ada))).await.etag();
    let exports = format!("{}/exports", tenant(&ada));
    let export = id(ada.post(&exports, json!({})).await, 202);
    app.settled().await;
    let export = ada.get(&format!("{exports}/{export}")).await;
    assert_eq!(export.header("cache-control"), Some("no-store"));
    export.etag();
    export.expect(200);
}

#[tokio::test]
async fn of_two_who_set_up_a_tenant_as_they_have_seen_it_one_does() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "admin").await;
    let path = tenant(&ada);
    let settings = format!("{path}/settings");
    for round in 0..RACES {
        let seen = tag(&ada, &path).await;
        let name = |who: &str| json!({ "name": format!("{who}'s {round}") });
        let (one, other) = join(
            ada.if_match("PUT", &settings, &seen, name("ada")),
            bob.if_match("PUT", &settings, &seen, name("bob")),
        )
        .await;
        let statuses = BTreeSet::from([one.status, other.status]);
        assert_eq!(statuses, BTreeSet::from([200, 412]));
        let set = if one.status == 200 { one } else { other };
        let now = ada.get(&path).await;
        assert_eq!(set.etag(), now.etag());
        assert_eq!(set.expect(200), now.expect(200));
        let late = ada.if_match("PUT", &settings, &seen, name("ada")).await;
        assert_eq!(late.refused(412).0, "PRECONDITION_FAILED");
    }
    app.settled().await;
    app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn who_joins_a_tenant_does_not_hinder_who_sets_it_up_and_who_sets_it_up_hinders_its_end() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let founded = json!({ "name": "Acme" });
    let founded = ada.post("/api/tenants", founded).await;
    let seen = founded.etag();
    let acme = ada.acting_in(&id(founded, 201));
    let path = tenant(&acme);
    assert_eq!(tag(&acme, &path).await, seen, "she is its admin");
    app.enrol(&acme, &bob, "viewer").await;
    assert_ne!(tag(&acme, &path).await, seen, "it has another member");
    let settings = format!("{path}/settings");
    let same = json!({ "name": "Acme" });
    let unchanged = acme.if_match("PUT", &settings, &seen, same.clone()).await;
    unchanged.expect(200);
    let viewers = json!({ "name": "Acme", "default_role": "viewer" });
    let set = acme.if_match("PUT", &settings, &seen, viewers).await;
    let now = set.etag();
    set.expect(200);
    let end = async |tag: &str| acme.if_match("DELETE", &path, tag, same.clone()).await;
    end(&seen).await.refused(412);
    end(&now).await.expect(202);
}

#[tokio::test]
async fn a_tenant_that_was_made_before_this_was_counted_is_set_up_and_deleted_as_it_was_seen() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    uncounted(&app, &ada).await;
    let path = tenant(&ada);
    let settings = format!("{path}/settings");
    let seen = tag(&ada, &path).await;
    let name = |name: &str| json!({ "name": name });
    let set = ada.if_match("PUT", &settings, &seen, name("Acme")).await;
    let now = set.etag();
    set.expect(200);
    let late = ada.if_match("PUT", &settings, &seen, name("Apex")).await;
    late.refused(412);
    ada.if_match("DELETE", &path, &now, name("Acme"))
        .await
        .expect(202);

    let bob = app.member("bob").await;
    uncounted(&app, &bob).await;
    let (path, own) = (tenant(&bob), name("bob's workspace"));
    let seen = tag(&bob, &path).await;
    bob.if_match("DELETE", &path, &seen, own).await.expect(202);
}

#[tokio::test]
async fn a_member_is_given_a_role_or_removed_as_they_were_seen() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "editor").await;
    let path = format!("/api/members/{}", bob.user_id);
    let role = |role: &str| json!({ "role": role });
    let seen = tag(&ada, &path).await;
    assert_ne!(tag(&bob, &path).await, seen, "he may do less with it");
    let (one, other) = join(
        ada.if_match("PATCH", &path, &seen, role("viewer")),
        ada.if_match("PATCH", &path, &seen, role("admin")),
    )
    .await;
    let statuses = BTreeSet::from([one.status, other.status]);
    assert_eq!(statuses, BTreeSet::from([200, 412]));
    let set = if one.status == 200 { one } else { other };
    assert_eq!(set.etag(), tag(&ada, &path).await);
    ada.patch(&path, role("editor")).await.expect(200);
    let late = ada.if_match("PATCH", &path, &seen, role("editor")).await;
    late.refused(412);
    let remove = async |tag: &str| ada.if_match("DELETE", &path, tag, json!({})).await;
    remove(&seen).await.refused(412);
    let seen = tag(&ada, &path).await;
    remove(&seen).await.expect(204);
    ada.get(&path).await.refused(404);

    // Who comes back is not who they were, be they as they were.
    app.settled().await;
    app.advance(Duration::from_secs(1));
    app.enrol(&ada, &bob, "editor").await;
    remove(&seen).await.refused(412);
    remove(&tag(&ada, &path).await).await.expect(204);
}

#[tokio::test]
async fn a_project_is_shared_as_it_was_seen() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "editor").await;
    let carl = app.member("carl").await;
    let carl = app.enrol(&ada, &carl, "editor").await;
    let project = ada.project("Apollo").await;
    let list = format!("/api/projects/{project}/members");
    let [bobs, carls] = [&bob, &carl].map(|member| member_of_project(&project, member));
    let seen = tag(&ada, &list).await;
    let share = async |path: &str, tag: &str, role: &str| {
        ada.if_match("PUT", path, tag, json!({ "role": role }))
            .await
    };
    let (one, other) = join(
        share(&bobs, &seen, "viewer"),
        share(&carls, &seen, "viewer"),
    )
    .await;
    let statuses = BTreeSet::from([one.status, other.status]);
    assert_eq!(statuses, BTreeSet::from([200, 412]));
    let (shared, path) = if one.status == 200 {
        (one, bobs)
    } else {
        (other, carls)
    };
    let seen = shared.etag();
    let shown = ada.get(&path).await;
    assert_eq!(shown.etag(), seen);
    assert_eq!(shown.expect(200), shared.expect(200));
    assert_eq!(share(&path, &seen, "viewer").await.etag(), seen);
    share(&path, &seen, "editor").await.expect(200);
    share(&path, &seen, "viewer").await.refused(412);
    let end = async |tag: &str| ada.if_match("DELETE", &path, tag, json!({})).await;
    end(&seen).await.refused(412);
    end(&tag(&ada, &path).await).await.expect(204);
    ada.get(&path).await.refused(404);
    let owner = ada.get(&member_of_project(&project, &ada)).await;
    owner.refused(404);
}

#[tokio::test]
async fn an_invitation_is_sent_again_or_revoked_as_it_was_seen() {
    let app = App::start().await;
    let ada = app.member("ada").await;
    let made = json!({ "email": "grace@example.com" });
    let made = ada.post("/api/invitations", made).await;
    let seen = made.etag();
    let path = format!("/api/invitations/{}", id(made, 201));
    let shown = ada.get(&path).await;
    assert_eq!(shown.etag(), seen);
    assert_eq!(shown.expect(200)["data"]["email"], "grace@example.com");
    let resend = format!("{path}/resend");
    let again = async |tag: &str| ada.if_match("POST", &resend, tag, json!({})).await;
    let sent = again(&seen).await;
    let now = sent.etag();
    sent.expect(200);
    assert_eq!(tag(&ada, &path).await, now);
    again(&seen).await.refused(412);
    let revoke = async |tag: &str| ada.if_match("DELETE", &path, tag, json!({})).await;
    revoke(&seen).await.refused(412);
    revoke(&now).await.expect(204);
    ada.get(&path).await.refused(404);
}

#[tokio::test]
async fn an_api_key_is_shown_to_its_maker_and_to_admins_and_revoked_as_it_was_seen() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "editor").await;
    let own = ada.api_key("viewer").await;
    let build = json!({ "name": "Build", "role": "editor" });
    let bobs = id(bob.post("/api/api-keys", build).await, 201);
    let [own, bobs] = [&own.id, &bobs].map(|key| format!("/api/api-keys/{key}"));
    let all = ada.get("/api/api-keys").await.expect(200);
    let first = ada.get(&bobs).await.expect(200);
    assert_eq!(first["data"], all["data"][0]);
    bob.get(&own).await.refused(404);
    let seen = tag(&bob, &bobs).await;
    let revoke = async |tag: &str| bob.if_match("DELETE", &bobs, tag, json!({})).await;
    revoke("\"2-x\"").await.refused(412);
    revoke(&seen).await.expect(204);
    bob.get(&bobs).await.refused(404);
}

#[tokio::test]
async fn a_tag_is_of_what_whoever_sees_it_may_do_in_its_project() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "admin").await;
    let carl = app.member("carl").await;
    let carl = app.enrol(&ada, &carl, "editor").await;
    let project = json!({ "name": "Apollo", "visibility": "private" });
    let project = id(ada.post("/api/projects", project).await, 201);
    let paths = within(&ada, &project).await;
    for who in [&bob, &carl] {
        let mut seen = Vec::new();
        for role in ["viewer", "editor", "admin", "viewer"] {
            share(&ada, &project, who, role).await;
            let mut tags = Vec::new();
            for path in &paths {
                tags.push(tag(who, path).await);
            }
            seen.push(tags);
        }
        // carl, an editor of the tenant, is none more as the project's admin, but he manages it.
        for (at, path) in paths.iter().enumerate() {
            let distinct: BTreeSet<_> = seen[..3].iter().map(|tags| &tags[at]).collect();
            assert_eq!(distinct.len(), 3, "{path}");
            assert_eq!(seen[0][at], seen[3][at], "{path}");
            let as_editor = who.if_none_match(path, &seen[1][at]).await;
            as_editor.expect(200);
            let as_viewer = who.if_none_match(path, &seen[3][at]).await;
            assert_eq!(as_viewer.status, 304, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_written_in_a_private_project_is_answered_by_the_tag_that_it_is_then_shown_by() {
    let app = App::start().await;
    let (ada, bob) = two(&app, "admin").await;
    let private = json!({ "name": "Apollo", "visibility": "private" });
    let made = ada.post("/api/projects", private).await;
    let seen = made.etag();
    let project = id(made, 201);
    let path = format!("/api/projects/{project}");
    assert_eq!(tag(&ada, &path).await, seen, "it is its owner's");
    share(&ada, &project, &bob, "editor").await;
    let open = json!({ "name": "Apollo", "description": "To the moon" });
    let written = bob.patch(&path, open).await;
    assert_eq!(written.etag(), tag(&bob, &path).await);

    let once = async |method: &str, path: &str, body: Value| {
        let request = bob.request(method, path).json(&body);
        let request = request.header("idempotency-key", format!("{method} {path}"));
        Answer::of(request.send().await.expect("the API answers")).await
    };
    let tasks = format!("{path}/tasks");
    let new = json!({ "title": "Count down" });
    let task = once("POST", &tasks, new.clone()).await;
    let replayed = once("POST", &tasks, new).await;
    assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
    assert_eq!(replayed.etag(), task.etag());
    let seen = task.etag();
    let task = format!("/api/tasks/{}", id(task, 201));
    assert_eq!(tag(&bob, &task).await, seen);
    let unchanged = once("PATCH", &task, json!({ "title": "Count down" })).await;
    assert_eq!(unchanged.etag(), seen);

    // Moved to where he may do more, it is shown as there.
    let gemini = bob.project("Gemini").await;
    let to = json!({ "project_id": gemini });
    let moved = bob.post(&format!("{task}/move"), to).await;
    assert_eq!(moved.etag(), tag(&bob, &task).await);
    let made = json!({ "operations": [{ "op": "create", "title": "Count up" }] });
    let made = bob.post(&format!("{tasks}/bulk"), made).await.expect(200);
    let outcome = &made["data"][0];
    let made = outcome["data"]["id"].as_str().expect("it has one");
    assert_eq!(
        outcome["etag"],
        tag(&bob, &format!("/api/tasks/{made}")).await
    );

    ada.delete(&path).await.expect(204);
    let restored = ada.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!(restored.etag(), tag(&ada, &path).await);
}
