//! `GET /.well-known/jwks.json`: the public keys that verify access tokens.

use shared::prelude::*;
use shared::sdk::token::PublicKeys;

/// Anyone can read them; they are configuration, so it makes no call.
pub const ENDPOINT: Endpoint =
    Endpoint::http("get-jwks", "GET", "/.well-known/jwks.json").uses(&[uses::PUBLIC_KEYS]);

/// Shows the keys. A verifier may keep them for five minutes.
pub async fn handler(sdk: Sdk, _event: Event<Nothing, Anyone>) -> Result<Reply<PublicKeys>> {
    let keys = sdk.accounts.public_keys()?;
    let reply = Reply::ok(keys).header("cache-control", "public, max-age=300");
    Ok(reply.tagged())
}

/// The function.
pub fn function() -> Function {
    shared::lambda::http::function(&ENDPOINT, handler)
}
