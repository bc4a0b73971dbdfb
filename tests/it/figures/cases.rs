//! What is measured: each function in its main cases, one at a time.

use std::time::Duration;

use local::functions;
use serde_json::{Value, json};

use super::cost::Cost;
use super::scene::{Event, Scene};

/// What was measured at one size.
#[derive(Default)]
pub(super) struct Figures {
    /// The functions' cold starts.
    pub(super) starts: Vec<(&'static str, Cost)>,
    /// Their invocations.
    pub(super) cases: Vec<Case>,
}

/// An invocation.
pub(super) struct Case {
    pub(super) function: &'static str,
    pub(super) name: &'static str,
    pub(super) cost: Cost,
}

impl Figures {
    pub(super) fn of(&self, function: &str, name: &str) -> &Case {
        let mut cases = self.cases.iter();
        cases
            .find(|case| case.function == function && case.name == name)
            .unwrap_or_else(|| panic!("{function}, {name} was not measured"))
    }
}

/// How many tasks an export reads here: its cost is in proportion to them, and so is the time that it takes.
const EXPORTED: u64 = 10_000;

/// After so long no search expects of the index that it may lack something.
const INDEXED: Duration = Duration::from_secs(61);

/// After so long what the stream has not relayed is swept.
const UNRELAYED: Duration = Duration::from_secs(180);

/// Measures all there is to measure, in a project of so many tasks. An export, which reads them all, is measured before
/// there are more than [`EXPORTED`].
pub(super) async fn measure(tasks: u64) -> Figures {
    let exported = tasks.min(EXPORTED);
    let mut sheet = Sheet {
        scene: Scene::with_tasks(exported).await,
        figures: Figures::default(),
    };
    sheet.starts().await;
    sheet.accounts().await;
    sheet.tenants().await;
    sheet.exports().await;
    sheet.scene.grow(exported, tasks).await;
    sheet.invitations().await;
    sheet.projects().await;
    sheet.search().await;
    let assigned = sheet.tasks().await;
    sheet.realtime().await;
    sheet.followers(assigned).await;
    sheet.lists().await;
    sheet.talk().await;
    sheet.board().await;
    sheet.moves().await;
    sheet.bulk().await;
    sheet.lives().await;
    sheet.sweeps().await;
    sheet.scene.app.stop().await;
    sheet.figures
}

struct Sheet {
    scene: Scene,
    figures: Figures,
}

impl Sheet {
    async fn starts(&mut self) {
        for function in functions::all() {
            let name = function.endpoint.name;
            let cost = self.scene.meter.start(&self.scene.app, name).await;
            self.figures.starts.push((name, cost));
        }
    }

    async fn accounts(&mut self) {
        self.http("sign-up/ok", "a new address", 201).await;
        self.http(
            "sign-up/address-taken",
            "an address that has an account",
            409,
        )
        .await;
        self.http("log-in/ok", "right password", 200).await;
        self.http("log-in/wrong-password", "wrong password", 401)
            .await;
        self.http("log-in/unknown-address", "unknown address", 401)
            .await;
        self.http("refresh-token/ok", "a token", 200).await;
        self.http("refresh-token/invented-token", "no such token", 401)
            .await;
        self.http("log-out/ok", "a session", 204).await;
        self.http("log-out-everywhere/ok", "one session", 204).await;
        self.http("forgot-password/ok", "an address that has an account", 204)
            .await;
        self.http("forgot-password/unknown-address", "unknown address", 204)
            .await;
        self.http("reset-password/invented-token", "no such link", 422)
            .await;
        self.http("change-password/ok", "right password", 204).await;
        self.http("change-password/wrong-password", "wrong password", 422)
            .await;
        self.http("send-verification/ok", "a link", 204).await;
        self.http("verify-email/invented-token", "no such link", 422)
            .await;
        self.http("get-me/ok", "in one tenant", 200).await;
        self.audit().await;
        self.http("list-sessions/ok", "one session", 200).await;
        self.http("delete-session/ok", "a session", 204).await;
        self.http(
            "delete-session/session-of-another",
            "session of another",
            404,
        )
        .await;
        self.http("get-me/by-key", "by a key, seen for the first time", 200)
            .await;
        self.http("get-me/by-key", "by a key, within a minute", 200)
            .await;
        self.http("create-api-key/ok", "made", 201).await;
        self.http("create-api-key/by-key", "by a key", 403).await;
        self.http("list-api-keys/ok", "two keys, by a key", 200)
            .await;
        self.http("list-api-keys/one", "one", 200).await;
        self.http("delete-api-key/ok", "a key", 204).await;
        self.http("delete-api-key/key-of-another", "key of another", 404)
            .await;
        self.http("get-jwks/ok", "read", 200).await;
        self.http("docs/ok", "read", 200).await;
        self.http("health/ok", "all asked", 200).await;
        self.http("health/live", "nothing asked", 200).await;
        self.http("not-found/unknown-path", "unknown path", 404)
            .await;
    }

    async fn tenants(&mut self) {
        self.http("create-tenant/ok", "made", 201).await;
        self.http("create-tenant/reserved-slug", "bad input", 422)
            .await;
        self.http("get-tenant/ok", "read", 200).await;
        self.http("get-tenant/another-s", "another's", 404).await;
        self.http("get-tenant-usage/ok", "read", 200).await;
        self.http("get-tenant-usage/another-s", "another's", 404)
            .await;
        self.http("update-tenant-settings/ok", "set up", 200).await;
        self.http("update-tenant-settings/ok", "unchanged", 200)
            .await;
        self.http("delete-tenant/ok", "deleted", 202).await;
        self.http("delete-tenant/another-name", "another name", 422)
            .await;
        self.http("delete-tenant/another-s", "another's", 404).await;
        self.http("get-tenant-deletion/ok", "begun", 200).await;
        self.http("get-tenant-deletion/not-deleted", "none", 404)
            .await;
        let done = json!({ "batchItemFailures": [] });
        for (fixture, name) in [
            ("erase/ok", "a tenant with nothing in it, the first pass"),
            ("erase/not-deleted", "a tenant that is not deleted"),
        ] {
            let event = self.scene.event(fixture).await;
            self.case(name, event, done.clone()).await;
        }
        self.http("list-members/ok", "all", 200).await;
        self.http("list-members/by-role", "of one role", 200).await;
        self.http("list-members/one", "one", 200).await;
        self.http("update-member/ok", "another role", 200).await;
        self.http("update-member/last-admin", "the last admin", 409)
            .await;
        self.http("remove-member/ok", "removed", 204).await;
        self.http("remove-member/not-a-member", "no such member", 404)
            .await;
    }

    async fn exports(&mut self) {
        self.http("create-export/ok", "asked for", 202).await;
        self.http("create-export/ok", "one is under way", 409).await;
        self.http("get-export/ok", "not done", 200).await;
        let done = json!({ "batchItemFailures": [] });
        for name in ["a whole tenant", "delivered again"] {
            let event = self.scene.event("export-tenant/ok").await;
            self.case(name, event, done.clone()).await;
        }
        self.http("get-export/ok", "done", 200).await;
        self.http(
            "get-export/export-of-another-tenant",
            "export of another tenant",
            404,
        )
        .await;
    }

    async fn invitations(&mut self) {
        self.http("create-invitation/ok", "a new address", 201)
            .await;
        self.http("create-invitation/member", "a member's address", 409)
            .await;
        self.http("list-invitations/ok", "one page", 200).await;
        self.http("resend-invitation/ok", "an invitation", 200)
            .await;
        self.http(
            "resend-invitation/invitation-of-another-tenant",
            "invitation of another tenant",
            404,
        )
        .await;
        self.http("delete-invitation/ok", "an invitation", 204)
            .await;
        self.http("accept-invitation/invented-token", "no such link", 422)
            .await;
    }

    async fn projects(&mut self) {
        self.http("create-project/ok", "made", 201).await;
        self.http("create-project/name-too-short", "bad input", 422)
            .await;
        self.http("create-project/no-token", "no token", 401).await;
        self.http("list-projects/ok", "miss", 200).await;
        self.http("list-projects/ok", "hit", 200).await;
        self.http("list-projects/no-token", "no token", 401).await;
        self.http("get-project/ok", "read", 200).await;
        self.http("get-project/of-another-tenant", "of another tenant", 404)
            .await;
        self.http("update-project/ok", "another name", 200).await;
        self.http("update-project/ok", "unchanged", 200).await;
        self.http(
            "update-project/changed-since",
            "changed since it was seen",
            412,
        )
        .await;
    }

    async fn search(&mut self) {
        self.scene.app.advance(INDEXED);
        self.http("search-tasks/ok", "miss", 200).await;
        self.http("search-tasks/ok", "hit", 200).await;
        self.http("search-tasks/other-form", "in its other form", 200)
            .await;
        self.http(
            "search-tasks/project-of-another-tenant",
            "project of another tenant",
            404,
        )
        .await;
    }

    /// Returns the `seq` of a task that was given to somebody.
    async fn tasks(&mut self) -> u64 {
        let plain = self.scene.event("create-task/ok").await;
        let plain = plain.with(&json!({ "assignedTo": null }));
        let bad = plain.clone().with(&json!({ "title": "" }));
        let answer = self
            .case("plain", plain, json!({ "statusCode": 201 }))
            .await;
        body(&answer)["task"]["id"]
            .as_str()
            .expect("it has an id")
            .clone_into(&mut self.scene.task);
        let answer = self.http("create-task/ok", "assigned", 201).await;
        let file = self.scene.event("create-task/with-file").await;
        let ada = json!({ "assignedTo": self.scene.ada.user_id });
        let both = file.clone().with(&ada);
        self.case("with a file", file, json!({ "statusCode": 201 }))
            .await;
        self.case("assigned, with a file", both, json!({ "statusCode": 201 }))
            .await;
        self.http(
            "create-task/project-of-another-tenant",
            "project of another tenant",
            404,
        )
        .await;
        self.http(
            "create-task/assignee-not-a-member",
            "assigned to a stranger",
            422,
        )
        .await;
        self.case("bad input", bad, json!({ "statusCode": 422 }))
            .await;
        self.http("create-task/no-token", "no token", 401).await;
        self.http("create-task/in-project", "in its project, assigned", 201)
            .await;
        answer["headers"]["x-event-seq"]
            .as_str()
            .and_then(|seq| seq.parse().ok())
            .expect("the answer has its number")
    }

    async fn audit(&mut self) {
        let done = json!({ "batchItemFailures": [] });
        for (fixture, name) in [
            ("record-audit/ok", "an entry"),
            ("record-audit/ok", "delivered again"),
            ("record-audit/of-nobody", "of nobody"),
        ] {
            let event = self.scene.event(fixture).await;
            self.case(name, event, done.clone()).await;
        }
        // So many log-ins, and so many entries.
        self.scene.app.settled().await;
        self.http("get-audit-log/ok", "nothing in a year", 200)
            .await;
        for (query, name) in [
            ("limit=2", "a full page"),
            ("limit=2&action=session:began", "a full page of one action"),
        ] {
            let mut event = self.scene.event("get-audit-log/invented-cursor").await;
            event.payload["rawQueryString"] = json!(query);
            self.case(name, event, json!({ "statusCode": 200 })).await;
        }
        self.http("get-audit-log/no-token", "no token", 401).await;
    }

    async fn realtime(&mut self) {
        self.http("create-realtime-ticket/ok", "issued", 201).await;
        self.http("realtime-connect/ok", "a ticket", 200).await;
        self.http("realtime-connect/invented-ticket", "no such ticket", 401)
            .await;
        self.http("realtime-subscribe/ok", "a room", 200).await;
        self.http(
            "realtime-subscribe/room-of-another-tenant",
            "room of another tenant",
            200,
        )
        .await;
        self.http("realtime-unsubscribe/ok", "a room", 200).await;
        self.http("realtime-default/ping", "ping", 200).await;
        let again = self.scene.event("realtime-subscribe/ok").await;
        self.scene.meter.invoke(again.function, again.payload).await;
        self.http("realtime-disconnect/ok", "in one room", 200)
            .await;
    }

    /// What follows from a task, the `seq` of which is `assigned`.
    async fn followers(&mut self, assigned: u64) {
        let done = json!({ "batchItemFailures": [] });
        let image = self.scene.logged(assigned).await;
        let relayed = self.scene.event("relay/ok").await.of_image(image);
        self.case("an event with two jobs", relayed, done.clone())
            .await;
        // It has handed work to the stack's own functions.
        self.scene.app.settled().await;

        for (fixture, name) in [
            ("send-email/ok", "sent"),
            ("send-email/ok", "delivered again"),
            ("send-email/unknown-user", "user is gone"),
            ("send-email/given-to-nobody", "given to nobody by now"),
            ("send-email/due-soon", "due soon, sent"),
            ("index-task/ok", "new"),
            ("index-task/ok", "unchanged"),
            ("index-task/task-gone", "task is gone"),
            ("index-task/tell-due", "due soon"),
            ("send-realtime/ok", "nobody listens"),
        ] {
            let event = self.scene.event(fixture).await;
            self.case(name, event, done.clone()).await;
        }

        let mut socket = self.scene.ada.connect().await;
        socket.subscribe(&self.scene.project).await;
        let task = json!({ "projectId": self.scene.project, "title": "Count down" });
        let made = self.scene.ada.post("/api/create-task", task).await;
        let event = self.scene.event("send-realtime/ok").await;
        let event = event.of_seq(made.event_seq());
        self.case("one listener", event, done).await;
        assert_eq!(socket.expect_next().await["type"], "task:created");
    }

    /// What becomes of a project.
    async fn lives(&mut self) {
        for (fixture, name, status) in [
            ("create-project/private", "a private one", 201),
            ("list-projects/page-of-all", "all", 200),
            (
                "list-projects/page-by-number",
                "all, by a page's number",
                200,
            ),
            ("change-project-members/ok", "shared", 200),
            ("get-project/members", "whom it is shared with", 200),
            (
                "get-project/one-member-not-shared",
                "who is none of them",
                404,
            ),
            ("list-projects/oldest-first", "all, the oldest first", 200),
            ("delete-project/ok", "a project", 204),
            ("list-projects/deleted", "what is deleted", 200),
            ("restore-project/ok", "a project", 200),
            ("restore-project/not-deleted", "not deleted", 404),
        ] {
            self.http(fixture, name, status).await;
        }
        let restored = self.scene.event("erase/restored-project").await;
        let done = json!({ "batchItemFailures": [] });
        self.case("a project that was restored", restored, done)
            .await;
    }

    /// What becomes of a task.
    async fn board(&mut self) {
        for (fixture, name, status) in [
            ("get-task/ok", "read", 200),
            ("get-task/part", "in part, with what it names", 200),
            ("get-task/of-another-tenant", "of another tenant", 404),
            ("get-task/attachment", "a link to its file", 200),
            ("update-task/ok", "another title, given to somebody", 200),
            ("update-task/ok", "unchanged", 200),
            ("update-task/done", "to another status", 200),
            (
                "update-task/changed-since",
                "changed since it was seen",
                412,
            ),
            ("restore-task/not-deleted", "not deleted", 404),
        ] {
            self.http(fixture, name, status).await;
        }
        let back = self.scene.event("update-task/done").await;
        let back = back.with(&json!({ "status": "todo" }));
        self.case("and back", back, json!({ "statusCode": 200 }))
            .await;
        for (fixture, name, status) in [
            ("update-task/part", "put behind another", 200),
            ("update-task/beneath-another", "put beneath another", 200),
            ("delete-task/ok", "a task", 204),
            ("delete-task/ok", "a deleted one", 404),
            ("restore-task/ok", "a task", 200),
        ] {
            self.http(fixture, name, status).await;
        }
        let done = json!({ "batchItemFailures": [] });
        let index = self.scene.event("index-task/ok").await;
        self.case("deleted", index, done).await;
    }

    /// What goes to another board.
    async fn moves(&mut self) {
        self.scene.another_task().await;
        for (fixture, name, status) in [
            (
                "move-task/to-another-tenant",
                "to a project of another tenant",
                404,
            ),
            ("move-task/ok", "a task", 200),
        ] {
            self.http(fixture, name, status).await;
        }
    }

    /// What is on the board.
    async fn lists(&mut self) {
        for (fixture, name, status) in [
            ("list-tasks/of-another-tenant", "of another tenant", 404),
            ("list-tasks/no-such-index", "without an index", 400),
            (
                "list-tasks/of-a-user",
                "of a user, by when they are due",
                200,
            ),
        ] {
            self.http(fixture, name, status).await;
        }
        for (query, name) in [
            ("sort=created_at", "five, the oldest first"),
            ("sort=-created_at", "five, the newest first"),
            ("sort=due_date", "five, by when they are due"),
            ("sort=priority", "five, by how much they matter"),
            ("sort=-updated_at", "five, the last changed first"),
            (
                "sort=-priority,-created_at,title",
                "five, by several fields",
            ),
            ("status=todo", "five of a status, by their places"),
            ("priority=none", "five that matter so much"),
            (
                "sort=created_at&expand=project,assignee",
                "five, with what they name",
            ),
        ] {
            self.list("list-tasks/ok", query, name).await;
        }
        self.list(
            "list-tasks/mine",
            "assigned_to=me",
            "somebody's, in all projects",
        )
        .await;
        let with_label = format!("label={}", self.scene.label_of_six().await);
        self.list("list-tasks/ok", &with_label, "five with a label")
            .await;
        let beneath = format!("parent_id={}", self.scene.parent_of_six().await);
        self.list("list-tasks/ok", &beneath, "five beneath another")
            .await;
        self.scene.delete_six().await;
        self.list("list-tasks/ok", "deleted=true", "five that are deleted")
            .await;
    }

    /// Several changes at once.
    async fn bulk(&mut self) {
        self.scene.another_task().await;
        for (fixture, name, status) in [
            (
                "change-tasks/ok",
                "one changed, one made, one deleted, one refused",
                200,
            ),
            ("change-tasks/every-operation-bad", "bad input", 422),
        ] {
            self.http(fixture, name, status).await;
        }
    }

    /// The first five of a list.
    async fn list(&mut self, fixture: &'static str, query: &str, name: &'static str) {
        let mut event = self.scene.event(fixture).await;
        event.payload["rawQueryString"] = json!(format!("{query}&limit=5"));
        self.case(name, event, json!({ "statusCode": 200 })).await;
    }

    /// What is said on a task, and what has happened to it.
    async fn talk(&mut self) {
        for (fixture, name, status) in [
            ("create-comment/ok", "mentions somebody", 201),
            (
                "create-comment/mentions-a-stranger",
                "mentions a stranger",
                422,
            ),
            ("list-comments/ok", "all", 200),
            ("list-comments/newest-first", "the latest", 200),
            ("list-comments/one", "one", 200),
            ("update-comment/ok", "another text", 200),
            (
                "update-comment/changed-since",
                "changed since it was seen",
                412,
            ),
            ("delete-comment/ok", "one", 204),
            ("change-labels/ok", "a new one", 201),
            ("change-labels/part", "another colour", 200),
            ("change-labels/removed", "one", 204),
            ("list-labels/ok", "all", 200),
            ("list-labels/one", "one", 200),
            ("list-notifications/ok", "none", 200),
            ("list-notifications/unread", "what is unread", 200),
            ("list-notifications/by-email", "of what by email", 200),
            ("read-notifications/ok", "none of one's own", 200),
            ("update-notifications/ok", "less by email", 200),
            ("list-events/ok", "the first of a project", 200),
            ("list-events/of-task", "of a task", 200),
            ("list-events/of-another-tenant", "of another tenant", 404),
        ] {
            self.http(fixture, name, status).await;
        }
    }

    async fn sweeps(&mut self) {
        let app = &self.scene.app;
        app.advance(UNRELAYED);
        app.sweep("sweep-log").await;
        app.settled().await;
        for fixture in [
            "sweep-due/ok",
            "sweep-log/ok",
            "sweep-projects/ok",
            "sweep-uploads/ok",
        ] {
            let event = self.scene.event(fixture).await;
            self.case("nothing to do", event, json!({ "done": 0 }))
                .await;
        }
    }

    /// A fixture that is answered with a status.
    async fn http(&mut self, fixture: &'static str, name: &'static str, status: u16) -> Value {
        let event = self.scene.event(fixture).await;
        self.case(name, event, json!({ "statusCode": status }))
            .await
    }

    /// An event whose answer has these members.
    async fn case(&mut self, name: &'static str, event: Event, expected: Value) -> Value {
        let function = event.function;
        let (answer, cost) = self.scene.meter.invoke(function, event.payload).await;
        for (member, value) in expected.as_object().expect("they are members") {
            assert_eq!(&answer[member], value, "{function}, {name}: {answer}");
        }
        self.figures.cases.push(Case {
            function,
            name,
            cost,
        });
        answer
    }
}

fn body(answer: &Value) -> Value {
    let text = answer["body"].as_str().expect("it has a body");
    serde_json::from_str(text).expect("the body is JSON")
}
