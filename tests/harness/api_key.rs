use std::ops::Deref;

use serde_json::json;

use crate::{Answer, Member};

/// An API key, which makes requests as a [`Member`] does: as its maker, with its own role.
#[derive(Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// How it begins.
    pub prefix: String,
    /// The key itself.
    pub key: String,
    member: Member,
}

impl ApiKey {
    /// What an answer shows this once of a key that `maker` has made.
    #[track_caller]
    pub fn made(maker: &Member, answer: Answer) -> Self {
        let data = answer.expect(201)["data"].clone();
        let text = |name: &str| data[name].as_str().expect("it is a text").to_owned();
        Self {
            id: text("id"),
            prefix: text("prefix"),
            key: text("key"),
            member: maker.by_key(&text("key")),
        }
    }
}

impl Deref for ApiKey {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl Member {
    /// A new API key of theirs, with this role.
    pub async fn api_key(&self, role: &str) -> ApiKey {
        let body = json!({ "name": format!("A key for a {role}"), "role": role });
        ApiKey::made(self, self.post("/api/api-keys", body).await)
    }
}
