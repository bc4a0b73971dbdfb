//! `POST /api/sign-up`: a user, with a tenant of their own.

use shared::model::account::{Email, Password};
use shared::model::text::PersonName;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::SignedIn;

/// Anyone can sign up.
pub const ENDPOINT: Endpoint = Endpoint::http("sign-up", "POST", "/api/sign-up").uses(&[
    uses::COUNT,
    uses::THROTTLE_KNOWN,
    uses::ACCOUNTS_FOUND,
    uses::DB_FOUND,
    uses::CHANGE_NOTES,
    uses::SIGNING_KEY,
    uses::DERIVATION_KEY,
]);

/// Who they are.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    email: Email,
    password: Password,
    name: PersonName,
}

/// Makes the user, their tenant, their first session and the link that verifies their address, all or nothing.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<Data<SignedIn>>> {
    let Input {
        email,
        password,
        name,
    } = event.input;
    let signed_in = sdk
        .accounts
        .sign_up(email, password, name, event.client)
        .await?;
    Ok(Reply::created(signed_in.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
