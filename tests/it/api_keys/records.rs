//! What is stored of keys and memberships.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Answer, ApiKey, App, Member, tables};

/// The rows of all keys.
pub(super) struct Records {
    owners: Vec<Value>,
    records: Vec<Value>,
    listed: Vec<Value>,
    memberships: Vec<Value>,
}

impl Records {
    pub(super) async fn of(app: &App) -> Self {
        Self {
            owners: app.rows(tables::IDENTITY, "KEY").await,
            records: app.rows(tables::IDENTITY, "KEY#").await,
            listed: app.rows(tables::DATA, "KEY#").await,
            memberships: app.rows(tables::IDENTITY, "MEMBER#").await,
        }
    }

    /// How many there are.
    pub(super) fn keys(&self) -> usize {
        self.listed.len()
    }

    /// That there are so many, none of them half, and that memberships count them.
    pub(super) fn assert_consistent(&self, keys: usize) {
        let ids = |rows: &[Value]| -> BTreeSet<String> {
            rows.iter().map(|row| row["id"].to_string()).collect()
        };
        let owners: Vec<_> = self
            .owners
            .iter()
            .filter(|row| row["sk"] == "KEY")
            .cloned()
            .collect();
        assert_eq!(ids(&owners), ids(&self.records));
        assert_eq!(ids(&self.listed), ids(&self.records));
        assert_eq!(self.records.len(), keys);
        let counted = self.memberships.iter();
        let counted: u64 = counted.filter_map(|row| row["api_keys"].as_u64()).sum();
        assert_eq!(counted, u64::try_from(keys).expect("they are few"));
    }
}

/// Somebody in another's tenant, besides their own.
pub(super) struct Joined {
    pub(super) member: Member,
    tenant_id: String,
}

impl Joined {
    /// A new user, with this role in `host`'s tenant.
    pub(super) async fn new(app: &App, name: &str, host: &Member, role: &str) -> Self {
        let member = app.member(name).await;
        Self::again(app, &member, host, role).await
    }

    /// A user who is not a member at the moment.
    pub(super) async fn again(app: &App, member: &Member, host: &Member, role: &str) -> Self {
        let joined = Self {
            member: member.clone(),
            tenant_id: host.tenant_id.clone(),
        };
        let row = json!({
            "pk": format!("USER#{}", member.user_id),
            "sk": format!("MEMBER#{}", host.tenant_id),
            "tenant_id": host.tenant_id,
            "role": role,
            "created_at": app.stack().clock().now(),
        });
        app.put(tables::IDENTITY, &row).await;
        joined
    }

    /// Has them play another role.
    pub(super) async fn becomes(&self, app: &App, role: &str) {
        let mut row = self.membership(app).await;
        row["role"] = json!(role);
        app.put(tables::IDENTITY, &row).await;
    }

    /// Removes their membership, and nothing else.
    pub(super) async fn leaves(&self, app: &App) {
        let row = self.membership(app).await;
        let key = json!({ "pk": row["pk"], "sk": row["sk"] });
        let delete = app.dynamodb().delete_item().table_name(tables::IDENTITY);
        let key = serde_dynamo::to_item(key).expect("it is a key");
        let outcome = delete.set_key(Some(key)).send().await;
        outcome.expect("it can be removed");
    }

    /// How many keys their membership counts.
    pub(super) async fn keys(&self, app: &App) -> u64 {
        self.membership(app).await["api_keys"]
            .as_u64()
            .unwrap_or_default()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.member.request("POST", path).json(&body))
            .await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(self.member.request("GET", path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.send(self.member.request("DELETE", path)).await
    }

    /// A key of theirs there.
    pub(super) async fn api_key(&self, role: &str) -> ApiKey {
        let body = json!({ "name": "Robot", "role": role });
        ApiKey::made(&self.member, self.post("/api/api-keys", body).await)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.header("x-tenant-id", &self.tenant_id);
        Answer::of(request.send().await.expect("the API answers")).await
    }

    async fn membership(&self, app: &App) -> Value {
        let sk = format!("MEMBER#{}", self.tenant_id);
        let pk = format!("USER#{}", self.member.user_id);
        let rows = app.rows(tables::IDENTITY, &sk).await;
        let row = rows.into_iter().find(|row| row["pk"] == pk.as_str());
        row.expect("they are a member")
    }
}
