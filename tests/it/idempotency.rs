//! Requests that are sent again: whatever became of the first, what they ask for is done once, and answered as it was.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use local::front::{Fault, FaultKind};
use serde_json::{Value, json};
use shared::endpoint::{Endpoint, uses};
use tests::{Answer, App, Member, tables};

/// Something that can be done once.
struct Deed {
    method: &'static str,
    path: String,
    body: Value,
}

/// Every function that keeps its answers, by its method.
const DEEDS: &[(&str, &str)] = &[
    ("change-labels", "POST"),
    ("change-project-members", "PUT"),
    ("change-tasks", "POST"),
    ("create-api-key", "POST"),
    ("create-comment", "POST"),
    ("create-export", "POST"),
    ("create-invitation", "POST"),
    ("create-project", "POST"),
    ("create-task", "POST"),
    ("create-tenant", "POST"),
    ("delete-api-key", "DELETE"),
    ("delete-comment", "DELETE"),
    ("delete-invitation", "DELETE"),
    ("delete-project", "DELETE"),
    ("delete-task", "DELETE"),
    ("delete-tenant", "DELETE"),
    ("move-task", "POST"),
    ("read-notifications", "POST"),
    ("remove-member", "DELETE"),
    ("resend-invitation", "POST"),
    ("restore-project", "POST"),
    ("restore-task", "POST"),
    ("update-comment", "PATCH"),
    ("update-member", "PATCH"),
    ("update-notifications", "PATCH"),
    ("update-project", "PUT"),
    ("update-task", "PATCH"),
    ("update-tenant-settings", "PUT"),
];

/// Whoever asks for it can't ask again: with the tenant all that was kept there is out of reach.
const ENDS_ALL: &str = "delete-tenant";

/// What a function answers is shown once.
const SECRET: &str = "create-api-key";

/// Somebody with a tenant of their own, and another member of it.
struct Scene {
    app: App,
    ada: Member,
    bob: Member,
    project: String,
}

impl Scene {
    async fn start() -> Self {
        let app = App::start().await;
        let ada = app.member("ada").await;
        let bob = app.member("bob").await;
        let bob = app.enrol(&ada, &bob, "editor").await;
        let project = ada.project("Apollo").await;
        Self {
            app,
            ada,
            bob,
            project,
        }
    }

    /// A deed that has not been done, with all that it takes; `nth` tells it from others.
    #[expect(
        clippy::too_many_lines,
        reason = "it is a list, one function after the other"
    )]
    async fn deed(&self, function: &str, nth: u32) -> Deed {
        let ada = &self.ada;
        let named = |what: &str| format!("{what} {nth}");
        let (path, body) = match function {
            "create-api-key" => (
                "/api/api-keys".to_owned(),
                json!({ "name": named("Key"), "role": "viewer" }),
            ),
            "create-export" => {
                self.app.settled().await;
                (format!("/api/tenants/{}/exports", ada.tenant_id), json!({}))
            }
            "create-invitation" => ("/api/invitations".to_owned(), guest(nth)),
            "create-project" => (
                "/api/create-project".to_owned(),
                json!({ "name": named("Gemini") }),
            ),
            "create-tenant" => ("/api/tenants".to_owned(), json!({ "name": named("Spare") })),
            "create-task" => (
                "/api/create-task".to_owned(),
                json!({ "projectId": self.project, "title": named("Task") }),
            ),
            "change-tasks" => (
                format!("/api/projects/{}/tasks/bulk", self.project),
                json!({ "operations": [{ "op": "create", "title": named("Task") }] }),
            ),
            "delete-api-key" => {
                let body = json!({ "name": named("Key"), "role": "viewer" });
                let key = ada.post("/api/api-keys", body).await.expect(201);
                (path("api-keys", &key), json!({}))
            }
            "delete-invitation" | "resend-invitation" => {
                let made = ada.post("/api/invitations", guest(nth)).await.expect(201);
                let path = path("invitations", &made);
                let again = function == "resend-invitation";
                let path = if again {
                    format!("{path}/resend")
                } else {
                    path
                };
                (path, json!({}))
            }
            "delete-tenant" => {
                let path = format!("/api/tenants/{}", ada.tenant_id);
                let name = ada.get(&path).await.expect(200)["data"]["name"].clone();
                (path, json!({ "name": name }))
            }
            "remove-member" => {
                let carol = self.app.member(&format!("carol{nth}")).await;
                let carol = self.app.enrol(ada, &carol, "viewer").await;
                (format!("/api/members/{}", carol.user_id), json!({}))
            }
            "update-member" => {
                let role = if nth.is_multiple_of(2) {
                    "viewer"
                } else {
                    "admin"
                };
                let path = format!("/api/members/{}", self.bob.user_id);
                (path, json!({ "role": role }))
            }
            "update-project" => (
                format!("/api/projects/{}", self.project),
                json!({ "name": named("Apollo") }),
            ),
            "change-labels" => (
                format!("/api/projects/{}/labels", self.project),
                json!({ "name": named("Fuel") }),
            ),
            "change-project-members" => {
                let project = ada.project(&named("Gemini")).await;
                let path = format!("/api/projects/{project}/members/{}", self.bob.user_id);
                (path, json!({ "role": "viewer" }))
            }
            "delete-project" | "restore-project" => {
                let path = format!("/api/projects/{}", ada.project(&named("Gemini")).await);
                if function == "delete-project" {
                    (path, json!({}))
                } else {
                    ada.delete(&path).await.expect(204);
                    (format!("{path}/restore"), json!({}))
                }
            }
            "delete-task" | "move-task" | "restore-task" | "update-task" => {
                let task = ada.task(&self.project, &named("Task")).await;
                let path = format!("/api/tasks/{task}");
                match function {
                    "delete-task" => (path, json!({})),
                    "update-task" => (path, json!({ "title": named("Another") })),
                    "move-task" => {
                        let project = ada.project(&named("Gemini")).await;
                        (format!("{path}/move"), json!({ "project_id": project }))
                    }
                    _ => {
                        ada.delete(&path).await.expect(204);
                        (format!("{path}/restore"), json!({}))
                    }
                }
            }
            "create-comment" | "update-comment" | "delete-comment" => {
                let task = ada.task(&self.project, &named("Task")).await;
                let comments = format!("/api/tasks/{task}/comments");
                let said = |text: &str| json!({ "text": named(text) });
                if function == "create-comment" {
                    (comments, said("Ten"))
                } else {
                    let made = ada.post(&comments, said("Ten")).await.expect(201);
                    let path = path(&format!("tasks/{task}/comments"), &made);
                    let changes = function == "update-comment";
                    (path, if changes { said("Nine") } else { json!({}) })
                }
            }
            "read-notifications" => {
                let task = json!({
                    "projectId": self.project,
                    "title": named("Task"),
                    "assignedTo": ada.user_id,
                });
                self.bob.post("/api/create-task", task).await.expect(201);
                let told = ada.get("/api/notifications").await.expect(200);
                let body = json!({ "ids": [told["data"][0]["id"]] });
                ("/api/notifications/read".to_owned(), body)
            }
            "update-notifications" => {
                let one = nth.is_multiple_of(2);
                let email = json!({ "mentioned": one, "assigned": !one });
                (
                    "/api/me/notifications".to_owned(),
                    json!({ "email": email }),
                )
            }
            "update-tenant-settings" => (
                format!("/api/tenants/{}/settings", ada.tenant_id),
                json!({ "name": named("Ada & Co") }),
            ),
            _ => panic!("nobody has said what {function} does"),
        };
        let method = DEEDS.iter().find(|(name, _)| *name == function);
        let (_, method) = method.expect("it is one of them");
        Deed { method, path, body }
    }

    /// How many events there are.
    async fn events(&self) -> usize {
        self.app.rows(tables::DATA, "EVENT#").await.len()
    }
}

fn guest(nth: u32) -> Value {
    json!({ "email": format!("guest{nth}@example.com"), "role": "viewer" })
}

fn path(list: &str, made: &Value) -> String {
    let id = made["data"]["id"].as_str().expect("it has an id");
    format!("/api/{list}/{id}")
}

/// How many events tell of it: both projects tell of a task that goes from one into the other.
fn told_of(function: &str) -> usize {
    if function == "move-task" { 2 } else { 1 }
}

/// All deeds after which there is somebody to ask again, by their functions.
fn repeatable() -> impl Iterator<Item = &'static str> {
    let functions = DEEDS.iter().map(|(function, _)| *function);
    functions.filter(|function| *function != ENDS_ALL)
}

impl Deed {
    fn create_project(name: &str) -> Self {
        Self {
            method: "POST",
            path: "/api/create-project".to_owned(),
            body: json!({ "name": name }),
        }
    }

    async fn ask(&self, member: &Member, key: &str) -> Answer {
        let request = member.request(self.method, &self.path).json(&self.body);
        let request = request.header("idempotency-key", key);
        Answer::of(request.send().await.expect("the API answers")).await
    }
}

/// What was answered, but for what each answer has of its own.
fn told(answer: &Answer) -> (u16, &Value, [Option<&str>; 3]) {
    let headers = ["location", "x-event-seq", "etag"];
    (
        answer.status,
        &answer.body,
        headers.map(|name| answer.header(name)),
    )
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// That it has been done is said, as it was at first or, of a secret, with 409.
#[track_caller]
fn assert_told_again(function: &str, first: &Answer, again: &Answer) {
    if function == SECRET {
        let (code, message) = again.clone().refused(409);
        assert_eq!(code, "CONFLICT");
        assert!(message.contains("secret"), "{message}");
    } else {
        assert!(is_replayed(again), "{function}: {}", again.body);
        assert_eq!(told(again), told(first), "{function}");
    }
}

#[test]
fn every_function_that_changes_a_tenant_keeps_its_answers_and_is_tried_here() {
    let tried: BTreeSet<_> = DEEDS.iter().map(|(function, _)| *function).collect();
    let all = local::functions::all();
    let all = || all.iter().map(|function| function.endpoint);
    let keeping = all().filter(|endpoint| endpoint.keeps_answers());
    let keeping: BTreeSet<_> = keeping.map(|endpoint| endpoint.name).collect();
    assert_eq!(keeping, tried);

    let needed = [uses::CHANGE_NOTES, uses::AUDIT_APPEND, uses::USAGE_COUNT];
    let changes = |endpoint: &Endpoint| needed.iter().all(|used| endpoint.is_granted(used));
    // A password is a user's, wherever they act.
    let changing = all().filter(|endpoint| changes(endpoint) && endpoint.name != "change-password");
    for endpoint in changing {
        assert!(endpoint.keeps_answers(), "{}", endpoint.name);
    }
}

#[tokio::test]
async fn what_is_asked_for_again_is_answered_again_and_done_once() {
    let scene = Scene::start().await;
    for (nth, function) in (1..).zip(repeatable()) {
        let deed = scene.deed(function, nth).await;
        let before = scene.events().await;
        let first = deed.ask(&scene.ada, "once").await;
        assert!(
            (200..300).contains(&first.status),
            "{function}: {}",
            first.body
        );
        assert!(!is_replayed(&first));
        assert_eq!(
            scene.events().await,
            before + told_of(function),
            "{function}"
        );
        for _ in 0..2 {
            let again = deed.ask(&scene.ada, "once").await;
            assert_told_again(function, &first, &again);
            assert_eq!(
                scene.events().await,
                before + told_of(function),
                "{function}"
            );
        }
    }
    let last = scene.deed(ENDS_ALL, 0).await;
    last.ask(&scene.ada, "once").await.expect(202);
    last.ask(&scene.ada, "once").await.expect(404);
}

#[tokio::test]
async fn wherever_a_request_dies_what_it_asks_for_is_done_once_when_it_is_sent_again() {
    let (mut deaths, mut replays) = (0, 0);
    for function in repeatable() {
        let scene = Scene::start().await;
        for nth in 1.. {
            let deed = scene.deed(function, nth).await;
            let before = scene.events().await;
            let armed = {
                let death = Fault::new(FaultKind::DieAfterReply);
                scene.app.fault(death.function(function).nth(nth))
            };
            let key = format!("death {nth}");
            let first = deed.ask(&scene.ada, &key).await;
            let has_died = armed.fired() == 1;
            armed.disarm();
            if !has_died {
                assert!(first.status < 300, "{function}: {}", first.body);
                break;
            }
            deaths += 1;
            assert_eq!(first.status, 500);
            let second = deed.ask(&scene.ada, &key).await;
            let done = is_replayed(&second) || second.status == 409;
            assert!(done || second.status < 300, "{function}: {}", second.body);
            replays += u32::from(done);
            let third = deed.ask(&scene.ada, &key).await;
            assert_told_again(function, &second, &third);
            assert_eq!(
                scene.events().await,
                before + told_of(function),
                "{function} died after {nth}"
            );
        }
        scene.app.settled().await;
        scene.app.ledger().await.assert_consistent();
    }
    tests::report(&format!(
        "requests with a key died {deaths} times, {replays} of them when all was done"
    ));
    assert!(deaths > 40 && replays >= 12, "{deaths}, {replays}");
}

#[tokio::test]
async fn of_equal_requests_at_once_one_has_its_effect_and_all_have_its_answer() {
    let scene = Scene::start().await;
    for (nth, function) in (1..).zip(repeatable()) {
        let deed = scene.deed(function, nth).await;
        let before = scene.events().await;
        let answers = join_all((0..6).map(|_| deed.ask(&scene.ada, "at once"))).await;
        assert_eq!(
            scene.events().await,
            before + told_of(function),
            "{function}"
        );
        let (again, first): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|answer| is_replayed(answer) || answer.status == 409);
        assert_eq!(first.len(), 1, "{function}");
        for answer in &again {
            assert_told_again(function, &first[0], answer);
        }
    }
    scene.app.settled().await;
    scene.app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_key_stands_for_one_request_of_one_credential_for_a_day() {
    let scene = Scene::start().await;
    let Scene { app, ada, bob, .. } = &scene;
    let create = Deed::create_project;
    let first = create("Gemini").ask(ada, "k").await;
    let id = first.clone().expect(201)["project"]["id"].clone();

    let other = create("Mercury").ask(ada, "k").await;
    assert_eq!(other.bad_fields(), ["Idempotency-Key"]);
    let of_another_route = scene.deed("create-invitation", 1).await;
    of_another_route.ask(ada, "k").await.expect(201);
    let by_another = create("Gemini").ask(bob, "k").await;
    assert_ne!(by_another.expect(201)["project"]["id"], id);
    let again = app.log_in(ada).await;
    let in_another_session = create("Gemini").ask(&again, "k").await;
    assert_ne!(in_another_session.expect(201)["project"]["id"], id);
    let key = ada.api_key("editor").await;
    let by_key = create("Gemini").ask(&key, "k").await;
    assert_ne!(by_key.expect(201)["project"]["id"], id);

    let late = create("Vostok").ask(&key, "late").await;
    app.advance(Duration::from_mins(24 * 60 - 1));
    assert!(is_replayed(&create("Vostok").ask(&key, "late").await));
    app.advance(Duration::from_mins(1));
    let next_day = create("Vostok").ask(&key, "late").await;
    assert!(!is_replayed(&next_day));
    assert_ne!(
        next_day.expect(201)["project"]["id"],
        late.expect(201)["project"]["id"]
    );
}

#[tokio::test]
async fn what_was_refused_can_be_asked_for_again_once_it_is_right() {
    let scene = Scene::start().await;
    let create = Deed::create_project;
    assert_eq!(create("").ask(&scene.ada, "k").await.bad_fields(), ["name"]);
    create("Gemini").ask(&scene.ada, "k").await.expect(201);
}

#[tokio::test]
async fn what_found_nothing_to_change_undoes_nothing_when_it_comes_again() {
    let scene = Scene::start().await;
    let task = scene.ada.task(&scene.project, "Count down").await;
    let titled = |title: &str| Deed {
        method: "PATCH",
        path: format!("/api/tasks/{task}"),
        body: json!({ "title": title }),
    };
    let same = titled("Count down");
    let first = same.ask(&scene.ada, "same").await;
    assert!(first.status == 200 && first.header("x-event-seq").is_none());
    titled("Count up")
        .ask(&scene.ada, "other")
        .await
        .expect(200);
    let again = same.ask(&scene.ada, "same").await;
    assert!(is_replayed(&again));
    assert_eq!(told(&again), told(&first));
    let shown = scene.ada.get(&same.path).await.expect(200);
    assert_eq!(shown["data"]["title"], "Count up");
    titled("Wave").ask(&scene.ada, "same").await.refused(422);
    scene.app.ledger().await.assert_consistent();
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_characters_sent_once() {
    let scene = Scene::start().await;
    let ask = async |key: &[u8]| {
        let request = scene.ada.request("POST", "/api/create-project");
        let request = request.json(&json!({ "name": "Gemini" }));
        let request = request.header("idempotency-key", key);
        Answer::of(request.send().await.expect("the API answers")).await
    };
    ask("k".repeat(255).as_bytes()).await.expect(201);
    for bad in ["k".repeat(256).as_bytes(), b"", "ü".as_bytes(), b"a\tb"] {
        let (code, message) = ask(bad).await.refused(400);
        assert_eq!(code, "BAD_REQUEST");
        assert!(message.contains("Idempotency-Key"), "{message}");
    }
    // It means nothing to what only reads.
    let request = scene.ada.request("GET", "/api/list-projects");
    let request = request.header("idempotency-key", "");
    let listed = Answer::of(request.send().await.expect("the API answers")).await;
    listed.expect(200);
}
