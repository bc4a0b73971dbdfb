//! What a handler is called with: its parsed input, and who asks.

pub mod caller;

use crate::etag::IfMatch;

/// An invocation, whatever triggered it. `C` is the policy: who may call, and what they may do.
#[derive(Debug, Clone)]
pub struct Event<T, C> {
    /// The input, valid.
    pub input: T,
    /// Who asks: the only place where the permission stands.
    pub caller: C,
    /// Where it comes from; empty for all but HTTP requests.
    pub client: Client,
    /// What an HTTP client has seen of what it changes.
    pub if_match: IfMatch,
    /// The gateway's id of the WebSocket connection; empty for other triggers.
    pub connection_id: String,
    /// What the gateway, or a queue, calls this invocation; in every log line and error.
    pub request_id: String,
}

/// Where a request comes from, as the gateway saw it.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its address.
    pub ip: String,
    /// What it calls itself, at most [`USER_AGENT_LIMIT`] characters.
    pub user_agent: String,
}

/// How much of a client's name for itself is kept, in characters.
pub const USER_AGENT_LIMIT: usize = 256;

impl<T, C> Event<T, C> {
    /// An invocation that no connection is behind.
    pub(crate) fn new(input: T, caller: C, request_id: &str) -> Self {
        Self {
            input,
            caller,
            client: Client::default(),
            if_match: IfMatch::default(),
            connection_id: String::new(),
            request_id: request_id.to_owned(),
        }
    }
}
