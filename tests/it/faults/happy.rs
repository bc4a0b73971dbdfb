//! The happy path of every HTTP function that calls AWS: what it asks for, which calls it makes, and what
//! is there afterwards.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use local::front::{Fault, FaultKind, Service};
use local::functions;
use serde_json::{Value, json};
use tests::{Answer, App, Member, PASSWORD, PNG, attachment, tables};

/// A function, and the status of its success.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happy {
    pub(super) function: &'static str,
    pub(super) success: u16,
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Happy> {
    [
        ("sign-up", 201),
        ("log-in", 200),
        ("refresh-token", 200),
        ("log-out", 204),
        ("log-out-everywhere", 204),
        ("forgot-password", 204),
        ("reset-password", 204),
        ("change-password", 204),
        ("send-verification", 204),
        ("verify-email", 204),
        ("get-me", 200),
        ("list-sessions", 200),
        ("delete-session", 204),
        ("create-api-key", 201),
        ("list-api-keys", 200),
        ("delete-api-key", 204),
        ("create-tenant", 201),
        ("get-tenant", 200),
        ("get-tenant-usage", 200),
        ("update-tenant-settings", 200),
        ("delete-tenant", 202),
        ("get-tenant-deletion", 200),
        ("list-members", 200),
        ("update-member", 200),
        ("remove-member", 204),
        ("create-export", 202),
        ("get-export", 200),
        ("create-project", 201),
        ("list-projects", 200),
        ("get-project", 200),
        ("update-project", 200),
        ("change-project-members", 200),
        ("list-labels", 200),
        ("change-labels", 201),
        ("delete-project", 204),
        ("restore-project", 200),
        ("create-task", 201),
        ("list-tasks", 200),
        ("change-tasks", 200),
        ("get-task", 200),
        ("update-task", 200),
        ("delete-task", 204),
        ("restore-task", 200),
        ("move-task", 200),
        ("list-events", 200),
        ("list-comments", 200),
        ("create-comment", 201),
        ("update-comment", 200),
        ("delete-comment", 204),
        ("list-notifications", 200),
        ("read-notifications", 200),
        ("update-notifications", 200),
        ("search-tasks", 200),
        ("create-realtime-ticket", 201),
        ("create-invitation", 201),
        ("list-invitations", 200),
        ("resend-invitation", 200),
        ("delete-invitation", 204),
        ("accept-invitation", 200),
        ("get-audit-log", 200),
    ]
    .into_iter()
    .map(|(function, success)| Happy { function, success })
}

/// With which it is tried how any request of somebody who is known begins.
const BEGINS: &str = "get-project";

/// What is asked of a tenant itself, and of its members.
const OF_A_TENANT: [&str; 9] = [
    "create-tenant",
    "get-tenant",
    "get-tenant-usage",
    "update-tenant-settings",
    "delete-tenant",
    "get-tenant-deletion",
    "list-members",
    "update-member",
    "remove-member",
];

/// What is asked of a project, and of what is in it as a whole.
const OF_A_PROJECT: [&str; 12] = [
    "create-project",
    "list-projects",
    "get-project",
    "update-project",
    "change-project-members",
    "list-labels",
    "change-labels",
    "delete-project",
    "restore-project",
    "create-task",
    "list-tasks",
    "change-tasks",
];

/// A call that a function makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    function: String,
    service: Service,
    pub(super) operation: String,
    /// The table that it names, if it names one.
    table: Option<String>,
    /// Which of the function's calls of this operation, to this table, it is.
    nth: u32,
}

/// A stack of a function's own, and what it was asked for there.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) happy: Happy,
    ada: Member,
    project: String,
    asked: AtomicUsize,
    failed: AtomicUsize,
}

impl Happy {
    /// That of one function.
    pub(super) fn of(function: &str) -> Self {
        all()
            .find(|happy| happy.function == function)
            .expect("there is such a function")
    }

    /// A stack to try it on.
    pub(super) async fn scene(self) -> Scene {
        let app = App::start().await;
        let ada = app.member("ada").await;
        let project = ada.project("Apollo").await;
        Scene {
            app,
            happy: self,
            ada,
            project,
            asked: AtomicUsize::new(0),
            failed: AtomicUsize::new(0),
        }
    }

    /// Whether it asks who calls.
    fn is_of_somebody(self) -> bool {
        let mut functions = functions::all().into_iter();
        functions.any(|function| {
            function.endpoint.name == self.function && function.endpoint.authenticates()
        })
    }

    /// Whether the function succeeds without this call: an answer that can't be cached is an answer, a call
    /// that can't be counted is served, and who can't be noted as known somewhere has come in.
    pub(super) fn can_do_without(self, call: &Call) -> bool {
        let caches = matches!(self.function, "list-projects" | "search-tasks");
        let knows = matches!(
            self.function,
            "sign-up" | "accept-invitation" | "verify-email"
        );
        (caches || knows) && call.operation == "PutItem" || call.counts()
    }
}

impl Scene {
    /// The calls of a request that nothing befalls; but how all of them begin is tried with [`BEGINS`] alone.
    pub(super) async fn calls(&self) -> Vec<Call> {
        // The first one starts the function.
        self.request().await.expect(self.happy.success);
        self.app.forget_calls();
        self.request().await.expect(self.happy.success);
        let mut calls = Call::of(&self.app, self.happy.function);
        assert!(!calls.is_empty(), "{} calls nothing", self.happy.function);
        if self.happy.function != BEGINS && self.happy.is_of_somebody() {
            calls.retain(|call| !call.begins());
        }
        calls
    }

    /// A request that takes the longest of the function's paths.
    pub(super) async fn request(&self) -> Answer {
        let title = format!("Number {}", self.asked.fetch_add(1, SeqCst));
        match self.happy.function {
            "sign-up" => self.app.post("/api/sign-up", account(&title)).await,
            // Each for somebody else: who fails often has to wait.
            "log-in" => {
                let email = self.somebody(&title).await.email;
                let body = json!({ "email": email, "password": PASSWORD });
                self.app.post("/api/log-in", body).await
            }
            "forgot-password" => {
                let body = json!({ "email": self.somebody(&title).await.email });
                self.app.post("/api/forgot-password", body).await
            }
            "reset-password" => {
                let email = self.somebody(&title).await.email;
                let body = json!({ "email": email });
                self.app
                    .post("/api/forgot-password", body)
                    .await
                    .expect(204);
                let token = self.app.emailed(&email, "reset-password").await;
                let body = json!({ "token": token, "password": PASSWORD });
                self.app.post("/api/reset-password", body).await
            }
            "change-password" => {
                let body = json!({ "current_password": PASSWORD, "password": PASSWORD });
                let somebody = self.somebody(&title).await;
                somebody.post("/api/change-password", body).await
            }
            "send-verification" => {
                let somebody = self.somebody(&title).await;
                somebody.post("/api/send-verification", json!({})).await
            }
            "verify-email" => {
                let somebody = self.somebody(&title).await;
                let asked = somebody.post("/api/send-verification", json!({})).await;
                asked.expect(204);
                let token = self.app.emailed(&somebody.email, "verify-email").await;
                let body = json!({ "token": token });
                self.app.post("/api/verify-email", body).await
            }
            "refresh-token" | "log-out" => {
                let session = self.app.log_in(&self.ada).await;
                let body = json!({ "refresh_token": session.refresh_token });
                let path = format!("/api/{}", self.happy.function);
                self.app.post(&path, body).await
            }
            "log-out-everywhere" => {
                let session = self.app.log_in(&self.ada).await;
                session.post("/api/log-out-everywhere", json!({})).await
            }
            "get-me" => self.ada.get("/api/me").await,
            "list-sessions" => self.ada.get("/api/sessions").await,
            "delete-session" => {
                let session = self.app.log_in(&self.ada).await.session_id();
                self.ada.delete(&format!("/api/sessions/{session}")).await
            }
            "create-api-key" | "list-api-keys" | "delete-api-key" => {
                self.request_for_a_key(&title).await
            }
            of_a_tenant if OF_A_TENANT.contains(&of_a_tenant) => {
                self.request_of_a_tenant(&title).await
            }
            of_a_project if OF_A_PROJECT.contains(&of_a_project) => {
                self.request_of_a_project(&title).await
            }
            "get-task" | "update-task" | "delete-task" | "restore-task" | "move-task" => {
                self.request_of_a_task(&title).await
            }
            "list-events" | "list-comments" | "create-comment" | "update-comment"
            | "delete-comment" => self.request_of_talk(&title).await,
            "list-notifications" | "read-notifications" | "update-notifications" => {
                self.request_of_notifications(&title).await
            }
            "search-tasks" => {
                if self.asked.load(SeqCst) == 1 {
                    self.ada.task(&self.project, "Something to be found").await;
                    self.app.settled().await;
                }
                let body = json!({ "projectId": self.project, "query": title });
                self.ada.post("/api/search-tasks", body).await
            }
            "get-audit-log" => {
                self.app.settled().await;
                let wanted = format!("/api/audit-log?actor={}&limit=1", self.ada.user_id);
                self.ada.get(&wanted).await
            }
            "create-export" | "get-export" => self.request_of_exports().await,
            "create-realtime-ticket" => self.ada.post("/api/realtime-ticket", json!({})).await,
            _ => self.request_of_invitations(&title).await,
        }
    }

    async fn request_of_a_project(&self, title: &str) -> Answer {
        match self.happy.function {
            "create-project" => {
                let body = json!({ "name": title });
                self.ada.post("/api/create-project", body).await
            }
            "list-projects" => {
                // What was cached is stale now.
                self.ada.project(title).await;
                self.ada.get("/api/list-projects").await
            }
            "get-project" => {
                self.ada
                    .get(&format!("/api/projects/{}", self.project))
                    .await
            }
            "update-project" => {
                let path = format!("/api/projects/{}", self.project);
                self.ada.patch(&path, json!({ "name": title })).await
            }
            "change-tasks" => {
                let operation = json!({
                    "op": "create", "title": title, "assigned_to": self.ada.user_id,
                });
                let path = format!("/api/projects/{}/tasks/bulk", self.project);
                let body = json!({ "operations": [operation] });
                self.ada.post(&path, body).await
            }
            "list-tasks" => {
                let body = json!({ "title": title, "assigned_to": self.ada.user_id });
                let path = format!("/api/projects/{}/tasks", self.project);
                self.ada.post(&path, body).await.expect(201);
                let everywhere = self.ada.get("/api/tasks?assigned_to=me").await;
                if everywhere.status != 200 {
                    return everywhere;
                }
                self.ada.get(&format!("{path}?assigned_to=me")).await
            }
            "list-labels" | "change-labels" => {
                let path = format!("/api/projects/{}/labels", self.project);
                if self.happy.function == "list-labels" {
                    return self.ada.get(&path).await;
                }
                self.ada.post(&path, json!({ "name": title })).await
            }
            "change-project-members" => {
                let project = self.ada.project(title).await;
                let colleague = self.colleague(title).await;
                let path = format!("/api/projects/{project}/members/{colleague}");
                self.ada.put(&path, json!({ "role": "viewer" })).await
            }
            "delete-project" | "restore-project" => {
                let path = format!("/api/projects/{}", self.ada.project(title).await);
                if self.happy.function == "delete-project" {
                    return self.ada.delete(&path).await;
                }
                self.ada.delete(&path).await.expect(204);
                self.ada.post(&format!("{path}/restore"), json!({})).await
            }
            "create-task" => {
                let input = json!({
                    "projectId": self.project,
                    "title": title,
                    "assignedTo": self.ada.user_id,
                    "attachment": attachment(PNG, "pixel.png", "image/png"),
                });
                self.ada.post("/api/create-task", input).await
            }
            other => unreachable!("{other}"),
        }
    }

    async fn request_of_a_task(&self, title: &str) -> Answer {
        let neighbour = self.ada.task(&self.project, "Beside").await;
        let task = self.ada.task(&self.project, "Count down").await;
        let path = format!("/api/tasks/{task}");
        match self.happy.function {
            "get-task" => self.ada.get(&path).await,
            "update-task" => {
                let body = json!({
                    "title": title,
                    "assigned_to": self.ada.user_id,
                    "position": { "before": neighbour },
                    "parent_id": neighbour,
                });
                self.ada.patch(&path, body).await
            }
            "delete-task" => self.ada.delete(&path).await,
            "restore-task" => {
                self.ada.delete(&path).await.expect(204);
                self.ada.post(&format!("{path}/restore"), json!({})).await
            }
            "move-task" => {
                let elsewhere = json!({ "project_id": self.ada.project("Gemini").await });
                self.ada.post(&format!("{path}/move"), elsewhere).await
            }
            other => unreachable!("{other}"),
        }
    }

    async fn request_of_talk(&self, title: &str) -> Answer {
        let task = self.ada.task(&self.project, "Count down").await;
        let comments = format!("/api/tasks/{task}/comments");
        let text = json!({ "text": format!("{title}, <@{}>", self.ada.user_id) });
        match self.happy.function {
            "list-events" => self.ada.get(&format!("/api/tasks/{task}/events")).await,
            "create-comment" => self.ada.post(&comments, text).await,
            function => {
                let said = json!({ "text": "Ten, nine" });
                let said = self.ada.post(&comments, said).await.expect(201);
                let id = said["data"]["id"].as_str().expect("it has an id");
                let one = format!("{comments}/{id}");
                match function {
                    "list-comments" => self.ada.get(&comments).await,
                    "update-comment" => self.ada.put(&one, text).await,
                    "delete-comment" => self.ada.delete(&one).await,
                    other => unreachable!("{other}"),
                }
            }
        }
    }

    async fn request_of_notifications(&self, title: &str) -> Answer {
        let (list, choice) = ("/api/notifications", "/api/me/notifications");
        match self.happy.function {
            "list-notifications" => self.ada.get(list).await,
            "update-notifications" => {
                let now = self.ada.get(choice).await.expect(200)["data"]["email"].clone();
                let other = json!({ "assigned": now["assigned"] != true });
                self.ada.patch(choice, json!({ "email": other })).await
            }
            "read-notifications" => {
                let guest = self.somebody(title).await;
                let guest = self.app.enrol(&self.ada, &guest, "editor").await;
                let task = json!({
                    "projectId": self.project,
                    "title": title,
                    "assignedTo": self.ada.user_id,
                });
                guest.post("/api/create-task", task).await.expect(201);
                let told = self.ada.get(list).await.expect(200)["data"][0]["id"].clone();
                let path = format!("{list}/read");
                self.ada.post(&path, json!({ "ids": [told] })).await
            }
            other => unreachable!("{other}"),
        }
    }

    async fn request_of_exports(&self) -> Answer {
        let exports = format!("/api/tenants/{}/exports", self.ada.tenant_id);
        // One at a time.
        self.app.settled().await;
        if self.happy.function == "create-export" {
            return self.ada.post(&exports, json!({})).await;
        }
        let rows = self.app.rows(tables::DATA, "EXPORT#").await;
        let id = if let Some(row) = rows.first() {
            row["id"].clone()
        } else {
            let made = self.ada.post(&exports, json!({})).await;
            self.app.settled().await;
            made.expect(202)["data"]["id"].clone()
        };
        let id = id.as_str().expect("it has an id");
        self.ada.get(&format!("{exports}/{id}")).await
    }

    async fn request_of_invitations(&self, title: &str) -> Answer {
        match self.happy.function {
            "create-invitation" => self.invite(&address(title)).await,
            "list-invitations" => self.ada.get("/api/invitations").await,
            "resend-invitation" => {
                let invitation = self.invited(&address(title)).await;
                let path = format!("/api/invitations/{invitation}/resend");
                self.ada.post(&path, json!({})).await
            }
            "delete-invitation" => {
                let invitation = self.invited(&address(title)).await;
                let path = format!("/api/invitations/{invitation}");
                self.ada.delete(&path).await
            }
            // Somebody whose address is not known to be theirs, and whose session ends.
            "accept-invitation" => {
                let email = self.somebody(title).await.email;
                self.invited(&email).await;
                let token = self.app.emailed(&email, "accept-invitation").await;
                let body = json!({ "token": token, "password": PASSWORD });
                self.app.post("/api/accept-invitation", body).await
            }
            other => unreachable!("{other}"),
        }
    }

    async fn invite(&self, email: &str) -> Answer {
        let body = json!({ "email": email });
        self.ada.post("/api/invitations", body).await
    }

    /// The id of a new invitation.
    async fn invited(&self, email: &str) -> String {
        let made = self.invite(email).await.expect(201);
        let id = made["data"]["id"].as_str().expect("it has an id");
        id.to_owned()
    }

    async fn request_for_a_key(&self, title: &str) -> Answer {
        // Each for somebody else: nobody may have many.
        let somebody = self.somebody(title).await;
        match self.happy.function {
            "create-api-key" => {
                let body = json!({ "name": title, "role": "viewer" });
                somebody.post("/api/api-keys", body).await
            }
            "list-api-keys" => {
                somebody.api_key("viewer").await;
                somebody.get("/api/api-keys").await
            }
            "delete-api-key" => {
                let key = somebody.api_key("editor").await;
                somebody.delete(&format!("/api/api-keys/{}", key.id)).await
            }
            other => unreachable!("{other}"),
        }
    }

    async fn somebody(&self, title: &str) -> Member {
        self.app
            .member(&title.replace(' ', "-").to_lowercase())
            .await
    }

    async fn request_of_a_tenant(&self, title: &str) -> Answer {
        match self.happy.function {
            "create-tenant" => {
                let slug = title.replace(' ', "-").to_lowercase();
                let body = json!({ "name": title, "slug": slug });
                self.ada.post("/api/tenants", body).await
            }
            "get-tenant" => {
                let path = format!("/api/tenants/{}", self.ada.tenant_id);
                self.ada.get(&path).await
            }
            "get-tenant-usage" => {
                let path = format!("/api/tenants/{}/usage", self.ada.tenant_id);
                self.ada.get(&path).await
            }
            "update-tenant-settings" => {
                let path = format!("/api/tenants/{}/settings", self.ada.tenant_id);
                self.ada.put(&path, json!({ "name": title })).await
            }
            "delete-tenant" => self.delete_a_tenant(title).await.1,
            "get-tenant-deletion" => {
                let (somebody, begun) = self.delete_a_tenant(title).await;
                let begun = begun.expect(202);
                let id = begun["data"]["id"].as_str().expect("it has an id");
                // Of their only one: who is logged out by then logs in anew.
                self.app.settled().await;
                let somebody = self.app.log_in(&somebody).await;
                somebody.get(&format!("/api/tenant-deletions/{id}")).await
            }
            "list-members" => self.ada.get("/api/members?role=admin").await,
            "update-member" => {
                let path = format!("/api/members/{}", self.colleague(title).await);
                self.ada.patch(&path, json!({ "role": "admin" })).await
            }
            "remove-member" => {
                let path = format!("/api/members/{}", self.colleague(title).await);
                self.ada.delete(&path).await
            }
            other => unreachable!("{other}"),
        }
    }

    /// Somebody new, who has their tenant deleted; and what they are answered.
    async fn delete_a_tenant(&self, title: &str) -> (Member, Answer) {
        let somebody = self.somebody(title).await;
        let path = format!("/api/tenants/{}", somebody.tenant_id);
        let name = somebody.email.split('@').next().unwrap_or_default();
        let body = json!({ "name": format!("{name}'s workspace") });
        let sent = somebody.request("DELETE", &path).json(&body).send().await;
        let answer = Answer::of(sent.expect("the API answers")).await;
        (somebody, answer)
    }

    /// The id of a new member of ada's tenant.
    async fn colleague(&self, title: &str) -> String {
        let guest = self.somebody(title).await;
        self.app.enrol(&self.ada, &guest, "editor").await.user_id
    }

    /// Notes that the last request failed; `lost` if all was done and only the answer was lost.
    pub(super) fn failed(&self, lost: bool) {
        if !lost {
            self.failed.fetch_add(1, SeqCst);
        }
    }

    /// That what was asked for and did not fail was done, once, and nothing else.
    pub(super) async fn assert_effects(&self) {
        let done = self.asked.load(SeqCst) - self.failed.load(SeqCst);
        // What a deletion removes goes by and by.
        self.app.settled().await;
        let ledger = self.app.ledger().await;
        ledger.assert_consistent();
        match self.happy.function {
            "sign-up" => {
                let accounts = self.app.rows(tables::IDENTITY, "ACCOUNT").await;
                assert_eq!(accounts.len(), done + 1);
                let users = self.app.rows(tables::IDENTITY, "USER").await;
                assert_eq!(users.len(), done + 1);
            }
            "create-api-key" => {
                for (table, sk) in [(tables::IDENTITY, "KEY"), (tables::DATA, "KEY#")] {
                    let rows = self.app.rows(table, sk).await;
                    let each = if table == tables::IDENTITY { 2 } else { 1 };
                    assert_eq!(rows.len(), each * done, "{table}");
                }
            }
            "delete-api-key" => {
                let rows = self.app.rows(tables::IDENTITY, "KEY").await;
                assert_eq!(rows.len(), 2 * (self.asked.load(SeqCst) - done));
            }
            "create-tenant" => {
                let slugs = self.app.rows(tables::IDENTITY, "SLUG").await;
                assert_eq!(slugs.len(), done);
            }
            "delete-tenant" => {
                let reports = self.app.rows(tables::IDENTITY, "DELETION").await;
                assert_eq!(reports.len(), done);
            }
            "create-project" => {
                let (listed, _) = self.ada.projects().await;
                assert_eq!(listed.len(), done + 1);
            }
            "create-task" => {
                assert_eq!(ledger.tasks.len(), done);
                let titles: std::collections::BTreeSet<_> = ledger
                    .tasks
                    .iter()
                    .map(|task| task["title"].to_string())
                    .collect();
                assert_eq!(titles.len(), done, "a task was stored twice");
                self.app.advance(std::time::Duration::from_hours(2));
                self.app.settled().await;
                assert_eq!(
                    self.app.ledger().await.files(),
                    done,
                    "files without a task are swept"
                );
            }
            "change-labels" => self.assert_rows("LABEL#", done).await,
            "change-tasks" => assert_eq!(ledger.tasks.len(), done),
            "update-task" => {
                let changed = ledger.tasks.iter().filter(|task| task["version"] == 2);
                assert_eq!(changed.count(), done);
            }
            "delete-task" => assert_eq!(ledger.deleted.len(), done),
            "restore-task" | "move-task" => {
                let back = ledger.tasks.iter().filter(|task| task["version"] == 2);
                assert_eq!(back.count(), done);
            }
            "read-notifications" => {
                let mut told = self.app.rows(tables::DATA, "NOTE#").await;
                told.retain(|row| row["read_at"].is_number());
                assert_eq!(told.len(), done);
            }
            "create-comment" => self.assert_rows("COMMENT#", done).await,
            "update-comment" => {
                let comments = self.app.rows(tables::DATA, "COMMENT#").await;
                let changed = comments.iter().filter(|row| row["version"] == 2);
                assert_eq!(changed.count(), done);
            }
            "delete-comment" => {
                let left = self.asked.load(SeqCst) - done;
                self.assert_rows("COMMENT#", left).await;
            }
            "create-invitation" => {
                let invitations = self.app.rows(tables::DATA, "INVITE#").await;
                assert_eq!(invitations.len(), done);
                let links = self.app.rows(tables::IDENTITY, "INVITE").await;
                assert_eq!(links.len(), done);
            }
            "accept-invitation" => {
                let of_ada = |row: &Value| row["pk"].to_string().contains(&self.ada.tenant_id);
                let mut members = self.app.rows(tables::DATA, "MEMBER#").await;
                members.retain(of_ada);
                assert_eq!(members.len(), done + 1);
                let logs = self.app.rows(tables::DATA, "LOG").await;
                let log = logs
                    .iter()
                    .find(|row| of_ada(row) && row["members"].is_number());
                assert_eq!(log.expect("there is one")["members"], json!(done + 1));
            }
            _ => {}
        }
    }

    async fn assert_rows(&self, prefix: &str, count: usize) {
        let rows = self.app.rows(tables::DATA, prefix).await;
        assert_eq!(rows.len(), count, "{prefix}");
    }
}

impl Call {
    /// The calls that a function has made, in the order of their answers.
    pub(super) fn of(app: &App, function: &str) -> Vec<Self> {
        let mut calls = Vec::<Self>::new();
        for record in app.calls_of(function) {
            let same = |call: &&Self| {
                call.service == record.service
                    && call.operation == record.operation
                    && call.table == record.table
            };
            let before = calls.iter().filter(same).count();
            calls.push(Self {
                function: function.to_owned(),
                service: record.service,
                operation: record.operation,
                table: record.table,
                nth: u32::try_from(before).expect("they are few") + 1,
            });
        }
        calls
    }

    /// A fault that befalls this call, of the next invocation that makes it.
    pub(super) fn fault(&self, kind: FaultKind) -> Fault {
        let fault = Fault::new(kind)
            .function(&self.function)
            .service(self.service)
            .operation(&self.operation)
            .nth(self.nth);
        match &self.table {
            Some(table) => fault.table(table),
            None => fault,
        }
    }

    /// Whether any request of somebody who is known begins with it: who calls, and how often they have.
    fn begins(&self) -> bool {
        let counts =
            self.operation == "UpdateItem" && self.table.as_deref() == Some(tables::EPHEMERAL);
        self.nth == 1 && (self.operation == "BatchGetItem" || counts) || self.counts()
    }

    /// Whether it counts what a tenant does.
    fn counts(&self) -> bool {
        self.operation == "UpdateItem" && self.table.as_deref() == Some(tables::DATA)
    }

    /// Whether a transaction can be in its way.
    pub(super) fn is_write_to_a_table(&self) -> bool {
        let writes = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"];
        self.service == Service::DynamoDb && writes.contains(&self.operation.as_str())
    }
}

fn address(name: &str) -> String {
    format!("{}@example.com", name.replace(' ', "-").to_lowercase())
}

fn account(name: &str) -> Value {
    json!({ "email": address(name), "password": PASSWORD, "name": name })
}
