//! Where it is measured: a stack that does nothing on its own, and a project of so many tasks.

use local::{events, functions};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::lambda::{Function, stream};
use tests::{ApiKey, App, Member, Original, PASSWORD, attachment, tables};
use tokio::sync::OnceCell;

use super::meter::Meter;
use crate::fixtures::{COLLEAGUE, colleague};

/// A stack, ada with a project, and bob, who is of another tenant.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) meter: Meter,
    pub(super) ada: Member,
    pub(super) project: String,
    /// The last task that was made.
    pub(super) task: String,
    bob: Member,
    bobs_project: String,
    /// A key of ada's, once it is needed.
    key: OnceCell<ApiKey>,
    /// How many others have been signed up.
    named: AtomicUsize,
}

/// An event for a function.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) function: &'static str,
    pub(super) payload: Value,
}

impl Scene {
    /// One whose project has so many tasks.
    pub(super) async fn with_tasks(tasks: u64) -> Self {
        let app = App::start_with(|options| {
            options.functions = functions::all().into_iter().map(quiet).collect();
        })
        .await;
        let (ada, bob) = (app.member("ada").await, app.member("bob").await);
        let (project, bobs_project) = (ada.project("Apollo").await, bob.project("Gemini").await);
        let task = ada.task(&project, "Count down").await;
        let mut meter = Meter::open(&app).await;
        meter.start(&app, "index-task").await;
        let scene = Self {
            app,
            meter,
            ada,
            project,
            task,
            bob,
            bobs_project,
            key: OnceCell::new(),
            named: AtomicUsize::new(0),
        };
        let index = scene.event("index-task/ok").await;
        scene.meter.invoke(index.function, index.payload).await;
        scene.grow(1, tasks).await;
        scene
    }

    /// Its project grows from one number of tasks to another.
    pub(super) async fn grow(&self, before: u64, tasks: u64) {
        self.original().copied((before, tasks)).await;
    }

    fn original(&self) -> Original<'_> {
        Original {
            app: &self.app,
            tenant_id: &self.ada.tenant_id,
            project_id: &self.project,
            id: &self.task,
        }
    }

    /// Goes on with another task than before, which may be gone.
    pub(super) async fn another_task(&mut self) {
        self.task = self.ada.task(&self.project, "Count down").await;
    }

    /// A new label that six new tasks have.
    pub(super) async fn label_of_six(&self) -> String {
        let label = self.label(&self.ada, &self.project).await;
        let path = format!("/api/projects/{}/tasks", self.project);
        for _ in 0..6 {
            let body = json!({ "title": "Count down", "labels": [label] });
            self.ada.post(&path, body).await.expect(201);
        }
        label
    }

    /// A new task that six new ones are beneath.
    pub(super) async fn parent_of_six(&self) -> String {
        let parent = self.ada.task(&self.project, "Count down").await;
        let path = format!("/api/projects/{}/tasks", self.project);
        for _ in 0..6 {
            let body = json!({ "title": "Count down", "parent_id": parent });
            self.ada.post(&path, body).await.expect(201);
        }
        parent
    }

    /// Six new tasks that are deleted.
    pub(super) async fn delete_six(&self) {
        for _ in 0..6 {
            let task = self.ada.task(&self.project, "Count down").await;
            self.ada
                .delete(&format!("/api/tasks/{task}"))
                .await
                .expect(204);
        }
    }

    async fn label(&self, member: &Member, project: &str) -> String {
        let number = self.named.fetch_add(1, Ordering::Relaxed);
        let path = format!("/api/projects/{project}/labels");
        let body = json!({ "name": format!("Fuel {number}") });
        let made = member.post(&path, body).await.expect(201);
        let id = made["data"]["id"].as_str().expect("it has an id");
        id.to_owned()
    }

    /// The fixture `function/case`, filled in.
    pub(super) async fn event(&self, fixture: &'static str) -> Event {
        let (function, _) = fixture.split_once('/').expect("it is of a function");
        let text = events::read(fixture).expect("there is such a fixture");
        let filled = self.fill(text).await;
        Event {
            function,
            payload: serde_json::from_str(&filled).expect("it is JSON"),
        }
    }

    /// What the log holds under `seq`, as the stream shows it.
    pub(super) async fn logged(&self, seq: u64) -> Value {
        let event = self.original().event(seq).await;
        serde_json::to_value(event).expect("it is JSON")
    }

    /// One more tenant of ada's; being deleted, if that is what is asked for.
    async fn spare(&self, placeholder: &str) -> String {
        let body = json!({ "name": "Spare" });
        let made = self.ada.post("/api/tenants", body.clone()).await;
        let made = made.expect(201);
        let id = made["data"]["id"]
            .as_str()
            .expect("it has an id")
            .to_owned();
        if placeholder.contains("deletion") {
            let path = format!("/api/tenants/{id}");
            let begun = self.ada.request("DELETE", &path).json(&body).send().await;
            assert_eq!(begun.expect("the API answers").status(), 202);
        }
        id
    }

    /// The export of a tenant that was asked for last, or else a new one.
    async fn export(&self, member: &Member) -> String {
        let partition = format!("T#{}#EXPORTS", member.tenant_id);
        let rows = self.app.rows_in(tables::DATA, &partition, "EXPORT#").await;
        if let Some(id) = rows.last().and_then(|row| row["id"].as_str()) {
            return id.to_owned();
        }
        let path = format!("/api/tenants/{}/exports", member.tenant_id);
        let made = member.post(&path, json!({})).await.expect(202);
        made["data"]["id"]
            .as_str()
            .expect("it has an id")
            .to_owned()
    }

    #[expect(
        clippy::too_many_lines,
        reason = "it is a list, one placeholder after the other"
    )]
    async fn fill(&self, mut text: String) -> String {
        if text.contains("{{ada.ticket}}") {
            text = text.replace("{{ada.ticket}}", &self.ada.ticket().await);
        }
        for (name, member) in [("ada", &self.ada), ("bob", &self.bob)] {
            let (refresh, session) = (
                format!("{{{{{name}.refresh}}}}"),
                format!("{{{{{name}.session}}}}"),
            );
            if text.contains(&refresh) || text.contains(&session) {
                let other = self.app.log_in(member).await;
                text = text
                    .replace(&refresh, &other.refresh_token)
                    .replace(&session, &other.session_id());
            }
        }
        if text.contains("{{ada.key}}") {
            let key = self.key.get_or_init(|| self.ada.api_key("admin")).await;
            text = text.replace("{{ada.key}}", &key.key);
        }
        for (name, member) in [("ada", &self.ada), ("bob", &self.bob)] {
            let placeholder = format!("{{{{{name}.keyid}}}}");
            if text.contains(&placeholder) {
                text = text.replace(&placeholder, &member.api_key("admin").await.id);
            }
        }
        for (name, member) in [("ada", &self.ada), ("bob", &self.bob)] {
            let placeholder = format!("{{{{{name}.export}}}}");
            if text.contains(&placeholder) {
                text = text.replace(&placeholder, &self.export(member).await);
            }
        }
        if text.contains(COLLEAGUE) {
            let colleague = colleague(&self.app, &self.ada.tenant_id).await;
            text = text.replace(COLLEAGUE, &colleague);
        }
        for (name, member) in [("ada", &self.ada), ("bob", &self.bob)] {
            let placeholder = format!("{{{{{name}.invitation}}}}");
            if text.contains(&placeholder) {
                let number = self.named.fetch_add(1, Ordering::Relaxed);
                let body = json!({ "email": format!("invited-{number}@example.com") });
                let made = member.post("/api/invitations", body).await.expect(201);
                let id = made["data"]["id"].as_str().expect("it has an id");
                text = text.replace(&placeholder, id);
            }
        }
        if text.contains("{{ada.filed}}") {
            let file = attachment(b"%PDF-1.7", "plan.pdf", "application/pdf");
            let task = json!({ "title": "Count down", "attachment": file });
            let path = format!("/api/projects/{}/tasks", self.project);
            let made = self.ada.post(&path, task).await.expect(201);
            let id = made["data"]["id"].as_str().expect("it has an id");
            text = text.replace("{{ada.filed}}", id);
            self.app.settled().await;
        }
        if text.contains("{{ada.given}}") {
            let task = json!({
                "projectId": self.project,
                "title": "Count down",
                "assignedTo": self.ada.user_id,
                "dueDate": 1_900_000_000_000_i64,
            });
            let made = self.ada.post("/api/create-task", task).await.expect(201);
            let id = made["task"]["id"].as_str().expect("it has an id");
            text = text.replace("{{ada.given}}", id);
            // What follows from it is not what is measured.
            self.app.settled().await;
        }
        for placeholder in ["{{ada.neighbour}}", "{{ada.deleted}}"] {
            if text.contains(placeholder) {
                let task = self.ada.task(&self.project, "Count down").await;
                if placeholder.contains("deleted") {
                    let path = format!("/api/tasks/{task}");
                    self.ada.delete(&path).await.expect(204);
                }
                text = text.replace(placeholder, &task);
            }
        }
        if text.contains("{{ada.comment}}") {
            let path = format!("/api/tasks/{}/comments", self.task);
            let said = self.ada.post(&path, json!({ "text": "Ten, nine" })).await;
            let said = said.expect(201);
            let id = said["data"]["id"].as_str().expect("it has an id");
            text = text.replace("{{ada.comment}}", id);
        }
        for (placeholder, member, project) in [
            ("{{ada.label}}", &self.ada, &self.project),
            ("{{bob.label}}", &self.bob, &self.bobs_project),
        ] {
            if text.contains(placeholder) {
                text = text.replace(placeholder, &self.label(member, project).await);
            }
        }
        for placeholder in ["{{ada.disposable}}", "{{ada.discarded}}"] {
            if text.contains(placeholder) {
                let project = self.ada.project("Disposable").await;
                if placeholder.contains("discarded") {
                    let path = format!("/api/projects/{project}");
                    self.ada.delete(&path).await.expect(204);
                }
                text = text.replace(placeholder, &project);
            }
        }
        if text.contains("{{bob.task}}") {
            let task = self.bob.task(&self.bobs_project, "Count down").await;
            text = text.replace("{{bob.task}}", &task);
        }
        for placeholder in ["{{ada.spare}}", "{{ada.deletion}}"] {
            if text.contains(placeholder) {
                text = text.replace(placeholder, &self.spare(placeholder).await);
            }
        }
        for name in ["cleo", "dora", "gone", "gus", "hal"] {
            if text.contains(&format!("{{{{{name}")) {
                let number = self.named.fetch_add(1, Ordering::Relaxed);
                let member = self.app.member(&format!("{name}-{number}")).await;
                text = text
                    .replace(&format!("{{{{{name}}}}}"), &member.token)
                    .replace(&format!("{{{{{name}.email}}}}"), &member.email)
                    .replace(&format!("{{{{{name}.password}}}}"), PASSWORD);
            }
        }
        [
            ("{{ada}}", self.ada.token.as_str()),
            ("{{ada.user}}", &self.ada.user_id),
            ("{{ada.tenant}}", &self.ada.tenant_id),
            ("{{ada.email}}", &self.ada.email),
            ("{{ada.password}}", PASSWORD),
            ("{{ada.project}}", &self.project),
            ("{{ada.task}}", &self.task),
            ("{{ada.commented}}", &self.task),
            ("{{bob.user}}", &self.bob.user_id),
            ("{{bob.tenant}}", &self.bob.tenant_id),
            ("{{bob.project}}", &self.bobs_project),
            ("{{email}}", "new@example.com"),
        ]
        .iter()
        .fold(text, |text, (placeholder, value)| {
            text.replace(placeholder, value)
        })
    }
}

impl Event {
    /// The same request with other members in its body.
    pub(super) fn with(mut self, members: &Value) -> Self {
        let body = self.payload["body"].as_str().unwrap_or("{}");
        let mut body: Value = serde_json::from_str(body).expect("the body is JSON");
        for (name, value) in members.as_object().expect("they are members") {
            body[name] = value.clone();
        }
        body.as_object_mut()
            .expect("the body is an object")
            .retain(|_, value| !value.is_null());
        self.payload["body"] = json!(body.to_string());
        self
    }

    /// The batch's last record alone, of another row.
    pub(super) fn of_image(mut self, image: Value) -> Self {
        let records = self.payload["Records"].as_array_mut();
        let mut record = records.and_then(Vec::pop).expect("it is a batch");
        record["dynamodb"]["NewImage"] = image;
        self.payload["Records"] = json!([record]);
        self
    }

    /// The same message for another event of its room.
    pub(super) fn of_seq(mut self, seq: u64) -> Self {
        let body = &mut self.payload["Records"][0]["body"];
        let mut job: Value =
            serde_json::from_str(body.as_str().expect("it is a text")).expect("it is an envelope");
        job["payload"]["seq"] = json!(seq);
        *body = json!(job.to_string());
        self
    }
}

/// The stream goes nowhere: else what follows from each change would be at work while others are measured.
fn quiet(function: Function) -> Function {
    if function.endpoint.name == "relay" {
        stream::function(function.endpoint, |_sdk, _event| async { Ok(()) })
    } else {
        function
    }
}
