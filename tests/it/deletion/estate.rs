//! A tenant that has something of everything, and what is stored of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Answer, App, Member, PNG, attachment, tables};

/// Longer than a deletion waits for what was let in before.
pub(super) const SETTLED: Duration = Duration::from_secs(17 * 60);

/// Queues of what was given up.
const DEAD_LETTERS: &str = "tenon-erasures-dead-letters";

/// A stack whose connections outlast hours on the clock.
pub(super) async fn start() -> App {
    App::start_with(|options| {
        options.gateway.socket.idle = Duration::from_hours(1000);
        options.gateway.socket.lifetime = Duration::from_hours(1000);
    })
    .await
}

/// A request to delete the tenant that somebody acts in.
pub(super) async fn delete(member: &Member, name: &str) -> Answer {
    let path = format!("/api/tenants/{}", member.tenant_id);
    let body = json!({ "name": name });
    let sent = member.request("DELETE", &path).json(&body).send().await;
    Answer::of(sent.expect("the API answers")).await
}

/// How far a deletion is.
pub(super) async fn report_of(member: &Member, tenant: &str) -> Value {
    let report = member.get(&format!("/api/tenant-deletions/{tenant}")).await;
    report.expect(200)["data"].clone()
}

async fn invite(owner: &Member, email: &str) {
    let body = json!({ "email": email, "role": "editor" });
    owner.post("/api/invitations", body).await.expect(201);
}

/// Whoever was invited at an address accepts, with an account of their own.
async fn joined(app: &App, email: &str) -> Member {
    let token = app.emailed(email, "accept-invitation").await;
    let body = json!({ "token": token, "name": "Guest", "password": tests::PASSWORD });
    let accepted = app.post("/api/accept-invitation", body).await.expect(200);
    app.signed_in(&accepted["data"])
}

/// An editor who was invited into the tenant that somebody acts in.
pub(super) async fn guest(app: &App, owner: &Member, email: &str) -> Member {
    invite(owner, email).await;
    joined(app, email).await
}

/// Lets a deletion come to its end.
pub(super) async fn finish(app: &App) {
    app.settled().await;
    // Twice what the queue can be asked to wait.
    for _ in 0..2 {
        app.advance(SETTLED);
        app.settled().await;
    }
    let given_up = app.stack().sqs().counts(DEAD_LETTERS);
    assert_eq!(given_up.expect("the queue exists").total(), 0);
}

/// Every row of the tables that keep what is there to stay.
pub(super) async fn all_rows(app: &App) -> Vec<Value> {
    let mut rows = app.rows(tables::DATA, "").await;
    rows.extend(app.rows(tables::IDENTITY, "").await);
    rows.sort_by_key(|row| (text(row, "pk").to_owned(), text(row, "sk").to_owned()));
    rows
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// That no row and no file names a tenant, but the report of its end, and what is dead and goes by itself: refresh
/// tokens and links whose hashes nobody can list, and where its users were at home.
pub(super) async fn assert_gone(app: &App, tenant: &str) {
    let mut rows = all_rows(app).await;
    rows.retain(|row| row.to_string().contains(tenant));
    rows.retain(|row| {
        let pk = text(row, "pk");
        let dead = ["DELETION#", "REFRESH#", "LINK#"];
        let at_home = text(row, "sk") == "USER" && row["home"] == *tenant;
        !at_home && !dead.iter().any(|dead| pk.starts_with(dead))
    });
    assert!(rows.is_empty(), "{rows:#?}");
    let objects = app.objects().await.into_iter();
    let objects: Vec<_> = objects.filter(|path| path.contains(tenant)).collect();
    assert!(objects.is_empty(), "{objects:?}");
    let ephemeral = app.rows(tables::EPHEMERAL, "").await;
    for row in ephemeral
        .iter()
        .filter(|row| row.to_string().contains(tenant))
    {
        assert!(row["ttl"].is_number(), "it stays for ever: {row}");
    }
}

/// A tenant with projects, tasks, comments, files, vectors, members, a former member, keys, invitations, sessions and an
/// audit log.
pub(super) struct Estate {
    /// Its id.
    pub(super) id: String,
    /// Its name.
    pub(super) name: String,
    /// Who founded it, in their workspace.
    pub(super) founder: Member,
    /// The same, in the tenant.
    pub(super) owner: Member,
    /// Its projects.
    pub(super) projects: Vec<String>,
}

/// How many there are of each kind.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<&'static str, u64>);

impl Estate {
    /// One that `founder` founds, of the name of its slug.
    pub(super) async fn of(app: &App, founder: &str, slug: &str) -> Self {
        let founder = app.member(founder).await;
        let name = format!("{}{}", slug[..1].to_uppercase(), &slug[1..]);
        let owner = founder.found(&name, slug).await;
        let mut projects = Vec::new();
        for name in ["Rockets", "Anvils"] {
            let project = owner.project(name).await;
            for title in ["Buy", "Drop"] {
                let input = json!({
                    "projectId": project,
                    "title": format!("{title} {name}"),
                    "assignedTo": owner.user_id,
                    "dueDate": 1_900_000_000_000_i64,
                    "attachment": attachment(PNG, "pixel.png", "image/png"),
                });
                owner.post("/api/create-task", input).await.expect(201);
            }
            let said = owner.task(&project, "Discuss").await;
            let said = format!("/api/tasks/{said}/comments");
            let body = json!({ "text": "Which ones?" });
            owner.post(&said, body).await.expect(201);
            let labels = format!("/api/projects/{project}/labels");
            let label = owner.post(&labels, json!({ "name": "Heavy" })).await;
            let label = label.expect(201)["data"]["id"].clone();
            let input = json!({ "title": format!("Lift {name}"), "labels": [label] });
            let tasks = format!("/api/projects/{project}/tasks");
            owner.post(&tasks, input).await.expect(201);
            let deleted = owner.task(&project, "Return").await;
            let path = format!("/api/tasks/{deleted}");
            owner.delete(&path).await.expect(204);
            projects.push(project);
        }
        Self::invite(app, &owner, slug).await;
        let body = json!({ "name": "Build", "role": "viewer" });
        let made = owner.post("/api/api-keys", body).await;
        let key = tests::ApiKey::made(&owner, made);
        key.projects().await;
        // Refused, and so in the audit log.
        key.post("/api/create-project", json!({ "name": "Nope" }))
            .await;
        app.settled().await;
        Self {
            id: owner.tenant_id.clone(),
            name,
            founder,
            owner,
            projects,
        }
    }

    /// A small one, which still has several kinds of rows, files and connections.
    pub(super) async fn small(app: &App, founder: &str, slug: &str) -> Self {
        let founder = app.member(founder).await;
        let owner = founder.found(slug, slug).await;
        let project = owner.project("Rockets").await;
        let input = json!({
            "projectId": project,
            "title": "Buy",
            "attachment": attachment(PNG, "pixel.png", "image/png"),
        });
        owner.post("/api/create-task", input).await.expect(201);
        let body = json!({ "email": format!("{slug}@example.com") });
        owner.post("/api/invitations", body).await.expect(201);
        let body = json!({ "name": "Build", "role": "viewer" });
        tests::ApiKey::made(&owner, owner.post("/api/api-keys", body).await);
        app.settled().await;
        Self {
            id: owner.tenant_id.clone(),
            name: slug.to_owned(),
            founder,
            owner,
            projects: vec![project],
        }
    }

    /// Two accept and one leaves again, with something that they made here; one has not answered.
    async fn invite(app: &App, owner: &Member, slug: &str) {
        for guest in ["stays", "leaves", "waits"] {
            let email = format!("{guest}-{slug}@example.com");
            invite(owner, &email).await;
            if guest == "waits" {
                continue;
            }
            let member = joined(app, &email).await;
            let own = member.project(&format!("Of who {guest}")).await;
            for told in [owner, &member] {
                let task = json!({
                    "projectId": own,
                    "title": "Tell",
                    "assignedTo": told.user_id,
                });
                let teller = if told.user_id == owner.user_id {
                    &member
                } else {
                    owner
                };
                teller.post("/api/create-task", task).await.expect(201);
            }
            // What becomes of their account is told in their log here.
            let session = app.log_in(&member).await;
            let out = json!({ "refresh_token": session.refresh_token });
            app.post("/api/log-out", out).await.expect(204);
            if guest == "leaves" {
                let path = format!("/api/members/{}", member.user_id);
                owner.delete(&path).await.expect(204);
            }
        }
    }

    /// What is stored of it, with the one event that tells of its end and the connection that a test opens.
    pub(super) async fn held(&self, app: &App) -> Held {
        let kinds = [
            "projects",
            "tasks",
            "vectors",
            "events",
            "members",
            "invitations",
        ];
        let more = [
            "comments",
            "labels",
            "notifications",
            "api_keys",
            "sessions",
            "audit_entries",
            "rows",
        ];
        let mut held = Held(
            kinds
                .into_iter()
                .chain(more)
                .map(|kind| (kind, 0))
                .collect(),
        );
        for row in all_rows(app).await {
            let (pk, sk) = (text(&row, "pk"), text(&row, "sk"));
            let data = pk == format!("T#{}", self.id) || pk.starts_with(&format!("T#{}#", self.id));
            let dead = pk.starts_with("REFRESH#") || pk.starts_with("LINK#");
            let key_use = pk.starts_with("KEYUSE#");
            let of_it = row["tenant_id"] == *self.id
                || pk == format!("TENANT#{}", self.id)
                || pk.ends_with(&format!("#KEYS#{}", self.id));
            if !data && (dead || !(of_it || key_use && self.has_key(app, pk).await)) {
                continue;
            }
            held.count("rows", 1);
            let kind = match sk {
                _ if pk.contains("#AUDIT#") => "audit_entries",
                "PROJECT" => "projects",
                _ if data && sk.starts_with("TASK#") => "tasks",
                _ if data && sk.starts_with("NOTE#") => "notifications",
                _ if data && sk.starts_with("COMMENT#") => "comments",
                _ if data && sk.starts_with("LABEL#") => "labels",
                _ if data && sk.starts_with("VECTOR#") => "vectors",
                _ if data && sk.starts_with("EVENT#") => "events",
                _ if data && sk.starts_with("MEMBER#") => "members",
                _ if data && sk.starts_with("INVITE#") => "invitations",
                _ if data && sk.starts_with("KEY#") => "api_keys",
                _ if sk.starts_with("SESSION#") => "sessions",
                _ => continue,
            };
            held.count(kind, 1);
        }
        let objects = app.objects().await.into_iter();
        let files = objects.filter(|path| path.contains(&self.id)).count() as u64;
        held.count("files", files);
        held.count("file_bytes", files * PNG.len() as u64);
        held.count("connections", 0);
        held
    }

    async fn has_key(&self, app: &App, key_use: &str) -> bool {
        let id = key_use.trim_start_matches("KEYUSE#");
        let keys = app.rows(tables::DATA, &format!("KEY#{id}")).await;
        keys.iter().any(|key| text(key, "pk").contains(&self.id))
    }

    /// That nothing names it any more.
    pub(super) async fn assert_nothing_left(&self, app: &App) {
        assert_gone(app, &self.id).await;
    }
}

impl Held {
    /// That there is something of everything.
    #[track_caller]
    pub(super) fn assert_full(&self) {
        for (kind, count) in &self.0 {
            assert!(*count > 0 || *kind == "connections", "there are no {kind}");
        }
        assert_eq!(self.0.len(), 16);
    }

    pub(super) fn count(&mut self, kind: &'static str, more: u64) {
        *self.0.entry(kind).or_default() += more;
    }

    /// That a report counts just that, with the event of the deletion and the connections that were open.
    #[track_caller]
    pub(super) fn assert_removed(mut self, removed: &Value) {
        self.count("events", 1);
        self.count("rows", 1);
        self.count("connections", 1);
        let expected: BTreeMap<_, _> = self.0.iter().map(|(kind, count)| (*kind, *count)).collect();
        assert_eq!(*removed, json!(expected));
    }
}
