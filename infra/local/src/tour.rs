//! The product's story, as whoever uses it lives it: each request, and what came of it, told as it happens.

mod ask;
mod teller;

use std::io::Write;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use uuid::Uuid;

use ask::Ask;
use teller::Teller;

/// The password of those whom it is about: they exist on a laptop alone.
const PASSWORD: &str = "a long enough one";

/// A picture of one pixel.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

/// Why it could not be told to its end.
#[derive(Debug, thiserror::Error)]
pub enum TourError {
    /// Nobody answers, or not in HTTP.
    #[error("no answer: {0}")]
    Unreachable(#[from] reqwest::Error),
    /// Something was answered otherwise than in the story.
    #[error("{request} answered {status}: {answer}")]
    Otherwise {
        /// Method and path.
        request: String,
        /// The status.
        status: u16,
        /// The body.
        answer: Value,
    },
    /// What should have followed did not.
    #[error("in vain waited for {0}")]
    Missing(String),
    /// It can't be written down.
    #[error("it can't be shown: {0}")]
    Unshown(#[from] std::io::Error),
}

/// Somebody of the story.
struct Person {
    id: String,
    email: String,
    token: String,
}

/// Whether a stack serves at `api`.
pub async fn serves(api: &str) -> bool {
    let asked = client().get(format!("{api}/health/live"));
    let answer = asked.timeout(Duration::from_secs(2)).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Lives the story on the stack whose HTTP API is at `api`, and writes it down. Whoever it is about is new each time.
pub async fn walk(api: &str, to: &mut (dyn Write + Send)) -> Result<(), TourError> {
    let mut teller = Teller::new(client(), api, to);
    let teller = &mut teller;
    let ada = sign_up(teller).await?;
    let project = project(teller, &ada).await?;
    let grace = invite(teller, &ada).await?;
    let descent = task(teller, &ada, &grace, &project).await?;
    talk(teller, &ada, &grace, &descent).await?;
    plan(teller, &grace, &project).await?;
    drag(teller, &grace, &project, &descent).await?;
    meet(teller, &ada, &grace, &descent).await?;
    repeat(teller, &ada, &project).await?;
    search(teller, &ada, &project).await?;
    regret(teller, &ada, &descent).await?;
    look_back(teller, &ada, &project).await?;
    teller.say("That was Tenon. `cargo run` starts it, and /docs has every request to try.")
}

async fn sign_up(teller: &mut Teller<'_>) -> Result<Person, TourError> {
    teller.say("Ada signs up, and has a workspace of her own.")?;
    let email = address("ada");
    let account = json!({ "email": email, "password": PASSWORD, "name": "Ada" });
    let ask = Ask::post("/api/sign-up", account);
    let answer = teller
        .ask(ask.shows(["/data/user/name", "/data/tenant/name"]), 201)
        .await?;
    Ok(person(&answer, email))
}

async fn project(teller: &mut Teller<'_>, ada: &Person) -> Result<String, TourError> {
    teller.say("She makes a project.")?;
    let ask = Ask::post("/api/projects", json!({ "name": "Moon landing" })).by(ada);
    let answer = teller
        .ask(
            ask.shows(["/data/name", "/data/visibility", "/data/task_counts"]),
            201,
        )
        .await?;
    Ok(text(&answer["data"]["id"]))
}

async fn invite(teller: &mut Teller<'_>, ada: &Person) -> Result<Person, TourError> {
    teller.say("She invites Grace, who follows the link in her mail.")?;
    let email = address("grace");
    let invitation = json!({ "email": email, "role": "editor" });
    let ask = Ask::post("/api/invitations", invitation).by(ada);
    teller.ask(ask.shows(["/data/role"]), 201).await?;
    let mail = teller.mail(&email, "invitation?token=").await?;
    let link = mail.split_once("invitation?token=").unwrap_or_default().1;
    let token = link.split_whitespace().next().unwrap_or_default();
    let joining = json!({ "token": token, "name": "Grace", "password": PASSWORD });
    let ask = Ask::post("/api/accept-invitation", joining);
    let answer = teller
        .ask(ask.shows(["/data/user/name", "/data/tenant/name"]), 200)
        .await?;
    Ok(person(&answer, email))
}

async fn task(
    teller: &mut Teller<'_>,
    ada: &Person,
    grace: &Person,
    project: &str,
) -> Result<String, TourError> {
    teller.say("Ada makes a task with a file and gives it to Grace, who gets mail.")?;
    let title = "Rehearse the descent to the surface";
    let file =
        json!({ "filename": "descent.png", "content_type": "image/png", "file_base64": PICTURE });
    let task = json!({ "title": title, "assigned_to": grace.id, "attachment": file });
    let ask = Ask::post(format!("/api/projects/{project}/tasks"), task).by(ada);
    let shown = ["/data/title", "/data/status", "/data/attachment"];
    let answer = teller.ask(ask.shows(shown), 201).await?;
    teller.mail(&grace.email, title).await?;
    Ok(text(&answer["data"]["id"]))
}

async fn talk(
    teller: &mut Teller<'_>,
    ada: &Person,
    grace: &Person,
    task: &str,
) -> Result<(), TourError> {
    teller.say("Grace asks Ada something, who finds it among her notifications.")?;
    let comment = json!({ "text": format!("How low, <@{}>?", ada.id) });
    let ask = Ask::post(format!("/api/tasks/{task}/comments"), comment).by(grace);
    teller.ask(ask.shows(["/data/text"]), 201).await?;
    let ask = Ask::get("/api/notifications").by(ada);
    let shown = ["/data/*/kind", "/data/*/title", "/meta/unread"];
    teller.ask(ask.shows(shown), 200).await.map(drop)
}

async fn plan(teller: &mut Teller<'_>, grace: &Person, project: &str) -> Result<(), TourError> {
    teller.say("Grace plans the rest, several tasks at once.")?;
    let create = |title: &str, priority: &str| json!({ "op": "create", "title": title, "priority": priority });
    let operations = [
        create("Order freeze-dried strawberries", "low"),
        create("Pack the telescope", "urgent"),
        create("Paint the hatch", "high"),
    ];
    let path = format!("/api/projects/{project}/tasks/bulk");
    let ask = Ask::post(path, json!({ "operations": operations })).by(grace);
    teller.ask(ask.shows(["/data/*/status"]), 200).await?;
    let path = format!("/api/projects/{project}/tasks?sort=priority&limit=2");
    let ask = Ask::get(path).by(grace);
    let shown = ["/data/*/title", "/meta/has_more"];
    teller.ask(ask.shows(shown), 200).await.map(drop)
}

async fn drag(
    teller: &mut Teller<'_>,
    grace: &Person,
    project: &str,
    task: &str,
) -> Result<(), TourError> {
    teller.say("She drags hers to the top of what is under way.")?;
    let top = json!({ "status": "in_progress", "position": { "end": "first" } });
    let ask = Ask::patch(format!("/api/tasks/{task}"), top).by(grace);
    let shown = ["/data/title", "/data/status"];
    teller.ask(ask.shows(shown), 200).await?;
    let ask = Ask::get(format!("/api/projects/{project}")).by(grace);
    teller
        .ask(ask.shows(["/data/task_counts"]), 200)
        .await
        .map(drop)
}

async fn meet(
    teller: &mut Teller<'_>,
    ada: &Person,
    grace: &Person,
    task: &str,
) -> Result<(), TourError> {
    teller.say("Both change it, each as they saw it: Ada's change is not lost to Grace's.")?;
    let path = format!("/api/tasks/{task}");
    let tag = teller.tag(Ask::get(&path).by(ada)).await?;
    let first = Ask::patch(&path, json!({ "status": "done" })).by(ada);
    let shown = ["/data/status"];
    teller
        .ask(first.with("if-match", &tag).shows(shown), 200)
        .await?;
    let second = Ask::patch(&path, json!({ "status": "todo" })).by(grace);
    let shown = ["/error/code"];
    teller
        .ask(second.with("if-match", &tag).shows(shown), 412)
        .await
        .map(drop)
}

async fn repeat(teller: &mut Teller<'_>, ada: &Person, project: &str) -> Result<(), TourError> {
    teller.say("An answer gets lost. Ada sends the same again, and it has been done once.")?;
    for _ in 0..2 {
        let task = json!({ "title": "Wave" });
        let ask = Ask::post(format!("/api/projects/{project}/tasks"), task).by(ada);
        let ask = ask.with("idempotency-key", "wave-1");
        teller
            .ask(ask.shows(["/data/id", "/data/title"]), 201)
            .await?;
    }
    let ask = Ask::get(format!("/api/projects/{project}")).by(ada);
    teller
        .ask(ask.shows(["/data/task_counts"]), 200)
        .await
        .map(drop)
}

async fn search(teller: &mut Teller<'_>, ada: &Person, project: &str) -> Result<(), TourError> {
    teller.say("She searches in her own words.")?;
    let query = json!({ "projectId": project, "query": "What will the crew eat?" });
    let ask = Ask::post("/api/search-tasks", query).by(ada);
    let found = |answer: &Value| {
        answer["results"]
            .as_array()
            .is_some_and(|found| found.len() >= 5)
    };
    let shown = ["/results/*/title", "/results/*/score"];
    teller
        .ask_until(ask.shows(shown), 200, found)
        .await
        .map(drop)
}

async fn regret(teller: &mut Teller<'_>, ada: &Person, task: &str) -> Result<(), TourError> {
    teller.say("She deletes a task, and thinks better of it.")?;
    let path = format!("/api/tasks/{task}");
    teller.ask(Ask::delete(&path).by(ada), 204).await?;
    let ask = Ask::get(&path).by(ada);
    teller.ask(ask.shows(["/error/message"]), 404).await?;
    let ask = Ask::post(format!("{path}/restore"), json!({})).by(ada);
    let shown = ["/data/title", "/data/attachment/filename"];
    teller.ask(ask.shows(shown), 200).await.map(drop)
}

async fn look_back(teller: &mut Teller<'_>, ada: &Person, project: &str) -> Result<(), TourError> {
    teller.say("All of it is in the project's log.")?;
    let ask = Ask::get(format!("/api/projects/{project}/events?limit=100")).by(ada);
    teller.ask(ask.shows(["/data/*/type"]), 200).await.map(drop)
}

fn person(answer: &Value, email: String) -> Person {
    let data = &answer["data"];
    Person {
        id: text(&data["user"]["id"]),
        email,
        token: text(&data["access_token"]),
    }
}

/// An address that nobody has yet.
fn address(name: &str) -> String {
    let unique = Uuid::new_v4().simple().to_string();
    format!("{name}-{}@example.com", &unique[..8])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The stack is on this machine: reading the system's certificates would only take time.
fn client() -> Client {
    Client::builder()
        .tls_certs_only([])
        .build()
        .expect("a client that knows no certificates can be made")
}
