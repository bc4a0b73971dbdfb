//! `POST /api/api-keys`: a key, by which a program acts for a member of a tenant.

use shared::model::account::Role;
use shared::model::id::ApiKeyId;
use shared::model::text::ApiKeyName;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::NewApiKey;

/// Any member in person, for themselves.
pub const ENDPOINT: Endpoint = Endpoint::http("create-api-key", "POST", "/api/api-keys")
    .called_by(uses::MEMBER_IN_PERSON)
    .uses(&[
        uses::ACCOUNTS_GET,
        uses::KEYS_OF_MEMBER,
        uses::KEY_CREATE,
        uses::ACCOUNTS_REMOVE,
        uses::DB_REMOVE,
        uses::TENANT_CHANGE,
        uses::CHANGE_NOTES,
        uses::IDEMPOTENCY,
    ]);

/// The key to make.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    name: ApiKeyName,
    role: Role,
    #[deserr(default)]
    expires_at: Option<Millis>,
}

/// The key: this once, and never again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    id: ApiKeyId,
    name: ApiKeyName,
    role: Role,
    key: String,
    prefix: String,
    expires_at: Option<Millis>,
}

/// Makes it.
pub async fn handler(
    sdk: Sdk,
    event: Event<Input, InPerson<Viewer>>,
) -> Result<Reply<Data<Output>>> {
    let Event { input, caller, .. } = event;
    let wanted = NewApiKey {
        name: input.name,
        role: input.role,
        expires_at: input.expires_at,
    };
    let (key, made, committed) = sdk.accounts.create_key(&caller, wanted).await?;
    let output = Output {
        id: made.id,
        name: made.name,
        role: made.role,
        key: key.expose().to_owned(),
        prefix: made.prefix,
        expires_at: made.expires_at,
    };
    let location = format!("/api/api-keys/{}", output.id);
    let reply = Reply::created(output.into()).location(location);
    Ok(reply.event_seq(committed))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
