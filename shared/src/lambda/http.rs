//! The HTTP API: it authenticates, parses, calls the handler and renders what comes back.

mod authentication;
mod idempotency;
mod notes;
mod routes;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::future::{BoxFuture, FutureExt};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use self::authentication::{TENANT, authenticate};
use self::idempotency::once;
use self::notes::noting;
use super::{Adapter, Failure, Function, Invocation, Surface, act_where, refusals, until};
use crate::endpoint::Endpoint;
use crate::error::{Code, Error, Result};
use crate::etag::{ETag, IfMatch};
use crate::event::caller::{Caller, Identity};
use crate::event::{Client, Event, USER_AGENT_LIMIT};
use crate::input::{self, Input};
use crate::model::audit::Origin;
use crate::reply::{NO_CONTENT, Reply};
use crate::sdk::Sdk;

/// A function behind a route. A handler without a caller type has no policy, and does not compile:
///
/// ```compile_fail
/// use shared::prelude::*;
/// const ENDPOINT: Endpoint = Endpoint::http("open", "GET", "/api/open");
/// async fn handler(sdk: Sdk, input: Nothing) -> Result<Reply<()>> { Ok(Reply::ok(())) }
/// let function = shared::lambda::http::function(&ENDPOINT, handler);
/// ```
pub fn function<T, C, O, H, F>(endpoint: &'static Endpoint, handler: H) -> Function
where
    T: Input + Send + 'static,
    C: Caller,
    O: Serialize + Send + 'static,
    H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply<O>>> + Send + 'static,
{
    Function::new(endpoint, Http::<H, fn(T, C) -> O>::new(handler))
}

struct Http<H, T> {
    handler: Arc<H>,
    types: PhantomData<T>,
}

impl<H, T> Http<H, T> {
    fn new(handler: H) -> Self {
        Self {
            handler: Arc::new(handler),
            types: PhantomData,
        }
    }
}

/// What a 503 asks for: most of what it stands for passes within a second.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(1);

/// The client has it already.
const NOT_MODIFIED: u16 = 304;

/// What an answer is made of.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl<T, C, O, H, F> Adapter for Http<H, fn(T, C) -> O>
where
    T: Input + Send + 'static,
    C: Caller,
    O: Serialize + Send + 'static,
    H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply<O>>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let started = std::time::Instant::now();
            let request: ApiGatewayV2httpRequest = serde_json::from_value(invocation.payload)?;
            let request_id = request
                .request_context
                .request_id
                .clone()
                .unwrap_or(invocation.request_id);
            let Invocation {
                endpoint,
                sdk,
                deadline,
                ..
            } = invocation;
            sdk.come_from(Origin {
                ip: client(&request).ip,
                request_id: request_id.clone(),
            });
            let work = serve::<T, C, O, H, F>(&handler, endpoint, &sdk, &request, &request_id);
            let outcome = until(deadline, work).await;
            let answer = outcome.map_or_else(
                |error| refusal(&error, &request_id),
                |reply| render(reply, &request),
            );
            tracing::info!(
                function = endpoint.name,
                request_id,
                status = answer.status,
                ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                "served"
            );
            Ok(answer.into_value(&request_id))
        }
        .boxed()
    }

    fn surfaces(&self) -> Vec<Surface> {
        vec![Surface::of::<T, C>()]
    }
}

/// Finds out who calls, then whether they may, and only then what they want. A refusal of somebody who is known
/// is noted before it is given out.
async fn serve<T, C, O, H, F>(
    handler: &H,
    endpoint: &Endpoint,
    sdk: &Sdk,
    request: &ApiGatewayV2httpRequest,
    request_id: &str,
) -> Result<Reply<Box<RawValue>>>
where
    T: Input + Send,
    C: Caller,
    O: Serialize + Send,
    H: Fn(Sdk, Event<T, C>) -> F + Sync,
    F: Future<Output = Result<Reply<O>>> + Send,
{
    let identity = authenticate::<C>(sdk, endpoint, request).await?;
    act_where::<C>(sdk, identity.as_ref())?;
    let acting = refusals::acting::<C>(identity.as_ref());
    let key = identity.as_ref().and_then(Identity::key_to_note);
    let seen_as = acting.as_ref().map(|principal| principal.role);
    let served = match C::admit(identity) {
        Err(refusal) => Err(refusal),
        Ok(caller) => {
            let request_served = async {
                let input = parse::<T>(endpoint, request)?;
                let event = Event {
                    if_match: if_match(request)?,
                    client: client(request),
                    ..Event::new(input, caller, request_id)
                };
                handler(sdk.clone(), event).await?.rendered()
            };
            let request_served = once::<C>(sdk, endpoint, request, acting.as_ref(), request_served);
            noting::<C, _>(sdk, endpoint, key, acting.as_ref(), request_served).await
        }
    };
    let served = served.map(|reply| Reply { seen_as, ..reply });
    refusals::noted::<C, _>(sdk, endpoint, acting, request.raw_path.as_deref(), served).await
}

fn client(request: &ApiGatewayV2httpRequest) -> Client {
    let http = &request.request_context.http;
    let named = http.user_agent.as_deref().unwrap_or_default();
    Client {
        ip: http.source_ip.clone().unwrap_or_default(),
        user_agent: named.chars().take(USER_AGENT_LIMIT).collect(),
    }
}

/// A bad query is 400, a bad body 422; both name every bad field.
fn parse<T: Input>(endpoint: &Endpoint, request: &ApiGatewayV2httpRequest) -> Result<T> {
    let mut arguments = arguments(endpoint, request)?;
    let named = named_in_path(endpoint, request, &mut arguments)?;
    let input = input::parse(arguments).map_err(|error| error.of_path(&named));
    if has_body(request) {
        input
    } else {
        input.map_err(Error::of_query)
    }
}

/// Adds what the path names, such as `{id}`, but for the tenant, who was told from it before. Returns the names.
fn named_in_path(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    arguments: &mut Value,
) -> Result<Vec<String>> {
    if endpoint.takes_anything() || request.path_parameters.is_empty() {
        return Ok(Vec::new());
    }
    let Value::Object(members) = arguments else {
        return Ok(Vec::new());
    };
    let mut named = Vec::new();
    for (name, value) in &request.path_parameters {
        if endpoint.names_its_tenant() && name == TENANT {
            continue;
        }
        if members.insert(name.clone(), json!(value)).is_some() {
            return Err(Error::invalid(name, format!("{name} stands in the path")));
        }
        named.push(name.clone());
    }
    Ok(named)
}

fn has_body(request: &ApiGatewayV2httpRequest) -> bool {
    !matches!(request.request_context.http.method.as_str(), "GET" | "HEAD")
}

/// The input: the body's members, or those of the query where the method has no body.
fn arguments(endpoint: &Endpoint, request: &ApiGatewayV2httpRequest) -> Result<Value> {
    if endpoint.takes_anything() {
        return Ok(
            json!({ "method": request.request_context.http.method.as_str(), "path": request.raw_path }),
        );
    }
    if !has_body(request) {
        return query(request);
    }
    let length = declared_length(request);
    if length > endpoint.body_limit {
        return Err(too_large(endpoint));
    }
    let body = request.body.clone().unwrap_or_default();
    if body.is_empty() {
        return Ok(json!({}));
    }
    if !is_json(request) {
        return Err(Error::unsupported_media_type());
    }
    let bytes = if request.is_base64_encoded {
        BASE64_STANDARD
            .decode(body)
            .map_err(|_| Error::bad_request("The body could not be read"))?
    } else {
        body.into_bytes()
    };
    if bytes.len() > endpoint.body_limit {
        return Err(too_large(endpoint));
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::bad_request(format!("The body is not valid JSON: {error}")))
}

/// The gateway's own list of parameters joins what stands there twice with a comma, and so can't be told
/// from a value that has one.
fn query(request: &ApiGatewayV2httpRequest) -> Result<Value> {
    let mut arguments = Map::new();
    let query = request.raw_query_string.as_deref().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if arguments.contains_key(&*name) {
            return Err(Error::bad_request(format!(
                "The query has {name} more than once"
            )));
        }
        arguments.insert(name.into_owned(), value.into_owned().into());
    }
    Ok(Value::Object(arguments))
}

/// `PATCH` takes a merge patch under its own name, too.
fn is_json(request: &ApiGatewayV2httpRequest) -> bool {
    let Some(content_type) = header(request, "content-type") else {
        return false;
    };
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let charset = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let named = name.trim().eq_ignore_ascii_case("charset");
        named.then(|| value.trim().trim_matches('"'))
    });
    let essence = essence.trim();
    let patches = request.request_context.http.method.as_str() == "PATCH";
    let is_patch = patches && essence.eq_ignore_ascii_case("application/merge-patch+json");
    (is_patch || essence.eq_ignore_ascii_case("application/json"))
        && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
}

fn declared_length(request: &ApiGatewayV2httpRequest) -> usize {
    header(request, "content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0)
}

fn too_large(endpoint: &Endpoint) -> Error {
    let limit = || format!("The body may have at most {} bytes", endpoint.body_limit);
    Error::payload_too_large(
        endpoint
            .body_limit_hint
            .map_or_else(limit, ToOwned::to_owned),
    )
}

fn header<'a>(request: &'a ApiGatewayV2httpRequest, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

fn if_match(request: &ApiGatewayV2httpRequest) -> Result<IfMatch> {
    header(request, "if-match").map_or(Ok(IfMatch::default()), IfMatch::read)
}

fn render(reply: Reply<Box<RawValue>>, request: &ApiGatewayV2httpRequest) -> Answer {
    let body = match reply.status {
        NO_CONTENT => String::new(),
        _ => reply.body.get().to_owned(),
    };
    let mut answer = Answer {
        status: reply.status,
        headers: reply.headers,
        body,
    };
    if let Some(version) = reply.version {
        let tag = ETag::of(version, &answer.body, reply.seen_as);
        let known = header(request, "if-none-match").is_some_and(|known| tag.is_known(known));
        if known && !has_body(request) {
            answer.status = NOT_MODIFIED;
            answer.body.clear();
        }
        // It may be kept, to be asked for by its tag each time.
        answer
            .headers
            .push(("cache-control", "private, no-cache".to_owned()));
        answer.headers.push(("etag", tag.to_string()));
    }
    answer
}

fn refusal(error: &Error, request_id: &str) -> Answer {
    if error.cause().is_some() {
        tracing::error!(request_id, %error, "could not be served");
    }
    let retry_after = error
        .retry_after()
        .or((error.code() == Code::Unavailable).then_some(UNAVAILABLE_FOR))
        .map(|wait| ("retry-after", wait.as_secs().to_string()));
    let challenge =
        (error.code().status() == 401).then(|| ("www-authenticate", "Bearer".to_owned()));
    Answer {
        status: error.code().status(),
        headers: error
            .headers()
            .iter()
            .cloned()
            .chain(retry_after)
            .chain(challenge)
            .collect(),
        body: serde_json::to_string(&error.body(request_id)).unwrap_or_default(),
    }
}

impl Answer {
    fn into_value(self, request_id: &str) -> Value {
        let mut headers = Map::new();
        if !self.body.is_empty() {
            headers.insert("content-type".to_owned(), json!("application/json"));
        }
        headers.extend([
            ("cache-control".to_owned(), json!("no-store")),
            ("x-content-type-options".to_owned(), json!("nosniff")),
            ("x-request-id".to_owned(), json!(request_id)),
        ]);
        headers.extend(
            self.headers
                .into_iter()
                .map(|(name, value)| (name.to_owned(), json!(value))),
        );
        json!({
            "statusCode": self.status,
            "headers": headers,
            // `cargo lambda watch` takes no answer without it.
            "cookies": [],
            "body": self.body,
            "isBase64Encoded": false,
        })
    }
}
