//! `ping`, and every message that no other action takes.

use shared::prelude::*;

/// Anyone who is connected; it makes no call.
pub const ENDPOINT: Endpoint = Endpoint::socket("realtime-default", &["ping", "$default"]);

/// What is wanted.
#[derive(Debug, Deserr, JsonSchema)]
#[deserr(error = BadInput)]
pub struct Input {
    action: String,
}

/// The answer to a ping.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    r#type: &'static str,
}

/// Answers a ping, so that a client can keep its connection from falling idle.
pub async fn handler(_sdk: Sdk, event: Event<Input, Anyone>) -> Result<Output> {
    match event.input.action.as_str() {
        "ping" => Ok(Output { r#type: "pong" }),
        _ => Err(Error::bad_request(
            "Unknown action: it is one of subscribe, unsubscribe and ping",
        )),
    }
}

/// The function.
pub fn function() -> Function {
    shared::lambda::socket::message(&ENDPOINT, handler)
}
