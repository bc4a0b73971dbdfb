//! `POST /api/accept-invitation`: whoever has followed the link of an invitation joins the tenant.

use shared::model::account::Password;
use shared::model::secret::LinkToken;
use shared::model::text::PersonName;
use shared::prelude::*;
use shared::reply::Data;
use shared::sdk::accounts::SignedIn;

/// Anyone who holds the link's token.
pub const ENDPOINT: Endpoint =
    Endpoint::http("accept-invitation", "POST", "/api/accept-invitation").uses(&[
        uses::COUNT,
        uses::THROTTLE_KNOWN,
        uses::ACCOUNTS_GET,
        uses::ACCOUNTS_LIST,
        uses::ACCOUNTS_CHANGE,
        uses::DB_GET,
        uses::DB_CHANGE,
        uses::DB_REMOVE,
        uses::CHANGE_NOTES,
        uses::SIGNING_KEY,
    ]);

/// The token; and who they are, as far as that is not known.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput, deny_unknown_fields)]
pub struct Input {
    token: LinkToken,
    #[deserr(default)]
    name: Option<PersonName>,
    #[deserr(default)]
    password: Option<Password>,
}

/// Makes them a member, and a user if they are none, and logs them in, all or nothing.
pub async fn handler(sdk: Sdk, event: Event<Input, Anyone>) -> Result<Reply<Data<SignedIn>>> {
    let Input {
        token,
        name,
        password,
    } = event.input;
    let signed_in = sdk
        .accounts
        .accept_invitation(&token, name, password, event.client)
        .await?;
    Ok(Reply::ok(signed_in.into()))
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
