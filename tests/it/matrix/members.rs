//! Members of a tenant, in any role and number: copies of one who has signed up. Only what is stored of
//! them is made by hand; they sign nothing, so that no time goes into hashing passwords.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::model::account::Role;
use tests::{Answer, App, tables};
use uuid::Uuid;

use super::tokens::{Mint, claims, with};

/// Somebody with a session.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) token: String,
    pub(super) user: String,
    pub(super) session: String,
}

/// What of a member is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// All.
    Whole,
    /// All but the session.
    LoggedOut,
    /// All but the membership.
    Removed,
    /// All but the record of their key.
    Revoked,
    /// All, and a session that began with an invitation's link.
    Confined,
}

/// An API key.
#[derive(Debug, Clone)]
pub(super) struct Key(pub(super) String);

impl Key {
    /// One that has the form of a key, and was given to nobody.
    pub(super) fn invented() -> Self {
        let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let key = format!("tnn_{}", encoded(&rand::random::<[u8; 32]>()));
        let checksum = encoded(&Sha256::digest(&key));
        Self(format!("{key}{}", &checksum[..6]))
    }

    /// A key of `maker`'s.
    pub(super) async fn of(
        app: &App,
        maker: &Member,
        (role, state): (Role, State),
        expired: bool,
    ) -> Self {
        let asked = async |method: &str, path: &str, body: Value| {
            let request = app.request(method, path).bearer_auth(&maker.token);
            let answer = request.json(&body).send().await;
            Answer::of(answer.expect("the API answers")).await
        };
        let body = json!({ "name": "Robot", "role": role });
        let made = asked("POST", "/api/api-keys", body).await.expect(201);
        let id = text(&made["data"], "id");
        if state == State::Revoked {
            let path = format!("/api/api-keys/{id}");
            asked("DELETE", &path, json!({})).await.expect(204);
        }
        if expired {
            let records = app.rows(tables::IDENTITY, &format!("KEY#{id}")).await;
            let mut record = records[0].clone();
            record["expires_at"] = json!(1_700_000_000_000_i64);
            app.put(tables::IDENTITY, &record).await;
        }
        // It is not written down again, or requests that are alike would not cost the same.
        let used = json!({ "pk": format!("KEYUSE#{id}"), "sk": "USE", "used_at": i64::MAX / 2 });
        app.put(tables::IDENTITY, &used).await;
        Self(text(&made["data"], "key").to_owned())
    }
}

/// Whom all members are copies of.
pub(super) struct Original {
    claims: Value,
    /// The account, the user, the membership and the session.
    rows: Vec<(&'static str, Value)>,
    email: String,
}

impl Original {
    /// Takes down what is stored of whoever signed up with `email` and holds `token`.
    pub(super) async fn of(app: &App, email: &str, token: &str) -> Self {
        let claims = claims(token);
        let (user, tenant) = (text(&claims, "sub"), text(&claims, "tenant_id"));
        let mut rows = Vec::new();
        for table in [tables::IDENTITY, tables::DATA] {
            let all = app.rows(table, "").await.into_iter();
            rows.extend(all.map(|row| (table, row)).filter(|(table, row)| {
                let (pk, sk) = (text(row, "pk"), text(row, "sk"));
                let is_identity = *table == tables::IDENTITY;
                let own = pk == format!("USER#{user}") || pk == format!("EMAIL#{email}");
                let listed = pk.contains(tenant) && sk == format!("MEMBER#{user}");
                own && is_identity || listed
            }));
        }
        Self {
            claims,
            rows: rows.into_iter().collect(),
            email: email.to_owned(),
        }
    }

    /// A copy: somebody else in `tenant`, who is `role` there. Their token still says what the original's
    /// did: an admin.
    pub(super) async fn copy(
        &self,
        app: &App,
        mint: &Mint,
        (tenant, role, state): (&str, Role, State),
    ) -> Member {
        let [user, session] = [Uuid::now_v7(), Uuid::now_v7()].map(|id| id.to_string());
        let email = format!("{user}@example.com");
        let role = serde_json::to_string(&role).expect("it is JSON");
        let replaced = [
            (text(&self.claims, "sub"), user.as_str()),
            (text(&self.claims, "sid"), &session),
            (text(&self.claims, "tenant_id"), tenant),
            (&self.email, &email),
            ("\"admin\"", &role),
        ];
        for (table, row) in &self.rows {
            let sk = text(row, "sk");
            let is_left_out = match state {
                State::Whole | State::Revoked | State::Confined => false,
                State::LoggedOut => sk.starts_with("SESSION#"),
                State::Removed => sk.starts_with("MEMBER#"),
            };
            if !is_left_out {
                let row = replaced
                    .iter()
                    .fold(row.to_string(), |row, (from, to)| row.replace(from, to));
                let mut row: Value = serde_json::from_str(&row).expect("it is a row");
                if state == State::Confined && sk.starts_with("SESSION#") {
                    row["confined"] = json!(true);
                }
                app.put(table, &row).await;
            }
        }
        let own =
            json!({ "sub": user, "sid": session, "tenant_id": tenant, "jti": Uuid::new_v4() });
        Member {
            token: mint.sign(&with(&self.claims, &own)),
            user,
            session,
        }
    }
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().expect("it is a text")
}
