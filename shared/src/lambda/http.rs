//! The HTTP API: it authenticates, parses, calls the handler and renders what comes back.

mod answer;
mod authentication;
mod body;
pub(crate) mod fields;
mod idempotency;
mod limits;
mod notes;
mod routes;
mod serving;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::future::{BoxFuture, FutureExt};
use serde_json::{Map, Value, json};
use tracing::Instrument;

use self::answer::{refusal, render};
use self::authentication::TENANT;
use self::fields::{Fields, Look};
use self::serving::serve;
use super::{Adapter, Failure, Function, Invocation, Surface, until};
use crate::endpoint::Endpoint;
use crate::error::{Error, Result};
use crate::etag::IfMatch;
use crate::event::caller::Caller;
use crate::event::{Client, Event, USER_AGENT_LIMIT};
use crate::input::{self, Input, Nothing};
use crate::model::audit::Origin;
use crate::reply::Reply;
use crate::schema::Output;
use crate::sdk::Sdk;

/// By which a client says what a request is called, and is told.
const REQUEST_ID: &str = "x-request-id";

/// In characters.
const LONGEST_REQUEST_ID: usize = 128;

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
    O: Output + Send + 'static,
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

impl<T, C, O, H, F> Adapter for Http<H, fn(T, C) -> O>
where
    T: Input + Send + 'static,
    C: Caller,
    O: Output + Send + 'static,
    H: Fn(Sdk, Event<T, C>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Reply<O>>> + Send + 'static,
{
    fn call(&self, invocation: Invocation) -> BoxFuture<'static, Result<Value, Failure>> {
        let handler = self.handler.clone();
        async move {
            let started = std::time::Instant::now();
            let request: ApiGatewayV2httpRequest = serde_json::from_value(invocation.payload)?;
            let Invocation {
                endpoint,
                sdk,
                deadline,
                request_id,
                ..
            } = invocation;
            let request_id = request_id_of(&request).unwrap_or(request_id);
            sdk.come_from(Origin {
                ip: client(&request).ip,
                request_id: request_id.clone(),
            });
            let work = serve::<T, C, O, H, F>(&handler, endpoint, &sdk, &request, &request_id);
            // Each line that is logged on the way says whose it is, however few are wanted.
            let span = tracing::error_span!("request", request_id);
            let outcome = until(deadline, work).instrument(span).await;
            let mut answer = outcome.map_or_else(
                |error| refusal(&error, &request_id),
                |reply| render(reply, &request),
            );
            // What refused it for another limit is told in their place.
            answer.headers = sdk.rates.headers().chain(answer.headers).collect();
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
        vec![Surface::of::<T, C, O>()]
    }
}

/// What a request is called: what its client says, if that can stand in a log, or else what the gateway says.
fn request_id_of(request: &ApiGatewayV2httpRequest) -> Option<String> {
    let mut said = request.headers.get_all(REQUEST_ID).iter();
    let said = said.next().filter(|_| said.next().is_none());
    let said = said
        .and_then(|id| id.to_str().ok())
        .filter(|id| is_request_id(id));
    let own = &request.request_context.request_id;
    said.map(str::to_owned).or_else(|| own.clone())
}

fn is_request_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=LONGEST_REQUEST_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

fn client(request: &ApiGatewayV2httpRequest) -> Client {
    let http = &request.request_context.http;
    let named = http.user_agent.as_deref().unwrap_or_default();
    Client {
        ip: http.source_ip.clone().unwrap_or_default(),
        user_agent: named.chars().take(USER_AGENT_LIMIT).collect(),
    }
}

/// The input, and which fields of the answer are asked for. A bad query is 400, a bad body 422; both name every bad
/// field.
fn parse<T: Input>(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    mut arguments: Value,
    look: Look,
) -> Result<(T, Fields)> {
    if endpoint.takes_anything() || has_body(request) {
        require_no_query(endpoint, request)?;
        let named = named_in_path(endpoint, request, &mut arguments)?;
        let input = input::parse(arguments).map_err(|error| error.of_path(&named))?;
        return Ok((input, Fields::default()));
    }
    let fields = Fields::taken(&mut arguments, look);
    let input = parse_query(endpoint, request, arguments, look);
    match (input, fields) {
        (Ok(input), fields) => Ok((input, fields?)),
        (Err(error), Err(fields)) => Err(error.and(fields)),
        (Err(error), Ok(_)) => Err(error),
    }
}

/// That a request with a body says all there: a parameter that nobody heeds could be one that was to hold it back.
fn require_no_query(endpoint: &Endpoint, request: &ApiGatewayV2httpRequest) -> Result<()> {
    if endpoint.takes_anything() {
        return Ok(());
    }
    let parameters = input::parse_query(query(request)?, &[], || None);
    parameters.map_or_else(|error| Err(error.of_query()), |Nothing {}| Ok(()))
}

fn parse_query<T: Input>(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    mut arguments: Value,
    look: Look,
) -> Result<T> {
    let named = named_in_path(endpoint, request, &mut arguments).map_err(Error::of_query)?;
    let more = || (!fields::of(look).is_empty()).then_some(fields::NAME);
    input::parse_query(arguments, &named, more).map_err(|error| error.of_path(&named).of_query())
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

/// What is said of a body that is larger than an endpoint takes.
pub fn too_large(endpoint: &Endpoint) -> Error {
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

fn if_match(endpoint: &Endpoint, request: &ApiGatewayV2httpRequest) -> Result<IfMatch> {
    let Some(said) = header(request, "if-match") else {
        return Ok(IfMatch::default());
    };
    let method = &request.request_context.http.method;
    let reads = method == http::Method::GET;
    if said != "*" && !reads && !endpoint.looks_at_if_match(method.as_str()) {
        let message = "If-Match is not looked at here, and so can't be kept";
        return Err(Error::bad_request(message));
    }
    IfMatch::read(said)
}
