//! Fixtures of `events/`: what stands in double braces is filled in from a stack that runs.
//!
//! Whoever a fixture names signs up when they are first needed, and what they are to have is made. All of
//! it goes over the HTTP API, as a client's calls do. `events/README.md` lists the placeholders.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// The password of everyone whom a fixture names: they exist on a laptop alone.
const PASSWORD: &str = "a fixture's password";

/// The project that everyone has who needs one.
const PROJECT: &str = "Fixtures";

/// When a task is due, in epoch milliseconds: as the fixtures spell it.
const DUE: i64 = 1_900_000_000_000;

/// The file of a task, in base64: `%PDF-1.7`.
const PDF: &str = "JVBERi0xLjc=";

/// What a tenant is called that may be deleted.
const SPARE: &str = "Spare";

/// How often, and how many times, it is looked whether an email has come, or an export has ended.
const POLL: Duration = Duration::from_millis(50);
const POLLS: u32 = 200;

/// Why a fixture can't be read or filled.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// No such file.
    #[error("there is no {0}")]
    Missing(String),
    /// A placeholder that nothing is known to stand for.
    #[error("nothing is known to stand for {{{{{0}}}}}: events/README.md lists the placeholders")]
    Unknown(String),
    /// Nobody answers.
    #[error("no stack answers at {0}: start one with `cargo run`")]
    Unreachable(String),
    /// The API answered otherwise than with what was asked for.
    #[error("{path} answered {status}: {answer}")]
    Refused {
        /// The path that was called.
        path: String,
        /// The status.
        status: StatusCode,
        /// The body.
        answer: Value,
    },
    /// An email that should have come did not.
    #[error("no link was emailed to {0}")]
    NoMail(String),
}

/// The text of the fixture `function/case`, from the working directory's `events/` or else from the
/// one that this was built with.
pub fn read(fixture: &str) -> Result<String, EventError> {
    let file = format!("events/{fixture}.json");
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    [PathBuf::new(), built_in]
        .iter()
        .find_map(|folder| fs::read_to_string(folder.join(&file)).ok())
        .ok_or(EventError::Missing(file))
}

/// The text with every placeholder replaced, from the stack whose HTTP API is at `api`.
pub async fn fill(text: &str, api: &str) -> Result<String, EventError> {
    Filler::new(api).fill(text).await
}

/// Fills several fixtures from one stack. Whoever was named once stays signed in.
pub struct Filler {
    http: Client,
    api: String,
    people: BTreeMap<String, Person>,
    /// The exports of those who have needed one.
    exports: BTreeMap<String, String>,
    /// The tasks that were last commented on, by whom.
    commented: BTreeMap<String, String>,
}

/// Somebody who is signed in.
struct Person {
    email: String,
    token: String,
    user: String,
    tenant: String,
    /// Their project, once it is known: somebody may call it something else meanwhile.
    project: OnceCell<String>,
}

impl Filler {
    /// For the stack whose HTTP API is at `api`.
    pub fn new(api: &str) -> Self {
        Self {
            // The stack is on this machine: reading the system's certificates would only take time.
            http: Client::builder()
                .tls_certs_only([])
                .build()
                .expect("a client that knows no certificates can be made"),
            api: api.trim_end_matches('/').to_owned(),
            people: BTreeMap::new(),
            exports: BTreeMap::new(),
            commented: BTreeMap::new(),
        }
    }

    /// The text with every placeholder replaced: the same one by the same value throughout.
    pub async fn fill(&mut self, text: &str) -> Result<String, EventError> {
        let mut filled = text.to_owned();
        for placeholder in placeholders(text) {
            let value = self.value(placeholder).await?;
            filled = filled.replace(&format!("{{{{{placeholder}}}}}"), &value);
        }
        Ok(filled)
    }

    async fn value(&mut self, placeholder: &str) -> Result<String, EventError> {
        if placeholder == "email" {
            return Ok(new_address());
        }
        let (name, what) = placeholder
            .split_once('.')
            .unwrap_or((placeholder, "token"));
        if !self.people.contains_key(name) {
            let person = self.sign_in(name).await?;
            self.people.insert(name.to_owned(), person);
        }
        let person = &self.people[name];
        if what == "export" && !self.exports.contains_key(name) {
            let export = self.export(person).await?;
            self.exports.insert(name.to_owned(), export);
        }
        if what == "comment" || what == "commented" && !self.commented.contains_key(name) {
            let (task, comment) = self.comment(person).await?;
            self.commented.insert(name.to_owned(), task);
            if what == "comment" {
                return Ok(comment);
            }
        }
        let person = &self.people[name];
        match what {
            "token" => Ok(person.token.clone()),
            "email" => Ok(person.email.clone()),
            "password" => Ok(PASSWORD.to_owned()),
            "user" => Ok(person.user.clone()),
            "tenant" => Ok(person.tenant.clone()),
            "project" => self.project(person).await,
            "task" | "neighbour" => self.task(person).await,
            "given" => self.given_task(person).await,
            "filed" => self.filed_task(person).await,
            "commented" => Ok(self.commented[name].clone()),
            "label" => self.label(person).await,
            "deleted" => self.deleted_task(person).await,
            "disposable" => self.new_project(person, "Disposable").await,
            "discarded" => self.deleted_project(person).await,
            "archived" => self.archived_project(person).await,
            "ticket" => self.ticket(person).await,
            "refresh" => Ok(text(&self.log_in(person).await?["refresh_token"])),
            "session" => self.session(person).await,
            "key" => Ok(text(&self.api_key(person, "admin").await?["key"])),
            "reader" => Ok(text(&self.api_key(person, "viewer").await?["key"])),
            "keyid" => Ok(text(&self.api_key(person, "admin").await?["id"])),
            "reset" => {
                let body = json!({ "email": person.email });
                self.call(Method::POST, "/api/forgot-password", "", Some(body))
                    .await?;
                self.emailed(&person.email, "reset-password").await
            }
            "verification" => {
                self.post("/api/send-verification", &person.token, json!({}))
                    .await?;
                self.emailed(&person.email, "verify-email").await
            }
            "export" => Ok(self.exports[name].clone()),
            "colleague" => self.colleague(person).await,
            "partner" => self.partner(person).await,
            "spare" => self.another_tenant(person).await,
            "deletion" => self.deletion(person).await,
            "invitation" => Ok(text(&self.invite(person).await?["id"])),
            "invite" => {
                let invitation = self.invite(person).await?;
                let to = text(&invitation["email"]);
                self.emailed(&to, "accept-invitation").await
            }
            _ => Err(EventError::Unknown(placeholder.to_owned())),
        }
    }

    /// Signs `name` up, or in.
    async fn sign_in(&self, name: &str) -> Result<Person, EventError> {
        let email = format!("{name}@fixtures.example.com");
        let sign_up = json!({ "email": email, "password": PASSWORD, "name": name });
        let log_in = json!({ "email": email, "password": PASSWORD });
        let outcome = self.post("/api/sign-up", "", sign_up).await;
        let answer = match outcome {
            Err(EventError::Refused {
                status: StatusCode::CONFLICT,
                ..
            }) => self.post("/api/log-in", "", log_in).await?,
            outcome => outcome?,
        };
        let data = &answer["data"];
        Ok(Person {
            email,
            token: text(&data["access_token"]),
            user: text(&data["user"]["id"]),
            tenant: text(&data["tenant"]["id"]),
            project: OnceCell::new(),
        })
    }

    /// A new session of theirs: its tokens.
    async fn log_in(&self, person: &Person) -> Result<Value, EventError> {
        let log_in = json!({ "email": person.email, "password": PASSWORD });
        let mut answer = self.post("/api/log-in", "", log_in).await?;
        Ok(answer["data"].take())
    }

    /// The id of a new session of theirs.
    async fn session(&self, person: &Person) -> Result<String, EventError> {
        let token = text(&self.log_in(person).await?["access_token"]);
        let listed = self
            .call(Method::GET, "/api/sessions", &token, None)
            .await?;
        let mut sessions = listed["data"].as_array().into_iter().flatten();
        let current = sessions.find(|session| session["current"] == true);
        Ok(current
            .map(|session| text(&session["id"]))
            .unwrap_or_default())
    }

    /// A new API key of theirs, in a role. Where there is no room for one, their oldest makes it.
    async fn api_key(&self, person: &Person, role: &str) -> Result<Value, EventError> {
        let path = "/api/api-keys";
        let body = json!({ "name": "Fixture", "role": role });
        let outcome = self.post(path, &person.token, body.clone()).await;
        let mut made = match outcome {
            Err(EventError::Refused {
                status: StatusCode::CONFLICT,
                ..
            }) => {
                let listed = self.call(Method::GET, path, &person.token, None).await?;
                let oldest = listed["data"].as_array().and_then(|keys| keys.last());
                let id = oldest.map(|key| text(&key["id"])).unwrap_or_default();
                let oldest = format!("{path}/{id}");
                self.call(Method::DELETE, &oldest, &person.token, None)
                    .await?;
                self.post(path, &person.token, body).await?
            }
            outcome => outcome?,
        };
        Ok(made["data"].take())
    }

    /// A new invitation into their tenant, of an address that has no account.
    async fn invite(&self, person: &Person) -> Result<Value, EventError> {
        let (name, _) = person.email.split_once('@').unwrap_or_default();
        let body = json!({ "email": format!("{name}-{}", new_address()) });
        let mut made = self.post("/api/invitations", &person.token, body).await?;
        Ok(made["data"].take())
    }

    /// The id of a new member of their tenant, who has accepted an invitation.
    async fn colleague(&self, person: &Person) -> Result<String, EventError> {
        let invitation = self.invite(person).await?;
        let token = self
            .emailed(&text(&invitation["email"]), "accept-invitation")
            .await?;
        let body = json!({ "token": token, "name": "Colleague", "password": PASSWORD });
        let joined = self.post("/api/accept-invitation", "", body).await?;
        Ok(text(&joined["data"]["user"]["id"]))
    }

    /// The id of a new member of their tenant with whom their project is shared.
    async fn partner(&self, person: &Person) -> Result<String, EventError> {
        let partner = self.colleague(person).await?;
        let project = self.project(person).await?;
        let path = format!("/api/projects/{project}/members/{partner}");
        let body = Some(json!({ "role": "editor" }));
        self.call(Method::PUT, &path, &person.token, body).await?;
        Ok(partner)
    }

    /// The id of one more tenant of theirs, called `Spare`.
    async fn another_tenant(&self, person: &Person) -> Result<String, EventError> {
        let body = json!({ "name": SPARE });
        let founded = self.post("/api/tenants", &person.token, body).await?;
        Ok(text(&founded["data"]["id"]))
    }

    /// The id of a tenant of theirs that is being deleted.
    async fn deletion(&self, person: &Person) -> Result<String, EventError> {
        let path = format!("/api/tenants/{}", self.another_tenant(person).await?);
        let body = Some(json!({ "name": SPARE }));
        let begun = self.call(Method::DELETE, &path, &person.token, body);
        Ok(text(&begun.await?["data"]["id"]))
    }

    /// The id of an export of their tenant, once no other is under way.
    async fn export(&self, person: &Person) -> Result<String, EventError> {
        let path = format!("/api/tenants/{}/exports", person.tenant);
        let mut polls = 0;
        loop {
            match self.post(&path, &person.token, json!({})).await {
                Err(EventError::Refused {
                    status: StatusCode::CONFLICT,
                    ..
                }) if polls < POLLS => {
                    polls += 1;
                    tokio::time::sleep(POLL).await;
                }
                outcome => return Ok(text(&outcome?["data"]["id"])),
            }
        }
    }

    /// The token of the link to a page that was emailed to an address last, once it is there.
    async fn emailed(&self, to: &str, page: &str) -> Result<String, EventError> {
        let path = "/_local/outbox";
        let page = format!("/{page}?token=");
        for _ in 0..POLLS {
            let emails = self.call(Method::GET, path, "", None).await?;
            let emails = emails.as_array().into_iter().flatten();
            let token = emails
                .filter(|email| email["to"] == to)
                .find_map(|email| email["text"].as_str()?.split_once(&page))
                .and_then(|(_, link)| link.split_whitespace().next());
            if let Some(token) = token {
                return Ok(token.to_owned());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(EventError::NoMail(to.to_owned()))
    }

    /// Their project: always the same one.
    async fn project(&self, person: &Person) -> Result<String, EventError> {
        let known = person.project.get_or_try_init(|| self.find_project(person));
        known.await.cloned()
    }

    async fn find_project(&self, person: &Person) -> Result<String, EventError> {
        let path = "/api/list-projects";
        let listed = self.call(Method::GET, path, &person.token, None).await?;
        let projects = listed["projects"].as_array().into_iter().flatten();
        let existing = projects
            .filter(|project| project["name"] == PROJECT)
            .map(|project| text(&project["id"]))
            .next();
        if let Some(id) = existing {
            return Ok(id);
        }
        self.new_project(person, PROJECT).await
    }

    /// One more project of theirs.
    async fn new_project(&self, person: &Person, name: &str) -> Result<String, EventError> {
        let body = json!({ "name": name });
        let made = self
            .post("/api/create-project", &person.token, body)
            .await?;
        Ok(text(&made["project"]["id"]))
    }

    /// A project of theirs that is deleted.
    async fn deleted_project(&self, person: &Person) -> Result<String, EventError> {
        let id = self.new_project(person, "Discarded").await?;
        let path = format!("/api/projects/{id}");
        self.call(Method::DELETE, &path, &person.token, None)
            .await?;
        Ok(id)
    }

    /// A project of theirs that is archived.
    async fn archived_project(&self, person: &Person) -> Result<String, EventError> {
        let id = self.new_project(person, "Archived").await?;
        let path = format!("/api/projects/{id}");
        let body = Some(json!({ "archived": true }));
        self.call(Method::PATCH, &path, &person.token, body).await?;
        Ok(id)
    }

    /// A new task in their project.
    async fn task(&self, person: &Person) -> Result<String, EventError> {
        let project = self.project(person).await?;
        let body = json!({ "projectId": project, "title": "Count down" });
        let made = self.post("/api/create-task", &person.token, body).await?;
        Ok(text(&made["task"]["id"]))
    }

    /// A new task in their project that they are to do, by a time in the year 2030.
    async fn given_task(&self, person: &Person) -> Result<String, EventError> {
        let body = json!({
            "projectId": self.project(person).await?,
            "title": "Count down",
            "assignedTo": person.user,
            "dueDate": DUE,
        });
        let made = self.post("/api/create-task", &person.token, body).await?;
        Ok(text(&made["task"]["id"]))
    }

    /// A new task in their project that has a file.
    async fn filed_task(&self, person: &Person) -> Result<String, EventError> {
        let path = format!("/api/projects/{}/tasks", self.project(person).await?);
        let file = json!({
            "filename": "plan.pdf",
            "content_type": "application/pdf",
            "file_base64": PDF,
        });
        let body = json!({ "title": "Count down", "attachment": file });
        let made = self.post(&path, &person.token, body).await?;
        Ok(text(&made["data"]["id"]))
    }

    /// A new task in their project, and a comment of theirs on it.
    async fn comment(&self, person: &Person) -> Result<(String, String), EventError> {
        let task = self.task(person).await?;
        let path = format!("/api/tasks/{task}/comments");
        let body = json!({ "text": "Ten, nine" });
        let made = self.post(&path, &person.token, body).await?;
        Ok((task, text(&made["data"]["id"])))
    }

    /// A new label of their project.
    async fn label(&self, person: &Person) -> Result<String, EventError> {
        let path = format!("/api/projects/{}/labels", self.project(person).await?);
        let name = format!("Fuel {}", Uuid::now_v7());
        let made = self.post(&path, &person.token, json!({ "name": name }));
        Ok(text(&made.await?["data"]["id"]))
    }

    /// A task of theirs that is deleted.
    async fn deleted_task(&self, person: &Person) -> Result<String, EventError> {
        let id = self.task(person).await?;
        let path = format!("/api/tasks/{id}");
        self.call(Method::DELETE, &path, &person.token, None)
            .await?;
        Ok(id)
    }

    /// A ticket for the WebSocket.
    async fn ticket(&self, person: &Person) -> Result<String, EventError> {
        let path = "/api/realtime-ticket";
        let made = self.post(path, &person.token, json!({})).await?;
        Ok(text(&made["data"]["ticket"]))
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Result<Value, EventError> {
        self.call(Method::POST, path, token, Some(body)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Result<Value, EventError> {
        let unreachable = |_| EventError::Unreachable(self.api.clone());
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let answer = response.json().await.unwrap_or_default();
        if status.is_success() {
            Ok(answer)
        } else {
            Err(EventError::Refused {
                path: path.to_owned(),
                status,
                answer,
            })
        }
    }
}

/// What stands between double braces, each once: `ada`, `ada.project`.
fn placeholders(text: &str) -> Vec<&str> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'.';
    let mut names: Vec<&str> = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("}}")?.0))
        .filter(|name| !name.is_empty() && name.bytes().all(is_name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// An address that has no account.
fn new_address() -> String {
    format!("new-{}@example.com", Uuid::new_v4().simple())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_in_double_braces_and_nothing_else_does() {
        let text =
            r#"{"a": "Bearer {{ada}}", "b": "{{bob.project}} {{ada}}", "c": {"d": {"e": 1}}}"#;
        assert_eq!(placeholders(text), ["ada", "bob.project"]);
    }
}
