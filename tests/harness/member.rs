use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::{Answer, Socket};

/// A user who is signed in.
#[derive(Clone)]
pub struct Member {
    http: Client,
    api: String,
    /// The access token.
    pub token: String,
    /// What carries their session on.
    pub refresh_token: String,
    /// Their id.
    pub user_id: String,
    /// Their tenant's id.
    pub tenant_id: String,
    /// Their address.
    pub email: String,
    /// The tenant that their requests name; none for their token's own.
    named: Option<String>,
}

/// The password of every member.
pub const PASSWORD: &str = "correct horse battery staple";

impl Member {
    pub(crate) async fn sign_up(http: Client, api: String, name: &str) -> Self {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": PASSWORD, "name": name });
        Self::signed_in(http, api, "/api/sign-up", body, 201).await
    }

    /// The same user, with a new session.
    pub(crate) async fn log_in(&self) -> Self {
        let body = json!({ "email": self.email, "password": PASSWORD });
        let (http, api) = (self.http.clone(), self.api.clone());
        Self::signed_in(http, api, "/api/log-in", body, 200).await
    }

    async fn signed_in(http: Client, api: String, path: &str, body: Value, status: u16) -> Self {
        let response = http.post(format!("{api}{path}")).json(&body).send();
        let answer = Answer::of(response.await.expect("the API answers")).await;
        Self::of(http, api, &answer.expect(status)["data"])
    }

    pub(crate) fn of(http: Client, api: String, data: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
        Self {
            token: text(&data["access_token"]),
            refresh_token: text(&data["refresh_token"]),
            user_id: text(&data["user"]["id"]),
            tenant_id: text(&data["tenant"]["id"]),
            email: text(&data["user"]["email"]),
            named: None,
            http,
            api,
        }
    }

    /// The same user in another of their tenants, which each request names.
    #[must_use]
    pub fn acting_in(&self, tenant_id: &str) -> Self {
        Self {
            tenant_id: tenant_id.to_owned(),
            named: Some(tenant_id.to_owned()),
            ..self.clone()
        }
    }

    /// The same user's key, which names no tenant.
    pub(crate) fn by_key(&self, key: &str) -> Self {
        Self {
            token: key.to_owned(),
            named: None,
            ..self.clone()
        }
    }

    /// A request of theirs.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("it is a method");
        let request = self.http.request(method, format!("{}{path}", self.api));
        let request = request.bearer_auth(&self.token);
        match &self.named {
            Some(tenant) => request.header("x-tenant-id", tenant),
            None => request,
        }
    }

    /// A POST of theirs.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let response = self.request("POST", path).json(&body).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A PUT of theirs.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        let response = self.request("PUT", path).json(&body).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A PATCH of theirs.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        let response = self.request("PATCH", path).json(&body).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A GET of theirs.
    pub async fn get(&self, path: &str) -> Answer {
        let response = self.request("GET", path).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A DELETE of theirs.
    pub async fn delete(&self, path: &str) -> Answer {
        let response = self.request("DELETE", path).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A request of theirs that is about what they have seen, by its tag.
    pub async fn if_match(&self, method: &str, path: &str, tag: &str, body: Value) -> Answer {
        let request = self.request(method, path).header("if-match", tag);
        let response = request.json(&body).send().await;
        Answer::of(response.expect("the API answers")).await
    }

    /// A GET of theirs of what they may have, by its tag.
    pub async fn if_none_match(&self, path: &str, tag: &str) -> Answer {
        let request = self.request("GET", path).header("if-none-match", tag);
        Answer::of(request.send().await.expect("the API answers")).await
    }

    /// The id of their session, as their access token says it.
    pub fn session_id(&self) -> String {
        let claims = self.token.split('.').nth(1).expect("it is a token");
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).expect("it is base64");
        let claims: Value = serde_json::from_slice(&claims).expect("it is JSON");
        claims["sid"].as_str().expect("it has one").to_owned()
    }

    /// A new project of theirs; returns its id.
    pub async fn project(&self, name: &str) -> String {
        let body = self
            .post("/api/create-project", json!({ "name": name }))
            .await
            .expect(201);
        id_of(&body["project"])
    }

    /// A new task of theirs; returns its id.
    pub async fn task(&self, project_id: &str, title: &str) -> String {
        let body = json!({ "projectId": project_id, "title": title });
        let body = self.post("/api/create-task", body).await.expect(201);
        id_of(&body["task"])
    }

    /// Their own projects, as they are listed.
    pub async fn projects(&self) -> (Vec<Value>, bool) {
        let body = self.get("/api/list-projects").await.expect(200);
        let projects = body["projects"].as_array().expect("it is a list").clone();
        (projects, body["from_cache"] == true)
    }

    /// What they find in a project; nearest first.
    pub async fn search(&self, project_id: &str, query: &str) -> (Vec<Value>, Answer) {
        let body = json!({ "projectId": project_id, "query": query });
        let answer = self.post("/api/search-tasks", body).await;
        let results = answer.clone().expect(200)["results"]
            .as_array()
            .expect("it is a list")
            .clone();
        (results, answer)
    }

    /// A new tenant of theirs, and they in it.
    pub async fn found(&self, name: &str, slug: &str) -> Self {
        let body = json!({ "name": name, "slug": slug });
        let body = self.post("/api/tenants", body).await.expect(201);
        self.acting_in(&id_of(&body["data"]))
    }

    /// A ticket to connect with.
    pub async fn ticket(&self) -> String {
        let body = self
            .post("/api/realtime-ticket", json!({}))
            .await
            .expect(201);
        let ticket = body["data"]["ticket"].as_str();
        ticket.expect("it is a text").to_owned()
    }

    /// A WebSocket connection of theirs.
    pub async fn connect(&self) -> Socket {
        let ticket = self.ticket().await;
        Socket::connect(&self.socket_url(&ticket)).await
    }

    /// Where a ticket connects.
    pub fn socket_url(&self, ticket: &str) -> String {
        format!("{}/ws?ticket={ticket}", self.api.replacen("http", "ws", 1))
    }
}

/// A file, as a task takes it.
pub fn attachment(bytes: &[u8], filename: &str, content_type: &str) -> Value {
    json!({
        "file_base64": BASE64_STANDARD.encode(bytes),
        "filename": filename,
        "content_type": content_type,
    })
}

fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("it has an id").to_owned()
}
