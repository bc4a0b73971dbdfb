//! The WebSocket API: who connects is who took a ticket, and each message is checked as of now.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Adapter, Failure, Function, Invocation, Surface, act_where, refusals, until};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::event::caller::{Caller, Identity};
use crate::input::{self, Input};
use crate::model::audit::Origin;
use crate::schema::Output;
use crate::sdk::Sdk;

/// A function behind `$connect` or `$disconnect`, where nobody is known yet, or any more.
pub fn lifecycle<T, H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    T: Input + Send + 'static,
    H: Fn(Sdk, Event<T, crate::event::caller::Anyone>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    Function::new(
        endpoint,
        Lifecycle {
            handler: Arc::new(handler),
            types: PhantomData::<fn(T)>,
        },
    )
}

/// A function behind the messages of one `action`. What it returns is sent back over the connection.
pub fn message<T, C, O, H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    T: Input + Send + 'static,
    C: Caller,
    O: Output + Send + 'static,
    H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<O>> + Send + 'static,
{
    Function::new(
        endpoint,
        Message {
            handler: Arc::new(handler),
            types: PhantomData::<fn(T, C) -> O>,
        },
    )
}

struct Lifecycle<H, T> {
    handler: Arc<H>,
    types: PhantomData<T>,
}

struct Message<H, T> {
    handler: Arc<H>,
    types: PhantomData<T>,
}

/// What of the gateway's event is of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(rename = "requestContext")]
    context: Context,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    query_string_parameters: Option<Map<String, Value>>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    connection_id: String,
    request_id: String,
    #[serde(default)]
    identity: Source,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    #[serde(default)]
    source_ip: String,
}

impl Context {
    fn origin(&self) -> Origin {
        Origin {
            ip: self.identity.source_ip.clone(),
            request_id: self.request_id.clone(),
        }
    }
}

impl<T, H, F> Adapter for Lifecycle<H, fn(T)>
where
    T: Input + Send + 'static,
    H: Fn(Sdk, Event<T, crate::event::caller::Anyone>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let request: Request = serde_json::from_value(invocation.payload)?;
            let request_id = request.context.request_id.clone();
            invocation.sdk.come_from(request.context.origin());
            let outcome = until(invocation.deadline, async {
                let input = input::parse::<T>(handshake(&request))?;
                let event = Event {
                    connection_id: request.context.connection_id,
                    ..Event::new(input, crate::event::caller::Anyone, &request_id)
                };
                handler(invocation.sdk, event).await
            })
            .await;
            let status = match &outcome {
                Ok(()) => 200,
                Err(error) => error.code().status(),
            };
            log(invocation.endpoint, &request_id, &outcome);
            Ok(json!({ "statusCode": status }))
        }
        .boxed()
    }

    fn surfaces(&self) -> Vec<Surface> {
        vec![Surface::of::<T, crate::event::caller::Anyone, ()>()]
    }
}

impl<T, C, O, H, F> Adapter for Message<H, fn(T, C) -> O>
where
    T: Input + Send + 'static,
    C: Caller,
    O: Output + Send + 'static,
    H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<O>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let request: Request = serde_json::from_value(invocation.payload)?;
            invocation.sdk.come_from(request.context.origin());
            let request_id = request.context.request_id;
            let connection_id = request.context.connection_id;
            let sdk = invocation.sdk;
            let outcome = until(invocation.deadline, async {
                let identity = behind::<C>(&sdk, &connection_id).await?;
                act_where::<C>(&sdk, identity.as_ref())?;
                let acting = refusals::acting::<C>(identity.as_ref());
                let served = async {
                    let caller = C::admit(identity)?;
                    let parameters = parameters(invocation.endpoint, request.body.as_deref())?;
                    let input = input::parse::<T>(parameters)?;
                    let event = Event {
                        connection_id,
                        ..Event::new(input, caller, &request_id)
                    };
                    let reply = handler(sdk.clone(), event).await?;
                    serde_json::to_value(reply).map_err(Error::internal)
                }
                .await;
                refusals::noted::<C, _>(&sdk, invocation.endpoint, acting, None, served).await
            })
            .await;
            log(invocation.endpoint, &request_id, &outcome);
            let body = outcome.or_else(|error| refusal(&error, &request_id))?;
            Ok(json!({ "statusCode": 200, "body": body.to_string() }))
        }
        .boxed()
    }

    fn surfaces(&self) -> Vec<Surface> {
        vec![Surface::of::<T, C, O>()]
    }
}

/// Who is behind a connection, as of now.
async fn behind<C: Caller>(sdk: &Sdk, connection_id: &str) -> Result<Option<Identity>> {
    if !C::AUTHENTICATED {
        return Ok(None);
    }
    let Some(holder) = sdk.socket.holder(connection_id).await? else {
        return Ok(None);
    };
    sdk.accounts.behind(&holder).await
}

/// The handshake's query, and the Origin that a browser sends with it.
fn handshake(request: &Request) -> Value {
    let mut input = request.query_string_parameters.clone().unwrap_or_default();
    let origin = request
        .headers
        .iter()
        .flatten()
        .find(|(name, _)| name.eq_ignore_ascii_case("origin"));
    if let Some((_, origin)) = origin {
        input.insert("origin".to_owned(), origin.clone());
    }
    Value::Object(input)
}

/// A message's members; `action`, which chose this function, is not its business.
fn parameters(endpoint: &Endpoint, body: Option<&str>) -> Result<Value> {
    let message: Value = serde_json::from_str(body.unwrap_or_default())
        .map_err(|error| Error::bad_request(format!("The message is not valid JSON: {error}")))?;
    match message {
        Value::Object(mut members) => {
            if !endpoint.takes_any_action() {
                members.shift_remove("action");
            }
            Ok(Value::Object(members))
        }
        _ => Err(Error::bad_request("The message is not a JSON object")),
    }
}

fn refusal(error: &Error, request_id: &str) -> Result<Value, Failure> {
    let mut body = serde_json::to_value(error.body(request_id))?;
    body["type"] = json!("error");
    Ok(body)
}

fn log<O>(endpoint: &Endpoint, request_id: &str, outcome: &Result<O>) {
    let function = endpoint.name;
    match outcome {
        Ok(_) => tracing::info!(function, request_id, "served"),
        Err(error) if error.cause().is_some() => {
            tracing::error!(function, request_id, %error, "could not be served");
        }
        Err(error) => tracing::info!(function, request_id, %error, "refused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    const SUBSCRIBE: Endpoint = Endpoint::socket("subscribe", &["subscribe"]);
    const DEFAULT: Endpoint = Endpoint::socket("default", &["$default"]);

    fn upgrade(headers: &Value, query: &Value) -> Value {
        let event = json!({
            "headers": headers,
            "queryStringParameters": query,
            "requestContext": { "connectionId": "c", "requestId": "r" },
        });
        handshake(&serde_json::from_value(event).expect("it is an event"))
    }

    #[test]
    fn the_origin_is_what_the_browser_says_and_not_what_the_query_does() {
        let query = json!({ "ticket": "t", "origin": "https://good.example" });
        for name in ["origin", "Origin", "ORIGIN"] {
            let input = upgrade(&json!({ name: "https://evil.example" }), &query);
            assert_eq!(
                input,
                json!({ "ticket": "t", "origin": "https://evil.example" })
            );
        }
        assert_eq!(upgrade(&Value::Null, &Value::Null), json!({}));
    }

    proptest! {
        #[test]
        fn a_message_is_an_object_or_refused(body in ".{0,80}") {
            match parameters(&SUBSCRIBE, Some(&body)) {
                Ok(members) => prop_assert!(members.is_object()),
                Err(error) => prop_assert_eq!(error.code(), Code::BadRequest),
            }
        }

        #[test]
        fn the_action_is_for_whom_it_has_not_chosen(action in any::<String>(), room in any::<String>()) {
            let body = json!({ "action": action, "room": room });
            let read = |endpoint| parameters(endpoint, Some(&body.to_string()));
            prop_assert_eq!(read(&SUBSCRIBE)?, json!({ "room": room }));
            prop_assert_eq!(read(&DEFAULT)?, body);
        }
    }
}
