//! `Idempotency-Key`: a request that has had its effect is answered again as it was.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;

use super::header;
use crate::endpoint::{Endpoint, uses};
use crate::error::{Error, Result};
use crate::event::caller::{Caller, Principal};
use crate::idempotency::{HEADER, Idempotency};
use crate::reply::Reply;
use crate::sdk::Sdk;

type Rendered = Reply<Box<RawValue>>;

/// Serves a request once: one that comes again, or while the first is on its way, is given the first one's answer.
/// A function that need not be in a tenant holds no code for that.
pub(super) fn once<'a, C: Caller>(
    sdk: &'a Sdk,
    endpoint: &'a Endpoint,
    request: &'a ApiGatewayV2httpRequest,
    acting: Option<&'a Principal>,
    served: impl Future<Output = Result<Rendered>> + Send + 'a,
) -> BoxFuture<'a, Result<Rendered>> {
    if !C::IN_A_TENANT {
        return served.boxed();
    }
    async move {
        let Some(idempotency) = wanted(endpoint, request, acting)? else {
            return served.await;
        };
        // What changes nothing, or shows a secret each time, is served each time.
        if !endpoint.is_granted(&uses::IDEMPOTENCY) {
            return served.await;
        }
        if let Some(answer) = sdk.answers.of(&idempotency).await? {
            return Reply::replayed(answer);
        }
        sdk.once(idempotency.clone());
        sdk.answers.settled(&idempotency, served.await).await
    }
    .boxed()
}

/// What the request is known by, if it is to have its effect once. What only reads has none.
fn wanted(
    endpoint: &Endpoint,
    request: &ApiGatewayV2httpRequest,
    acting: Option<&Principal>,
) -> Result<Option<Idempotency>> {
    let method = request.request_context.http.method.as_str();
    let changes = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
    let Some(principal) = acting.filter(|_| changes && request.headers.contains_key(HEADER)) else {
        return Ok(None);
    };
    let mut keys = request.headers.get_all(HEADER).iter();
    let (Some(_), None) = (keys.next(), keys.next()) else {
        return Err(Error::bad_request(format!(
            "{HEADER} was sent more than once"
        )));
    };
    let key = header(request, HEADER).unwrap_or_default();
    let route = format!("{method} {}", endpoint.name);
    let content = [
        request.raw_path.as_deref(),
        request.raw_query_string.as_deref(),
        header(request, "if-match"),
        request.body.as_deref(),
    ];
    let content = content.map(Option::unwrap_or_default);
    Idempotency::of(principal, &route, key, &content).map(Some)
}
